"""Which recent change most likely brought this bug: for a file, a line, or a log, with the reasoning."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from iquest_lsp.codeflow.answers.file_suspects import changes_of_file, shares
from iquest_lsp.codeflow.answers.logs import Failure, Frame
from iquest_lsp.codeflow.answers.targets import Target
from iquest_lsp.codeflow.diff.filters import HARMLESS, Ground, Objection
from iquest_lsp.codeflow.facts import Redact, holds_secret
from iquest_lsp.codeflow.gaps import GapKind
from iquest_lsp.codeflow.git.commits import commits
from iquest_lsp.codeflow.past.entries import Entry
from iquest_lsp.codeflow.past.flow_index import FlowIndex
from iquest_lsp.codeflow.past.releases import last_good
from iquest_lsp.codeflow.syntax.paths import Category, category, stem
from iquest_lsp.codeflow.syntax.symbols import at_line, symbols_of
from iquest_lsp.codeflow.wording.phrases import WITHHELD
from iquest_lsp.codeflow.wording.suspects import Evidence, EvidenceKind, Suspect, Suspects
from iquest_lsp.errors import UsageError

MAX_ITEMS = 10
MAX_CANDIDATES = 300
MAX_READ = 30
#: Places of a log that are looked at.
MAX_FRAMES = 12

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
#: The odds of what is alone.
_CERTAIN = 999.0


@dataclass(slots=True)
class _Case:
    """What speaks against one commit."""

    entry: Entry
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
    _on_place(cases, target, 1.0)
    return cases.ranked(frozenset(), redact, include_filtered=include_filtered)


def suspects_of_failure(
    index: FlowIndex, failure: Failure, *, redact: Redact, include_filtered: bool = False
) -> Suspects:
    """Suspects for a log. Raises UsageError for one that says nothing at all."""
    if not failure.frames and not failure.words:
        raise UsageError(
            "The log tells nothing",
            why="it names no file of this repository and no error",
            fix="Pipe in the whole output of the failing command",
        )
    cases = _Cases(index)
    index.repository.gaps.cut(GapKind.FRAMES, MAX_FRAMES, len(failure.frames))
    for frame in failure.frames[:MAX_FRAMES]:
        _on_frame(cases, frame)
    if not failure.frames:
        for entry in cases.recent():
            cases.of(entry).add(0.05, Evidence(EvidenceKind.RECENT))
    found = cases.ranked(failure.words, redact, include_filtered=include_filtered)
    return replace(found, by_words=not failure.frames)


class _Cases:
    def __init__(self, index: FlowIndex) -> None:
        self.index = index
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
        kept = [case for case in self._cases.values() if include_filtered or self._cleared(case.entry) is None]
        left_out = len(self._cases) - len(kept)
        ordered = sorted(kept, key=self._score, reverse=True)
        if words and ordered:
            self._read(ordered[:MAX_READ], words)
            ordered.sort(key=self._score, reverse=True)
        shown = [case for case in ordered if self._score(case) > 0.01][:MAX_ITEMS]
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
                    self._evidence(case),
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
        fresh = 1.0 if not self._good or entry.order > self._good else 0.4
        width = 1.0 if entry.files <= 10 else 10 / entry.files
        return (case.place + case.words) * prior * recency * fresh * width

    def _read(self, cases: Sequence[_Case], words: frozenset[str]) -> None:
        """Looks for the error's words in what the commits changed."""
        by_oid = {case.entry.oid: case for case in cases}
        for commit in commits(self.index.repository, commits=by_oid, patch=True):
            text: set[str] = set()
            for item in commit.files:
                if category(item.path) in (Category.SOURCE, Category.CONFIG, Category.OTHER, Category.BUILD):
                    for hunk in item.hunks:
                        for line in (*hunk.added, *hunk.removed):
                            text.update(re.findall(r"[A-Za-z_]\w{2,}", line))
            common = words & text
            if common:
                case = by_oid[commit.oid]
                case.words = min(0.6, 0.15 * len(common))
                case.reasons.append(Evidence(EvidenceKind.WORDS, tuple(sorted(common)[:3])))

    def _evidence(self, case: _Case) -> tuple[Evidence, ...]:
        entry = case.entry
        found = case.reasons[:3]
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


def _on_place(cases: _Cases, target: Target, weight: float) -> None:
    ranges = []
    if target.lines_committed is not None:
        ranges.append(("line", target.head_path, target.lines_committed))
    if target.committed is not None:
        ranges.append(("symbol", target.head_path, target.committed))
    counts: defaultdict[str, int] = defaultdict(int)
    said = {
        "line": Evidence(EvidenceKind.LINES if target.is_range else EvidenceKind.LINE),
        "symbol": Evidence(EvidenceKind.SYMBOL, (target.name,)),
        "": Evidence(EvidenceKind.FILE, (target.path,)),
    }
    base = {"line": 1.0, "symbol": 0.6, "": 0.5 if not ranges else 0.15}
    found = [(past.label, entry) for past, entry in cases.index.follow(ranges)[0][:MAX_CANDIDATES]] if ranges else []
    most = 60 if ranges else MAX_CANDIDATES
    found += [("", entry) for entry in cases.index.on_paths(cases.index.renamed_from(target.head_path), most)]
    whole = cases.index.complete([entry for _, entry in found])
    for label, entry in zip((label for label, _ in found), whole, strict=True):
        if not entry.merge:
            # Of a whole file nothing but time tells its changes apart, and time is weighed below.
            decay = {"line": 0.75, "symbol": 0.9}.get(label, 0.95 if ranges else 0.97)
            cases.of(entry).add(weight * base[label] * decay ** counts[label], said[label])
            counts[label] += 1


def _on_frame(cases: _Cases, frame: Frame) -> None:
    index = cases.index
    source = index.repository.work_tree_file(frame.path) if not index.repository.bare else None
    symbols = symbols_of(frame.path, source) if source is not None else ()
    symbol = at_line(symbols, frame.line)
    if symbol is None and frame.function:
        symbol = next((item for item in symbols if item.short == frame.function), None)
    span = (symbol.start, symbol.end) if symbol else None
    line = (frame.line, frame.line + 1)
    target = Target(frame.path, frame.path, line, symbol, symbol.name if symbol else "", span, line)
    if category(frame.path) is Category.TEST:
        if source is not None:
            _under_test(cases, frame, source, span)
        return
    _on_place(cases, target, frame.weight)
    if source is not None and span is not None:
        _called(cases, source, span, 0.35 * frame.weight, EvidenceKind.CALLED_IN, target.name)


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
