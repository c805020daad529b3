"""Which recent change most likely brought this bug: for a file, a line, or a log, with the reasoning."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from iquest_lsp.codeflow.answers.likely.of_file import changes_of_file, shares
from iquest_lsp.codeflow.answers.likely.of_place import (
    FRAME_WEIGHTS,
    LINE_WEIGHTS,
    ChangedNames,
    Sight,
    likely,
    sights_of,
)
from iquest_lsp.codeflow.answers.logs import Failure, Frame
from iquest_lsp.codeflow.answers.targets import Target
from iquest_lsp.codeflow.diff.filters import HARMLESS, Ground, Objection
from iquest_lsp.codeflow.facts import Redact, holds_secret
from iquest_lsp.codeflow.gaps import GapKind
from iquest_lsp.codeflow.git.parentage import ends
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.entries import Entry
from iquest_lsp.codeflow.past.flow_index import FlowIndex
from iquest_lsp.codeflow.past.releases import last_good
from iquest_lsp.codeflow.syntax.paths import Category, category, stem
from iquest_lsp.codeflow.syntax.symbols import at_line, symbols_of
from iquest_lsp.codeflow.wording.phrases import WITHHELD
from iquest_lsp.codeflow.wording.suspects import Evidence, EvidenceKind, Suspect, Suspects
from iquest_lsp.errors import UsageError

MAX_ITEMS, FEWEST = 10, 3
MAX_CANDIDATES = 300
MAX_READ = 30
#: Places of a log that are looked at, and those whose past is: the last ones of one's own code.
MAX_FRAMES, MAX_FOLLOWED = 12, 3

_KIND_WEIGHT = {
    "docs": 0.1,
    "test": 0.15,
    "ci": 0.15,
    "style": 0.25,
    "release": 0.3,
    "build": 0.5,
    "merge": 0.0,
    "revert": 0.8,
    "fix": 0.9,
    "deprecate": 0.7,
}
#: What it is worth to have changed a definition whose name stands in one that a log names.
CALLED = 0.1
#: How much words of the error raise the odds of a commit that changed the place.
WORDS_MATTER = 3.0
#: How much a commit is worth that a release known to work had.
KNOWN_GOOD = 0.25
#: The odds of what is alone.
_CERTAIN = 999.0


@dataclass(slots=True)
class _Case:
    """What speaks against one commit; `share` is its likelihood among those that changed the place."""

    entry: Entry
    share: float = 0.0
    place: float = 0.0
    words: float = 0.0
    reasons: list[Evidence] = field(default_factory=list)

    def add(self, weight: float, reason: Evidence) -> None:
        self.place += weight
        if reason not in self.reasons:
            self.reasons.append(reason)


def suspects_of_target(index: FlowIndex, target: Target, *, redact: Redact, include_filtered: bool = False) -> Suspects:
    """Suspects for FILE or FILE:LINE (or FILE::SYMBOL)."""
    if target.lines is None and not target.name:
        file_cases = _FileCases(index, target)
        return file_cases.ranked(frozenset(), redact, include_filtered=include_filtered)
    cases = _Cases(index)
    _on_place(
        cases, target, sights_of(index, target, cases.changed), 1.0, LINE_WEIGHTS if target.lines else FRAME_WEIGHTS
    )
    return cases.ranked(frozenset(), redact, include_filtered=include_filtered)


def suspects_of_failure(
    index: FlowIndex, failure: Failure, *, redact: Redact, include_filtered: bool = False
) -> Suspects:
    """Suspects for a log. Raises UsageError for one that says nothing at all."""
    if not failure.frames and not failure.words:
        raise UsageError(
            "The log tells nothing",
            why="it names no file of this repository and no error",
            fix="Give the whole output of the failing command",
        )
    cases = _Cases(index)
    index.repository.gaps.cut(GapKind.FRAMES, MAX_FRAMES, len(failure.frames))
    frames = failure.frames[:MAX_FRAMES]
    followed = [frame for frame in frames if category(frame.path) is not Category.TEST][:MAX_FOLLOWED]
    whole = sum(frame.weight for frame in followed)
    for frame in frames:
        _on_frame(cases, frame, frame.weight / whole if frame in followed else 0.0)
    if not failure.frames:
        for entry in cases.recent():
            cases.of(entry).add(0.05, Evidence(EvidenceKind.RECENT))
    found = cases.ranked(failure.words, redact, include_filtered=include_filtered)
    return replace(found, by_words=not failure.frames)


class _Cases:
    def __init__(self, index: FlowIndex) -> None:
        self.index, self.changed = index, ChangedNames(index.repository)
        self._cases: dict[str, _Case] = {}
        self._recent = index.entries("NOT c.merge", limit=MAX_CANDIDATES)
        self._rank = {item.oid: rank for rank, item in enumerate(self._recent)}
        self.since, self._good = self._last_good()
        self._undone = index.reverted()

    def recent(self) -> list[Entry]:
        return self._recent

    def of(self, entry: Entry) -> _Case:
        return self._cases.setdefault(entry.oid, _Case(entry))

    def ranked(self, words: frozenset[str], redact: Redact, *, include_filtered: bool) -> Suspects:
        # What the commits changed with which a shallow clone ends nobody knows.
        cut = ends(self.index.repository)
        known = [case for oid, case in self._cases.items() if oid not in cut]
        kept = [case for case in known if include_filtered or self._cleared(case.entry) is None]
        left_out = len(known) - len(kept)
        ordered = sorted(kept, key=self._score, reverse=True)
        if words and ordered:
            self._read(ordered[:MAX_READ], words)
            ordered.sort(key=self._score, reverse=True)
        # Of few that changed a place the likeliest are shown, however unlikely.
        shown = [case for at, case in enumerate(ordered) if self._score(case) > (0.0 if at < FEWEST else 0.01)]
        shown = shown[:MAX_ITEMS]
        paths = self.index.paths_of([case.entry.key for case in shown])
        items = []
        for case in shown:
            entry, score = case.entry, self._score(case)
            subject = WITHHELD if holds_secret(redact, entry.subject) else entry.subject
            items.append(
                Suspect(
                    entry.oid,
                    entry.date,
                    subject,
                    round(score / (score + 1), 3),
                    self._evidence(case, redact),
                    tuple(paths.get(entry.key, ())[:20]),
                    self._cleared(entry),
                )
            )
        return Suspects(tuple(items), self.since, left_out, gaps=self.index.repository.lacks())

    def _cleared(self, entry: Entry) -> Objection | None:
        """Why a commit cannot have changed what the code does now; None when it can."""
        if any(entry.oid.startswith(oid) for oid in self._undone):
            return Objection(Ground.UNDONE)
        return entry.objection if entry.objection is not None and entry.objection.kind in HARMLESS else None

    def _score(self, case: _Case) -> float:
        entry = case.entry
        risk = entry.risk or 0.35 * math.log1p(entry.lines)
        prior = (0.25 + min(risk, 6.0) / 2) * _KIND_WEIGHT.get(entry.kind, 1.0)
        rank = self._rank.get(entry.oid, MAX_CANDIDATES)
        recency = 0.35 + 0.65 * math.exp(-rank / 60)
        fresh = 1.0 if not self._good or entry.order > self._good else KNOWN_GOOD
        width = 1.0 if entry.files <= 10 else 10 / entry.files
        # What a likelihood holds already of time and size is not weighed twice.
        odds = case.share / (1 - case.share) if case.share < 1 else _CERTAIN
        return (
            odds * fresh * (1 + WORDS_MATTER * case.words) + (case.place + case.words) * prior * recency * fresh * width
        )

    def _read(self, cases: Sequence[_Case], words: frozenset[str]) -> None:
        """Looks for the error's words in what the commits changed."""
        found = self.changed.of([case.entry.oid for case in cases])
        for case in cases:
            if common := words & found[case.entry.oid]:
                case.words = min(0.6, 0.15 * len(common))
                case.reasons.append(Evidence(EvidenceKind.WORDS, tuple(sorted(common)[:3])))

    def _evidence(self, case: _Case, redact: Redact) -> tuple[Evidence, ...]:
        entry = case.entry
        found = [item for item in case.reasons if not holds_secret(redact, *item.values)][:3]
        if self._good and entry.order > self._good:
            found.append(Evidence(EvidenceKind.AFTER, (self.since,)))
        # Of a commit that is not read in depth the lines are not counted.
        return (*found, *([Evidence(EvidenceKind.SIZE, (str(entry.lines),))] if entry.lines else []))

    def _last_good(self) -> tuple[str, int]:
        """The newest release or green tag in this view that is not its very tip, and its order."""
        for tag in last_good(self.index.tags()):
            entry = self.index.entry(tag.commit)
            if entry is not None and self._recent and entry.order < self._recent[0].order:
                return tag.name, entry.order
        return "", 0


