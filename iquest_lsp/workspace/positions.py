"""Lines and columns of a text: offsets, and the editor's units of a column.

A line ends at "\\n", "\\r\\n" or "\\r", as in the Language Server Protocol; other separators (form feed, U+2028) are
ordinary characters. Columns inside the house count code points; editors count UTF-8 bytes, UTF-16 units or code
points. A position out of range is clamped: past a line's end to the end, inside a character to its start.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_right
from typing import Literal

from iquest_lsp.datatypes import Position, Span

Encoding = Literal["utf-8", "utf-16", "utf-32"]

#: Characters of a line that somebody may still be typing.
LONGEST_LINE = 20_000
_LINE_END = re.compile(r"\r\n|\n|\r")


class LineIndex:
    """Where the lines of one text start and end; built once per version in one pass over the text."""

    __slots__ = ("_ends", "_starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        starts, ends = [0], []
        if "\r" in text:
            for match in _LINE_END.finditer(text):
                ends.append(match.start())
                starts.append(match.end())
        else:
            at = text.find("\n")
            while at >= 0:
                ends.append(at)
                starts.append(at + 1)
                at = text.find("\n", at + 1)
        ends.append(len(text))
        self._starts, self._ends = starts, ends

    def __len__(self) -> int:
        """How many lines there are; at least one, and one more after a final line end."""
        return len(self._starts)

    def line(self, number: int) -> str:
        """The text of a line without its end; "" for a line that does not exist."""
        if not 0 <= number < len(self._starts):
            return ""
        return self.text[self._starts[number] : self._ends[number]]

    def start(self, number: int) -> int:
        """Offset of a line's first character; the text's length for lines past the last one."""
        if number >= len(self._starts):
            return len(self.text)
        return self._starts[max(number, 0)]

    def clamp(self, position: Position) -> Position:
        """The nearest position that exists, never in the middle of a line end."""
        if position.line < 0:
            return Position(0, 0)
        if position.line >= len(self._starts):
            last = len(self._starts) - 1
            return Position(last, self._ends[last] - self._starts[last])
        width = self._ends[position.line] - self._starts[position.line]
        return Position(position.line, min(max(position.character, 0), width))

    def offset(self, position: Position) -> int:
        """Offset in code points of a position, clamped."""
        place = self.clamp(position)
        return self._starts[place.line] + place.character

    def position(self, offset: int) -> Position:
        """Position of an offset, clamped; an offset inside a line end belongs to the end of its line."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self._starts, offset) - 1
        return Position(line, min(offset, self._ends[line]) - self._starts[line])

    def slice(self, span: Span) -> str:
        """The text of a span, clamped; a span whose ends are swapped reads the same."""
        start, end = sorted((self.offset(span.start), self.offset(span.end)))
        return self.text[start:end]

    def to_editor(self, position: Position, encoding: Encoding) -> Position:
        """The position with its column in the editor's units."""
        place = self.clamp(position)
        return Position(place.line, units(self.line(place.line)[: place.character], encoding))

    def from_editor(self, position: Position, encoding: Encoding) -> Position:
        """The position with its column in code points, from one in the editor's units."""
        if not 0 <= position.line < len(self._starts):
            return self.clamp(position)
        return Position(position.line, characters(self.line(position.line), position.character, encoding))


def is_machine_made(lines: LineIndex, cursor: Position) -> bool:
    """Whether the cursor's line is too long to be worth reading anew at every key: data, or code made small."""
    return len(lines.line(lines.clamp(cursor).line)) > LONGEST_LINE


class ChangingText:
    """A text under many changes, each to what the one before left: a change costs what it touches, not the text."""

    def __init__(self, lines: LineIndex) -> None:
        self._pieces = _pieces(lines.text)  # the lines with their ends; the last one has none

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    def replace(self, start: Position, end: Position, text: str, encoding: Encoding) -> None:
        """Replaces what lies between two positions in the editor's units, clamped; swapped ones mean the same."""
        (first, begin), (last, finish) = sorted((self._place(start, encoding), self._place(end, encoding)))
        joined = self._pieces[first][:begin] + text + self._pieces[last][finish:]
        if first and self._pieces[first - 1].endswith("\r"):  # a line feed may come to stand behind it
            first -= 1
            joined = self._pieces[first] + joined
        made = _pieces(joined)
        self._pieces[first : last + 1] = made if last == len(self._pieces) - 1 else made[:-1]

    def _place(self, position: Position, encoding: Encoding) -> tuple[int, int]:
        if position.line < 0:
            return 0, 0
        last = len(self._pieces) - 1
        if position.line > last:
            return last, len(self._pieces[last])
        line = self._pieces[position.line]
        bare = line.removesuffix("\n").removesuffix("\r")
        return position.line, characters(bare, position.character, encoding)


def _pieces(text: str) -> list[str]:
    lines = LineIndex(text)
    starts = [lines.start(number) for number in range(len(lines) + 1)]
    return [text[start:end] for start, end in itertools.pairwise(starts)]


def units(text: str, encoding: Encoding) -> int:
    """Length of a text in units of `encoding`; a lone surrogate counts 3 bytes, or 1 unit."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-8":
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def characters(line: str, column: int, encoding: Encoding) -> int:
    """How many whole characters of `line` fit into `column` units."""
    if column <= 0:
        return 0
    if encoding == "utf-32" or line.isascii():
        return min(column, len(line))
    widest = 2 if encoding == "utf-16" else 4
    count = min(column, len(line))
    over = units(line[:count], encoding) - column
    while over > 0:
        # So many characters at least are too many: none is wider. Only what they take is measured again.
        fewer = count - -(-over // widest)
        over -= units(line[fewer:count], encoding)
        count = fewer
    return count
