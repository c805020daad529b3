"""The answer to “what does this diff do, and what did it forget”, and its JSON and markdown forms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from iquest_lsp.codeflow.diff.changed_files import ChangedFile, worth_showing
from iquest_lsp.codeflow.diff.filters import Objection
from iquest_lsp.codeflow.diff.intents.kinds import GUESS, Intent
from iquest_lsp.codeflow.diff.risks import Risk
from iquest_lsp.codeflow.facts import Fact
from iquest_lsp.codeflow.gaps import Gap
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.codeflow.wording.effects import COMMENTS, detail, told_as
from iquest_lsp.codeflow.wording.gaps import partial, partial_lines
from iquest_lsp.codeflow.wording.phrases import WITHHELD, escape, left_out_line, listed, prose, say
from iquest_lsp.codeflow.wording.purposes import ground_words, reason_words
from iquest_lsp.codeflow.wording.risks import risk_words
from iquest_lsp.codeflow.wording.summary import Subject, sentence

MAX_NEW, MAX_CHANGED = 8, 40
MAX_FILES, MAX_GONE = 30, 3
#: The least confidence of a file that is expected; others only likely change along.
SURE = 0.3
#: How many files that are not in a diff are told. Where one file of a past commit is hidden (80 commits of axios and
#: Flask, benchmarks/hidden_files.py), 21 of the 34 files that are told are the hidden one, and nothing is told of 128.
MAX_EXPECTED = 3


class MissingKind(StrEnum):
    """Why a file is expected in a diff."""

    #: In how many of how many commits that changed a file it changed too, and that file.
    TOGETHER = "together"
    #: The file that the test is named after and, where commits tell, in how many of how many it changed along.
    NAMED_TEST = "named-test"
    #: The name, the line, and what happens to the definition of that name.
    MENTIONS = "mentions"
    #: In how many of how many commits on code the changelog changed.
    CHANGELOG = "changelog"
    #: Names of the changed lines.
    NAMES = "names"
    #: The names look like a secret.
    WITHHELD = "withheld"


class MissingReason(Fact[MissingKind]):
    """Why a file is expected in a diff."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Related:
    """What a commit did to the parts of a diff: which of its definitions it introduced and which it changed.

    Where it did neither, `paths` are what it changed, or added. `kind` is the commit's; `objection` makes it doubtful.
    """

    introduced: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    added: bool = False
    kind: str = "change"
    objection: Objection | None = None


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """A commit that matters here, and why; `commit` is its full id."""

    commit: str
    date: str
    subject: str
    relation: Related

    @property
    def reason(self) -> str:
        """Why it matters, in words."""
        return _related(self.relation)


