"""The document around a cursor."""

from __future__ import annotations

from dataclasses import dataclass

from iquest_lsp.datatypes import Position, Snapshot
from iquest_lsp.workspace.positions import LineIndex


@dataclass(frozen=True, slots=True)
class CursorText:
    """A cursor in a text: `head` and `tail` are its line before and after it; `path` names the language."""

    path: str
    lines: LineIndex
    cursor: Position
    head: str
    tail: str

    @classmethod
    def at(cls, path: str, lines: LineIndex, cursor: Position) -> CursorText:
        """The place at a cursor, clamped into the text."""
        cursor = lines.clamp(cursor)
        line = lines.line(cursor.line)
        return cls(path, lines, cursor, line[: cursor.character], line[cursor.character :])

    @classmethod
    def of(cls, snapshot: Snapshot) -> CursorText:
        """The place of a request."""
        return cls.at(snapshot.document.path, LineIndex(snapshot.document.text), snapshot.cursor)

    @property
    def text(self) -> str:
        return self.lines.text

    @property
    def offset(self) -> int:
        """The cursor's offset in the text."""
        return self.lines.start(self.cursor.line) + len(self.head)

    @property
    def indent(self) -> int:
        """Characters of white space that the cursor's line begins with."""
        return indent_of(self.head + self.tail)

    def above(self) -> str:
        """The nearest line above that holds something; "" at the top."""
        for number in range(self.cursor.line - 1, -1, -1):
            if (line := self.lines.line(number)).strip():
                return line
        return ""

    def below(self, count: int) -> list[str]:
        """The next lines below that hold something, without white space at their ends."""
        found: list[str] = []
        for number in range(self.cursor.line + 1, len(self.lines)):
            if len(found) == count:
                break
            if (line := self.lines.line(number).rstrip()).strip():
                found.append(line)
        return found


def indent_of(line: str) -> int:
    """Characters of white space at the beginning of a line."""
    return len(line) - len(line.lstrip(" \t"))
