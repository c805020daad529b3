"""An edit, a suggestion, and the reasons for one, as data. Lines and columns are 0-based; columns count code points."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from iquest_lsp.codeflow.reading import Fact
from iquest_lsp.common_ends import common_ends
from iquest_lsp.nextedit.sorts import Sort

#: What tells suggestions of different outcomes: path, line, column, and the texts that differ.
Outcome = tuple[str, int, int, str, str]


class EditKind(StrEnum):
    """Which predictor a suggestion comes from, as the JSON form names it."""

    RENAME = "rename"
    SIGNATURE = "signature"
    REPEAT = "repeat"
    IMPORT = "import"
    MODEL = "model"
    #: Of places alone: what they use was taken away.
    GONE = "gone"


class ReasonKind(StrEnum):
    """Why a place asks for an edit; the values are listed beside each kind."""

    #: The old name, the new name.
    RENAMED = "renamed"
    #: The old name, the new name, the path of the definition.
    RENAMED_IN = "renamed-in"
    #: The parameter's old name, its new name, the function.
    PARAMETER_RENAMED = "parameter-renamed"
    #: Another old name, which became the new name.
    LIKE = "like"
    #: The old path, the new path.
    MOVED = "moved"
    #: The function, the parameter.
    PARAMETER_REMOVED = "parameter-removed"
    PARAMETER_ADDED = "parameter-added"
    #: The function, which became asynchronous; the function that awaits something, if it has a name.
    ASYNC = "async"
    AWAITS = "awaits"
    REORDERED = "reordered"
    OVERRIDE = "override"
    #: The definition.
    GONE = "gone"
    MISFIT = "misfit"
    #: The type, its new part.
    PART = "part"
    #: The function, how many results it has.
    RESULTS = "results"
    #: How many places were changed alike already.
    REPEATED = "repeated"
    #: The name; for one that is not imported the module that others import it from.
    UNUSED_IMPORT = "unused-import"
    MISSING_IMPORT = "missing-import"
    #: The name.
    NOT_IMPORTED = "not-imported"
    #: The name, the language.
    MISSING_IMPORT_OF_LANGUAGE = "missing-import-of-language"
    #: The model.
    GUESSED = "guessed"


class Reason(Fact[ReasonKind]):
    """Why a place asks for an edit."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """Lines that became others: `old` lines from `old_line` on are now the `new` lines from `line` on."""

    path: str
    line: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    old_line: int = 0


def place_behind(text: str, line: int = 0, column: int = 0) -> tuple[int, int]:
    """The line and the column behind a text that begins at a place."""
    breaks = text.count("\n")
    return line + breaks, len(text) - text.rindex("\n") - 1 if breaks else column + len(text)


@dataclass(frozen=True, slots=True)
class NextEdit:
    """One suggestion: the text `old` from (`line`, `column`) on becomes `new`.

    `sort` is the evidence it rests on, whose precision was measured; `confidence` is that precision, 0 for a model's
    guess, of which none was measured. `trigger` is the path and line of the edit that asks for it.
    """

    path: str
    line: int
    column: int
    old: str
    new: str
    kind: EditKind
    reason: Reason
    sort: Sort
    confidence: float = 0.0
    trigger: tuple[str, int] = ("", 0)

    @property
    def end(self) -> tuple[int, int]:
        """Line and column behind the old text."""
        return place_behind(self.old, self.line, self.column)

    def applied_to(self, text: str) -> str | None:
        """A text with the suggestion taken; None where it does not have the old text at that place."""
        lines = text.split("\n", self.line)
        if self.line >= len(lines):
            return None
        start = len(text) - len(lines[self.line]) + self.column
        if not text.startswith(self.old, start):
            return None
        return text[:start] + self.new + text[start + len(self.old) :]

    @property
    def outcome(self) -> Outcome:
        """Where it changes the text, and in what: suggestions that come to the same have one."""
        old, new, column = self.old, self.new, self.column
        if "\n" not in old + new:
            head, tail = common_ends(old, new)
            old, new, column = old[head : len(old) - tail], new[head : len(new) - tail], column + head
        return self.path, self.line, column, old, new

    @property
    def place(self) -> tuple[str, int, int]:
        """What tells it from other suggestions."""
        return self.path, self.line, self.column


@dataclass(frozen=True, slots=True)
class Place:
    """Lines to look at, `line` to `end`, which an edit asks to be changed in a way that cannot be told.

    `sort`, `confidence` and `trigger` are as a suggestion's.
    """

    path: str
    line: int
    end: int
    kind: EditKind
    reason: Reason
    sort: Sort
    confidence: float = 0.0
    trigger: tuple[str, int] = ("", 0)

    @classmethod
    def of(cls, item: NextEdit) -> Place:
        """Where a suggestion is made, whatever it says."""
        end = item.end[0] - (item.old.endswith("\n"))
        return cls(item.path, item.line, max(end, item.line), item.kind, item.reason, item.sort, trigger=item.trigger)