@dataclass(frozen=True, slots=True)
class MissingItem:
    """A file that one would expect in the diff: in `support` commits of the past it was there, `confidence` often."""

    path: str
    reasons: tuple[MissingReason, ...]
    support: int
    confidence: float

    @property
    def reason(self) -> str:
        """Why it is expected, in words."""
        return "; ".join(_missing(reason) for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class DiffExplanation:
    """What a diff does, from facts alone; `model_text` is for the prose that the model `model_name` adds to them.

    `left_out` counts commits of the related history that a filter took out. Of `missing`, the documents tell what is
    less than SURE only of `open_work`, which can still grow: changes that are not committed yet. `gaps` are what the
    explanation lacks.
    """

    subject: Subject
    purpose: Intent
    changes: tuple[SymbolChange, ...] = ()
    files: tuple[ChangedFile, ...] = ()
    history: tuple[HistoryItem, ...] = ()
    missing: tuple[MissingItem, ...] = ()
    dangers: tuple[Risk, ...] = ()
    model_text: str | None = None
    model_name: str = ""
    left_out: int = 0
    gaps: tuple[Gap, ...] = ()

    @property
    def open_work(self) -> bool:
        """Whether the diff is of changes that are not committed yet."""
        return self.subject.kind in ("worktree", "staged")

    @property
    def summary(self) -> str:
        """What it is for, what it does, how large it is."""
        return sentence(self.subject, self.files, self.changes, self.purpose)

    @property
    def intent(self) -> str:
        """The kind of change."""
        return self.purpose.kind

    @property
    def intent_reason(self) -> str:
        """What that was read from, in words."""
        guess = self.purpose.kind != "change" and self.purpose.confidence <= GUESS
        return reason_words(self.purpose.reasons, guess=guess)

    @property
    def risks(self) -> tuple[str, ...]:
        """What may go wrong, in words."""
        return tuple(risk_words(risk) for risk in self.dangers)

    def places(self) -> list[dict[str, object]]:
        """Where the definitions that changed begin, in files as the diff leaves them: `path`, `name`, `line` from 1."""
        gone = {item.path for item in self.files if item.status == "deleted"}
        return [
            {"path": item.path, "name": item.name, "line": item.line + 1}
            for item in self.changes
            if item.change != "removed" and item.path not in gone
        ]

    def remarks(self) -> list[dict[str, object]]:
        """The risks by the lines that they are about: `path`, `line` from 1 (0: the whole file), `text`.

        A risk of a changed signature is told where it changes and at each caller; one without a place is left out.
        """
        found: dict[tuple[str, int, str], None] = {}
        for danger in self.dangers:
            text = risk_words(danger)
            if danger.change is not None:
                found[danger.change.path, danger.change.line + 1, text] = None
            for path, line in danger.places:
                found[path, line, text] = None
        return [{"path": path, "line": line, "text": text} for path, line, text in found]

    def to_json(self) -> dict[str, object]:
        """The JSON form (docs/json.md)."""
        return {
            "summary": self.summary,
            "intent": self.intent,
            "files": [
                {
                    "path": item.path,
                    "status": item.status,
                    "symbols": [
                        {"name": symbol.name, "kind": symbol.kind, "change": symbol.change} for symbol in item.symbols
                    ],
                }
                for item in self.files
            ],
            "history": [
                {"commit": item.commit, "date": item.date, "subject": item.subject, "reason": item.reason}
                for item in self.history
            ],
            "missing": [
                {
                    "path": item.path,
                    "reason": item.reason,
                    "support": item.support,
                    "confidence": round(item.confidence, 3),
                }
                for item in self.missing
            ],
            "risks": list(self.risks),
            "model_text": self.model_text,
            "partial": partial(self.gaps),
        }

    def to_markdown(self) -> str:
        """The explanation as a markdown document."""
        return render_markdown(self)


_MISSING = {
    MissingKind.TOGETHER: "also changed in {} of {} commits that changed {}",
    MissingKind.CHANGELOG: "{} of {} commits that changed code changed the changelog too",
}
CHECKED = "*Checked: the commits, files and names in it exist. Not checked: whether what it says is true.*"
_MENTIONED = {
    "signature": "mentions `{}` (line {}), whose signature changes",
    "renamed": "mentions `{}` (line {}), which is renamed",
    "moved": "mentions `{}` (line {}), which moves",
    "removed": "mentions `{}` (line {}), which is removed",
}


def _missing(reason: MissingReason) -> str:
    values = reason.values
    if reason.kind is MissingKind.WITHHELD:
        return WITHHELD
    if reason.kind is MissingKind.NAMED_TEST:
        often = "is by its name a test of {}, and changed in {} of {} commits that changed that"
        return say(often if len(values) > 1 else "is by its name a test of {}", *values)
    if reason.kind is MissingKind.MENTIONS:
        name, line, change = values
        return say(_MENTIONED.get(change, "mentions `{}` (line {}), whose body changes"), name, line)
    if reason.kind is MissingKind.NAMES:
        return say("contains {}, as the changed lines do", listed(values))
    return say(_MISSING[reason.kind], *values)


def _related(item: Related) -> str:
    parts = [say("added {}", listed(item.introduced))] if item.introduced else []
    parts += [say("changed {}", listed(item.changed))] if item.changed else []
    if not parts:
        parts = [say("added {}" if item.added else "changed {}", listed(item.paths))]
    text = say(" and ").join(parts)
    return text if item.objection is None else say("{}; normally filtered out ({})", text, ground_words(item.objection))


def render_markdown(explanation: DiffExplanation) -> str:
    """The explanation as a markdown document."""
    lines = [say("# {}", _title(explanation.subject)), "", prose(explanation.summary), ""]
    if explanation.files:
        kind = say("unknown") if explanation.intent == "change" else explanation.intent
        lines += [say("**Kind of change:** {} ({})", kind, prose(explanation.intent_reason)), ""]
        lines += [say("## Files"), "", *_files(explanation.files), ""]
    missing = told_as_missing(explanation.missing)
    if missing:
        lines += [say("## Perhaps missing"), "", *_expected(missing), ""]
    possible = [item for item in explanation.missing if item.confidence < SURE] if explanation.open_work else []
    if possible:
        lines += [say("## Might also change (weak evidence)"), "", *_expected(possible), ""]
    if explanation.dangers:
        lines += [say("## Risks"), "", *[f"- {prose(risk)}" for risk in explanation.risks], ""]
    if explanation.history:
        lines += [say("## Related history"), "", *_history(explanation.history), ""]
    if explanation.left_out:
        lines += [left_out_line(explanation.left_out), ""]
    lines += partial_lines(explanation.gaps)
    if explanation.model_text:  # apart: all before it are facts
        lines += [say("## Written by the model {}", escape(explanation.model_name)), ""]
        lines += [say(CHECKED), ""]
        lines += [explanation.model_text, ""]
    return "\n".join(lines).rstrip() + "\n"


def told_as_missing(items: Iterable[MissingItem]) -> list[MissingItem]:
    """The files that a reader is told to look at, surest first."""
    return [item for item in items if item.confidence >= SURE and _is_telling(item)][:MAX_EXPECTED]


def _is_telling(item: MissingItem) -> bool:
    """Whether a file is worth a reader's look: it changed along before, or is stale since it names what is gone."""
    return bool(item.support) or not all(
        reason.kind is MissingKind.MENTIONS and reason.values[2] not in ("removed", "renamed")
        for reason in item.reasons
    )


def _expected(items: Sequence[MissingItem]) -> list[str]:
    return [f"- `{item.path}`: {prose(item.reason)}" for item in items[:MAX_EXPECTED]]


def _history(items: Iterable[HistoryItem]) -> list[str]:
    return [f"- `{item.commit[:10]}` {item.date} {escape(item.subject)}: {item.reason}" for item in items]


_HEADINGS = {
    "worktree": "What the working tree changes",
    "staged": "What the staged changes do",
    "patch": "What the patch changes",
}


def _title(subject: Subject) -> str:
    if subject.kind in _HEADINGS:
        return say(_HEADINGS[subject.kind])
    text = subject.revision
    full = len(text) >= 40 and all(char in "0123456789abcdef" for char in text)
    return say("What {} changes", text[:10] if full else text)


def _files(files: Sequence[ChangedFile]) -> list[str]:
    shown, rest = _worth_listing(files)
    lines = []
    for item in shown:
        origin = say(" from `{}`", item.old_path) if item.old_path else ""
        lines.append(f"- `{item.path}`: {item.status}{origin}{_counts(item)}")
        lines += _symbols(item)
    if rest:
        counts = Counter(item.status for item in rest)
        told = ", ".join(f"{count} {status}" for status, count in counts.most_common())
        lines.append(
            "- " + say("and 1 more file ({1})" if len(rest) == 1 else "and {0} more files ({1})", len(rest), told)
        )
    return lines


def _worth_listing(files: Sequence[ChangedFile]) -> tuple[list[ChangedFile], list[ChangedFile]]:
    """The files to list, in their order, and those that are only counted, where there are very many."""
    if len(files) <= MAX_FILES:
        return list(files), []
    order = {Category.SOURCE: 0, Category.TEST: 1, Category.BUILD: 2, Category.CI: 2, Category.CONFIG: 2}

    def weight(item: ChangedFile) -> tuple[bool, int, bool, int]:
        return (
            item.status == "deleted",
            order.get(category(item.path), 3),
            not item.symbols,
            -item.added - item.removed,
        )

    kept = {item.path for item in sorted(files, key=weight)[:MAX_FILES]}
    return [item for item in files if item.path in kept], [item for item in files if item.path not in kept]


def _counts(item: ChangedFile) -> str:
    if item.binary or item.pointer:
        return say(" (in Git LFS)") if item.pointer else say(" (binary)")
    counts = say(" (+{} −{})", item.added, item.removed) if item.added > 0 or item.removed > 0 else ""
    return say("{}, blank lines only", counts) if item.blank else counts


_WORDS = {
    "body": "changed",
    "test": "changed",
    "signature": "new signature",
    "doc": "documentation changed",
    COMMENTS: "only comments changed",
    "format-only": "formatting only",
}


def _symbols(item: ChangedFile) -> list[str]:
    """The definitions of one file as list items; of many only the first, by weight."""
    shown = worth_showing(item.symbols)
    if item.status == "deleted" and len(shown) > MAX_GONE:
        names = ", ".join(f"`{symbol.name}`" for symbol in shown[:MAX_GONE])
        left = len(shown) - MAX_GONE
        template = "with {0} and 1 more definition" if left == 1 else "with {0} and {1} more definitions"
        return ["  - " + say(template, names, left)]
    rest = []
    for is_new, most, one, many in (
        (False, MAX_CHANGED, "and 1 more changed definition", "and {} more changed definitions"),
        (True, MAX_NEW, "and 1 more new definition", "and {} more new definitions"),
    ):
        some = [symbol for symbol in shown if (symbol.change == "added") is is_new and symbol.change != "format-only"]
        left = len(some) - most
        if left > 0:
            dropped = {id(symbol) for symbol in sorted(some, key=_weight)[most:]}
            shown = [symbol for symbol in shown if id(symbol) not in dropped]
            rest.append("  - " + say(one if left == 1 else many, left))
    return [*_lines(shown), *rest]


def _weight(symbol: SymbolChange) -> tuple[bool, bool, bool, int]:
    """What others notice first, and the largest."""
    quiet = symbol.change in ("body", "doc", "test")
    return not symbol.public, quiet, symbol.kind in ("constant", "variable"), -symbol.size


def _lines(shown: Sequence[SymbolChange]) -> list[str]:
    """One line for each change; equal ones (overloads) once, those of layout alone together, last."""
    layout = list(dict.fromkeys(symbol.name for symbol in shown if symbol.change == "format-only"))
    told = dict.fromkeys(f"  - {_symbol(symbol)}" for symbol in shown if symbol.change != "format-only")
    return [*told, *(["  - " + say("formatting only: {}", listed(layout, MAX_GONE))] if layout else [])]


def _symbol(symbol: SymbolChange) -> str:
    told = detail(symbol)
    change = told_as(symbol)
    what = say(_WORDS[change]) if change in _WORDS else change
    return f"{symbol.kind} `{symbol.name.replace('`', '')}`: {what}" + (f" ({told})" if told else "")
