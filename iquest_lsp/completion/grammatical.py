"""Whether the grammar of the language lets a text stand at the cursor.

Code at a cursor is not finished: the answer may end within a bracket, a block or a statement. So the answer is tried
with several ends, and refused only if the parser reports an error in its line with each of them, while something else
could stand there without one. What cannot be judged so (code that the parser does not know, macros) is let through.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from iquest_lsp import grammars
from iquest_lsp.common_ends import common_head
from iquest_lsp.completion.brackets import Open, open_at_end, open_behind
from iquest_lsp.completion.cursor_text import CursorText
from iquest_lsp.completion.parsing import AFTER, MOST_BEFORE, parser_of, start_of_piece

if TYPE_CHECKING:
    from tree_sitter import Node, Point, Tree

#: What may follow where a bracket of the answer's own is still open, before the sign that closes it.
_WITHIN = (" x", ": x", " x: x", " => x")
#: What may follow behind it, so that it is a whole statement, member or head of a block.
_BEHIND = (
    "",
    ";",
    " {}",
    " x;",
    " x",
    " x {}",
    " = x;",
    "() {}",
    ": x",
    " : x",
    " => x",
    " 'x';",
    " from 'x';",
    "; x {}",
    " while (x);",
)
_BEHIND_IN_PYTHON = (
    "",
    ":\n{indent}    pass",
    "\n{indent}    pass",
    " x",
    " x:\n{indent}    pass",
    "\n{indent}def x(): pass",
    " in x:\n{indent}    pass",
    " else x",
    " import x",
    " = x",
)
#: So often the parser reports in all trials of an answer before it is given up; ordinary code takes 50, at most 4,000.
MOST_STEPS, CHUNK = 5_000, 16_384
#: Signs that may be the first half of another one, or wait for a word.
_HALF_SIGNS = frozenset("!=<>-+/:*&|$.@^~%?\\#'\"`")
#: So many ends are tried before it is asked whether anything can be judged here, and so many with more in a bracket.
USUAL, WITHIN = 3, 4
#: What stands nearly everywhere; where none of it does, nothing can be judged.
_ANYTHING = ("iqx0", "iqx0;", "iqx0,", "iqx0: x", "iqx0: x,", "int iqx0;", "fn iqx0() {}", "func iqx0() {}")
_ANYTHING_IN_PYTHON = ("iqx0", "iqx0,", "iqx0: x,")
#: What the preprocessor of C reads or may turn into anything: a word in capitals, a loop, a sign as an argument.
_MACRO = re.compile(
    r"\s*#|(?:.*\W)?[A-Z_][A-Z0-9_]{2,}\b|.*\b(?:__\w+|FOREACH|foreach)\b|.*[,(] *[<>=!]+ *\)", re.DOTALL
)

_of_thread = threading.local()


def is_refused(text: str, place: CursorText, rest: str = "") -> bool:
    """Whether a text at a cursor in code breaks the grammar, whatever may follow it.

    `rest` is what the model wrote behind a text that was cut off: it may follow, and the last sign may be half of one.
    """
    if rest and text.rstrip()[-1:] in _HALF_SIGNS:
        return False
    language = grammars.language_of(place.path)
    start = start_of_piece(place, MOST_BEFORE)
    if not language or start is None:
        return False
    line_start = place.offset - len(place.head)
    piece, head = place.text[start:line_start], place.head
    line = head + text + place.tail
    outer = _code(open_at_end(piece, language))
    at_cursor, behind = (_code(open_behind(outer, text, language)) for text in (head, line))
    if any(item.kind != "bracket" for item in (*outer, *at_cursor, *behind)):
        return False  # in a string, or in code that a string holds
    if language in ("c", "cpp") and _MACRO.match(line):
        return False
    try:
        return _is_refused(line, rest, place, _Trial(language, piece, outer), outer, behind)
    except _TooCostlyError:
        return False


def _is_refused(
    line: str, rest: str, place: CursorText, trial: _Trial, outer: Sequence[Open], behind: Sequence[Open]
) -> bool:
    """As is_refused, for the whole `line` with the answer in it; `outer` is open before it, `behind` after it."""
    language, head = trial.language, place.head
    common = common_head(outer, behind)
    closed, below = _closing(behind[common:]), place.text[place.offset + len(place.tail) :][:AFTER]
    # Blocks of Python have no brackets: there all that is open is closed before the statement ends.
    own, outside = (_closing(behind), "\n") if language == "python" else (closed, _around(behind[:common]))
    indent = head[: len(head) - len(head.lstrip())]
    ends = [*_ends(language, indent, own)]
    if any(trial.passes(line, end + outside) for end in ends[:USUAL]) or (rest and trial.passes(line, rest + outside)):
        return False
    if any(trial.passes(line, end) for end in (below, closed + below)):
        return False
    if not trial.lets_anything(indent):
        return False
    return not any(trial.passes(line, end + outside) for end in ends[USUAL:])


def without_errors(text: str, place: CursorText, whole: str = "") -> str:
    """A text as far as the grammar lets it stand there: all of it, its first line, or nothing.

    `whole` is what the model wrote, of which the text may be the beginning.
    """
    rest = whole[len(text) :].partition("\n")[0] if whole.startswith(text) else ""
    if not is_refused(text, place, rest):
        return text
    first, more, _ = text.partition("\n")
    return first if more and first.strip() and not is_refused(first, place) else ""


def _ends(language: str, indent: str, own: str) -> Iterator[str]:
    """What may follow a line so that its statement is whole, the likeliest first; `own` closes what it opens."""
    behind = [end.format(indent=indent) for end in _BEHIND_IN_PYTHON] if language == "python" else _BEHIND
    for end in behind:
        yield own + end
    if len(own) > 1:
        yield f"{own[0]} {{}}{own[1:]}"  # the head of a function that is an argument
    if own:
        for within in _WITHIN:
            for end in behind[:WITHIN]:
                yield within + own + end


def _code(items: Sequence[Open]) -> list[Open]:
    return [item for item in items if item.close != "\n"]  # a comment ends with its line


def _closing(items: Sequence[Open]) -> str:
    return "".join(item.close for item in reversed(items))


def _around(items: Sequence[Open]) -> str:
    """The lines that close blocks around a line, each of its own."""
    return "".join(f"\n{item.close}" for item in reversed(items)) + "\n"


class _TooCostlyError(Exception):
    """What is parsed is made so that parsing takes long."""


class _Trial:
    """Tries lines behind the same piece of code, which is parsed once; raises _TooCostlyError where that takes long."""

    def __init__(self, language: str, piece: str, outer: Sequence[Open]) -> None:
        self.language, self._outer = language, outer
        self._steps = 0
        self._piece = piece.encode("utf-8", "replace")
        self._source = self._piece + _around(outer).encode()
        self._row = piece.count("\n")

    def lets_anything(self, indent: str) -> bool:
        """Whether there is no error where something plain stands in the line's place."""
        if self.language == "python":
            rests = [_closing(self._outer) + end.format(indent="") + "\n" for end in _BEHIND_IN_PYTHON[:6]]
            return any(self.passes(indent + other, rest) for rest in rests for other in _ANYTHING_IN_PYTHON)
        return any(self.passes(indent + other, _around(self._outer)) for other in _ANYTHING)

    def passes(self, line: str, rest: str) -> bool:
        """Whether there is no error in the line."""
        tree = self._base().copy()
        source = self._piece + (line + rest).encode("utf-8", "replace")
        start = len(self._piece)
        # The piece ends with a line end, so all that differs begins at the margin.
        tree.edit(start, len(self._source), len(source), (self._row, 0), _end(self._source), _end(source))
        end = start + len(line.encode("utf-8", "replace"))
        return not _has_error(self._parse(source, tree).root_node, start, end)

    def _base(self) -> Tree:
        """The tree of the piece; the last one is kept, since every key of a line asks about the same."""
        known: tuple[str, bytes, Tree] | None = _of_thread.__dict__.get("piece")
        if known is None or known[:2] != (self.language, self._source):
            known = (self.language, self._source, self._parse(self._source))
            _of_thread.piece = known
        return known[2]

    def _parse(self, source: bytes, edited: Tree | None = None) -> Tree:
        parser = parser_of(self.language)
        assert parser is not None

        def is_too_much(_: int, __: bool) -> bool:
            self._steps += 1
            return self._steps > MOST_STEPS

        def read(offset: int, _: Point) -> bytes:
            return source[offset : offset + CHUNK]

        try:
            if edited is None:
                return parser.parse(read, progress_callback=is_too_much)
            return parser.parse(read, edited, progress_callback=is_too_much)
        except ValueError as error:  # ended by the callback
            parser.reset()
            raise _TooCostlyError from error


def _end(source: bytes) -> tuple[int, int]:
    return source.count(b"\n"), len(source) - source.rfind(b"\n") - 1


def _has_error(root: Node, start: int, end: int) -> bool:
    """Whether the parser skipped or missed something between two offsets in bytes."""
    nodes = [root]
    while nodes:
        node = nodes.pop()
        if node.end_byte < start or node.start_byte > end or not (node.has_error or node.is_missing):
            continue
        if node.is_missing or (node.type == "ERROR" and node.start_byte < end and node.end_byte > start):
            return True
        nodes.extend(node.children)
    return False