class _FileCases(_Cases):
    """The changes of one file, of which nothing but their shape and time tells the culprit."""

    def __init__(self, index: FlowIndex, target: Target) -> None:
        super().__init__(index)
        changes = changes_of_file(index, target.head_path)
        self._shares = {item.entry.oid: share for item, share in zip(changes, shares(changes), strict=True)}
        for change in changes:
            self.of(change.entry).add(0.0, Evidence(EvidenceKind.FILE, (target.path,)))

    def _score(self, case: _Case) -> float:
        share = self._shares.get(case.entry.oid, 0.0)
        return share / (1 - share) if share < 1 else _CERTAIN


def _on_place(cases: _Cases, target: Target, sights: Sequence[Sight], weight: float, weights: Sequence[float]) -> None:
    """Weighs the commits that changed a place or its file."""
    for sight, share in zip(sights, likely(sights, weights), strict=True):
        case = cases.of(sight.change.entry)
        case.share += weight * share
        for reason in _reasons(target, sight):
            case.add(0.0, reason)


def _reasons(target: Target, sight: Sight) -> Iterator[Evidence]:
    if sight.on_line is not None and not sight.keeps:
        yield Evidence(EvidenceKind.LINES if target.is_range else EvidenceKind.LINE)
    elif sight.cut:
        yield Evidence(EvidenceKind.CUT, (target.label,))
    if sight.on_definition is not None:
        yield Evidence(EvidenceKind.SYMBOL, (target.name,))
    if sight.change.lines_here or sight.on_line is sight.on_definition is None:
        yield Evidence(EvidenceKind.FILE, (target.path,))
    if sight.told and sight.on_line is None and not sight.cut:
        yield Evidence(EvidenceKind.ALIKE, (target.label, *sight.told))


