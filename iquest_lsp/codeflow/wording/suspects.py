"""The answer to “which change brought this bug”, and its JSON and markdown forms."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from iquest_lsp.codeflow.diff.filters import Objection
from iquest_lsp.codeflow.facts import Fact
from iquest_lsp.codeflow.gaps import Gap
from iquest_lsp.codeflow.wording.gaps import partial, partial_lines
from iquest_lsp.codeflow.wording.phrases import escape, left_out_line, say
from iquest_lsp.codeflow.wording.purposes import ground_words


class EvidenceKind(StrEnum):
    """What speaks against a commit; the values are names and paths."""

    RECENT = "recent"
    LINE = "line"
    LINES = "lines"
    #: A place beside which it took lines out.
    CUT = "cut"
    SYMBOL = "symbol"
    FILE = "file"
    #: A definition that it changed, and the one in which a word like its name stands.
    CALLED_IN = "called-in"
    NAMED_IN_TEST = "named-in-test"
    #: The test's path.
    NAMED_AFTER = "named-after"
    #: A place, and names that stand there and in the lines that it changed elsewhere.
    ALIKE = "alike"
    #: Words of the error.
    WORDS = "words"
    #: The tag that is known to work.
    AFTER = "after"
    #: How many lines the commit changes.
    SIZE = "size"


class Evidence(Fact[EvidenceKind]):
    """What speaks against a commit."""

    __slots__ = ()


_EVIDENCE = {
    EvidenceKind.RECENT: "it is recent",
    EvidenceKind.LINE: "changed this very line",
    EvidenceKind.LINES: "changed some of these lines",
    EvidenceKind.CUT: "took out lines right beside {}",
    EvidenceKind.SYMBOL: "changed `{}`",
    EvidenceKind.FILE: "changed {}",
    EvidenceKind.CALLED_IN: "changed `{0}`, whose name also stands in `{1}`",
    EvidenceKind.NAMED_IN_TEST: "changed `{}`, whose name also stands in the failing test",
    EvidenceKind.NAMED_AFTER: "changed a source file that {} is named after",
    EvidenceKind.AFTER: "came after {}",
    EvidenceKind.SIZE: "{} lines added or removed in all",
}


#: Places, each in the next.
_NARROWING = (EvidenceKind.LINE, EvidenceKind.LINES, EvidenceKind.SYMBOL, EvidenceKind.FILE)


def _evidence(item: Evidence) -> str:
    if item.kind is EvidenceKind.WORDS:
        return say("its changed lines contain {}, as the error does", ", ".join(f"`{word}`" for word in item.values))
    if item.kind is EvidenceKind.ALIKE:
        place, *names = item.values
        return say("its changed lines name {0}, as {1} does", ", ".join(f"`{name}`" for name in names), place)
    return say(_EVIDENCE[item.kind], *item.values)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A commit that may have brought the bug; `score` is between 0 and 1 and only ranks.

    `objection` is a filter's that speaks for its innocence.
    """

    commit: str
    date: str
    subject: str
    score: float
    evidence: tuple[Evidence, ...]
    paths: tuple[str, ...]
    objection: Objection | None = None

    @property
    def reason(self) -> str:
        """What speaks against it, in words."""
        # Who changed the line changed the definition and the file around it too.
        kinds = [kind for kind in _NARROWING if any(item.kind is kind for item in self.evidence)]
        parts = [_evidence(item) for item in self.evidence if item.kind not in kinds[1:]]
        parts += [say("normally filtered out ({})", ground_words(self.objection))] if self.objection is not None else []
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class Suspects:
    """The likeliest commits, likeliest first; `since` is the tag they were set against, if any.

    `left_out` counts commits that cannot have changed what the code does now, by the filters' word. `by_words` says
    that a log named no place.
    """

    items: tuple[Suspect, ...]
    since: str = ""
    left_out: int = 0
    by_words: bool = False
    gaps: tuple[Gap, ...] = ()

    @property
    def note(self) -> str:
        """What the answer rests on where that is little, in words."""
        if not self.by_words:
            return ""
        return say(
            "The log names no file of this repository, so only its words and the dates of commits were compared."
        )

    def to_json(self) -> dict[str, object]:
        """The JSON form (docs/json.md)."""
        return {
            "items": [
                {
                    "commit": item.commit,
                    "date": item.date,
                    "subject": item.subject,
                    "score": item.score,
                    "reason": item.reason,
                    "paths": list(item.paths),
                }
                for item in self.items
            ],
            "partial": partial(self.gaps),
        }

    def to_markdown(self) -> str:
        """The suspects as a markdown document."""
        lines = [say("# Suspects"), ""]
        if self.since:
            lines += [say("Assuming the code worked at {}: commits after it rank higher.", escape(self.since)), ""]
        if self.by_words:
            lines += [self.note, ""]
        if not self.items:
            lines.append(say("No commit was found that is related to this."))
        for number, item in enumerate(self.items, 1):
            lines.append(f"{number}. `{item.commit[:10]}` {item.date} {escape(item.subject)}")
            lines.append(f"{' ' * len(f'{number}. ')}- {item.reason}")  # below the text of its number
        if self.left_out:
            lines += ["", left_out_line(self.left_out)]
        if self.gaps:
            lines += ["", *partial_lines(self.gaps)]
        return "\n".join(lines).rstrip() + "\n"