def _on_frame(cases: _Cases, frame: Frame, weight: float) -> None:
    index = cases.index
    target = target_of_frame(index.repository, frame)
    source = _text_of(index.repository, frame)
    span = target.committed
    if category(frame.path) is Category.TEST:
        if source is not None:
            _under_test(cases, frame, source, span)
        return
    if weight:
        _on_place(cases, target, sights_of(index, target, cases.changed), weight, FRAME_WEIGHTS)
    if source is not None and span is not None:
        _called(cases, source, span, CALLED * frame.weight, EvidenceKind.CALLED_IN, target.name)


def target_of_frame(repository: Repository, frame: Frame) -> Target:
    """The place that a log names; of a function that stands elsewhere now the line is not known."""
    source = _text_of(repository, frame)
    symbols = symbols_of(frame.path, source) if source is not None else ()
    symbol = at_line(symbols, frame.line)
    line: tuple[int, int] | None = (frame.line, frame.line + 1)
    called = [item for item in symbols if frame.function and item.short == frame.function.rsplit(".", 1)[-1]]
    if called and symbol not in called:
        symbol, line = min(called, key=lambda item: abs(item.start - frame.line)), None
    if symbol is None:
        return Target(frame.path, frame.path, line, lines_committed=line)
    span = (symbol.start, symbol.end)
    code = tuple((source or b"").decode("utf-8", "replace").split("\n")[symbol.start : symbol.end])
    return Target(frame.path, frame.path, line, symbol, symbol.name, span, line, definition=code)


def _text_of(repository: Repository, frame: Frame) -> bytes | None:
    return repository.work_tree_file(frame.path) if not repository.bare else None


def _under_test(cases: _Cases, frame: Frame, source: bytes, span: tuple[int, int] | None) -> None:
    """What a failing test exercises: the definitions it names, and the file it is named after."""
    _called(cases, source, span or (0, source.count(b"\n") + 1), 0.9, EvidenceKind.NAMED_IN_TEST)
    subject = stem(frame.path)
    for entry in cases.recent():
        paths = cases.index.paths_of([entry.key]).get(entry.key, []) if entry.files <= 50 else []
        if any(stem(path) == subject and category(path) is Category.SOURCE for path in paths):
            cases.of(entry).add(0.3, Evidence(EvidenceKind.NAMED_AFTER, (frame.path,)))


def _called(
    cases: _Cases, source: bytes, span: tuple[int, int], weight: float, kind: EvidenceKind, *where: str
) -> None:
    text = b"\n".join(source.split(b"\n")[span[0] : span[1]]).decode("utf-8", "replace")
    names = set(re.findall(r"[A-Za-z_]\w{2,}", text))
    recent = {item.key: item for item in cases.recent()}
    counts: defaultdict[str, int] = defaultdict(int)
    for item in cases.index.symbols_in(list(recent)):
        short = item.name.rsplit(".", 1)[-1]
        if short in names and item.kind not in ("test", "module") and item.change not in ("format-only", "doc", "test"):
            cases.of(item.entry).add(weight * 0.85 ** counts[short], Evidence(kind, (item.name, *where)))
            counts[short] += 1
