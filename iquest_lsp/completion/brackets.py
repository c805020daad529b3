"""What is open at a place and what closes it: brackets, strings, and the code inside of strings that hold code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from iquest_lsp import grammars
from iquest_lsp.completion.cursor_text import CursorText, indent_of

_PAIRS = {")": "(", "]": "[", "}": "{"}
_CLOSES = {opening: closing for closing, opening in _PAIRS.items()}
_MAX_LINES = 200
_CHARACTER = re.compile(r"'(?:\\.[^'\n]{0,8}|[^'\\\n])'")
_PLAIN = re.compile(r"[^()\[\]{}\"'`#/\\\n$*]+")
_WITH_CHARACTERS = frozenset({"c", "cpp", "go", "java", "rust"})  # a single quote holds one character, or names a life
_WITH_TEMPLATES = frozenset({"javascript", "typescript", "tsx"})
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_FORMATTED = re.compile(r"(?:^|[^A-Za-z0-9_])(?:[fF][rR]?|[rR][fF])$")


@dataclass(frozen=True, slots=True)
class Open:
    """Something open: a bracket, a string, the code in a string (a `hole`), or a comment; `close` is what ends it,
    `indent` the indentation of the line that opens it."""

    close: str
    kind: str = "bracket"
    hole: str = ""
    several_lines: bool = False
    indent: int = 0


@dataclass(frozen=True, slots=True)
class Closing:
    """A sign at an offset that closes what lies at `depth` of the stack, -1 where it closes nothing."""

    at: int
    sign: str
    depth: int


def closings(text: str, language: str, stack: list[Open]) -> Iterator[Closing]:
    """Each closing sign of a text that begins where `stack` is open; the stack is brought to the text's end."""
    at = 0
    while at < len(text):
        plain = _PLAIN.match(text, at)
        if plain is not None:
            at = plain.end()
            continue
        top = stack[-1] if stack else None
        if top is not None and top.kind in ("string", "comment"):
            if text.startswith(top.close, at):
                stack.pop()
                if top.kind == "string":
                    yield Closing(at, top.close, len(stack))
                at += len(top.close)
            elif top.kind == "string":
                at = _within_string(text, at, top, stack)
            else:
                at += 1
            continue
        sign = text[at]
        if sign in _PAIRS:
            fits = top is not None and top.close == sign
            if fits:
                stack.pop()
            yield Closing(at, sign, len(stack) if fits else -1)
            at += 1
        else:
            at = _opened(text, at, language, stack)


def _within_string(text: str, at: int, top: Open, stack: list[Open]) -> int:
    if text[at] == "\\" and (top.close != "`" or top.hole):  # a raw string of Go knows no escape
        return at + 2
    if text[at] == "\n" and not top.several_lines:
        stack.pop()
    elif top.hole == "{" and text.startswith(("{{", "}}"), at):
        return at + 2
    elif top.hole and text.startswith(top.hole, at):
        stack.append(Open("}", "hole", indent=_indent_at(text, at)))
        return at + len(top.hole)
    return at + 1


def _opened(text: str, at: int, language: str, stack: list[Open]) -> int:
    """Notes what the sign at an offset of code opens; the offset behind it."""
    sign = text[at]
    if sign in _CLOSES:
        stack.append(Open(_CLOSES[sign], indent=_indent_at(text, at)))
    elif sign in "\"'" or (sign == "`" and language in ("go", *_WITH_TEMPLATES)):
        if sign == "'" and language in _WITH_CHARACTERS:
            character = _CHARACTER.match(text, at)
            return character.end() if character is not None else at + 1
        triple = sign * 3
        is_triple = language == "python" and text.startswith(triple, at)
        hole = ""
        if language == "python" and _FORMATTED.search(text[max(at - 3, 0) : at]):
            hole = "{"
        elif sign == "`" and language in _WITH_TEMPLATES:
            hole = "${"
        close = triple if is_triple else sign
        stack.append(Open(close, "string", hole, is_triple or sign == "`", _indent_at(text, at)))
        return at + (3 if is_triple else 1)
    elif sign == "#" and language == "python":
        stack.append(Open("\n", "comment"))
    elif sign == "/" and language not in ("python", "") and text[at + 1 : at + 2] in ("/", "*"):
        stack.append(Open("\n" if text[at + 1] == "/" else "*/", "comment"))
        return at + 2
    return at + 1


def _indent_at(text: str, at: int) -> int:
    return indent_of(text[text.rfind("\n", 0, at) + 1 : at + 1])


def open_before(place: CursorText) -> list[Open]:
    """What is open at a place, outermost first, as far as its definition at the margin goes back."""
    first = place.cursor.line
    limit = max(first - _MAX_LINES, 0)
    while first > limit:
        line = place.lines.line(first)
        if line[:1].strip() and line[0] not in _PAIRS and first != place.cursor.line:
            break
        first -= 1
    return list(open_at_end(place.text[place.lines.start(first) : place.offset], grammars.language_of(place.path)))


@lru_cache(maxsize=8)
def open_at_end(text: str, language: str) -> tuple[Open, ...]:
    """What is open where a text ends; the filters of an answer, and every key of a line, ask about the same text."""
    return tuple(open_behind((), text, language))


def open_behind(outer: Sequence[Open], text: str, language: str) -> list[Open]:
    """What is open behind a text that begins where `outer` is open."""
    stack = [*outer]
    for _ in closings(text, language, stack):
        pass
    return stack


def closed_after(place: CursorText, outer: list[Open]) -> int:
    """How much of what is open at a place is closed by what follows.

    That is read as far as the statement goes. What lines further out than the next statement have opened goes on around
    it, and is closed further below.
    """
    pieces, next_indent = [place.tail], 0
    for number in range(place.cursor.line + 1, min(place.cursor.line + _MAX_LINES, len(place.lines))):
        line = place.lines.line(number)
        bare = line.strip()
        if bare and indent_of(line) <= place.indent and bare[0] not in _PAIRS:
            next_indent = indent_of(line)
            break
        pieces.append(line)
    found = list(closings("\n".join(pieces), grammars.language_of(place.path), [*outer]))
    closed = {closing.depth for closing in found if 0 <= closing.depth < len(outer)}
    around = (depth for depth, item in enumerate(outer) if item.indent < next_indent)
    extra = sum(1 for closing in found if closing.depth < 0)
    return len(closed.union(around)) + extra


def surplus(text: str, place: CursorText) -> int:
    """Offset in an answer of the first closing sign that nothing at its place needs; -1 where all are needed.

    Where all that was open is closed before it, the answer belongs into a bracket that is not there, and what a comma
    parts from the rest is another argument in it: then that of the comma.
    """
    outer = open_before(place)
    language = grammars.language_of(place.path)
    found = [item for item, is_own in _closings_by_owner(text, language, outer) if not is_own]
    if not found:
        return -1
    needed = len(outer) - closed_after(place, outer)
    last = -1
    for item in found:
        if item.depth < 0 and last >= 0:
            return _first_comma(text, last, item.at, language)
        if needed <= 0 or item.depth < 0:
            return item.at
        needed -= 1
        last = item.at if item.depth == 0 else -1
    return -1


def _closings_by_owner(text: str, language: str, outer: list[Open]) -> Iterator[tuple[Closing, bool]]:
    """Each closing sign of an answer, and whether it closes what the answer itself has opened."""
    left = len(outer)  # of what was open before
    for item in closings(text, language, [*outer]):
        is_own = item.depth >= left
        yield item, is_own
        if not is_own:
            left = max(item.depth, 0)


def _first_comma(text: str, start: int, end: int, language: str) -> int:
    """Offset of the first comma outside of brackets and strings in a part of a text; its end where there is none."""
    at = text.find(",", start, end)
    while at >= 0:
        if not open_behind((), text[start + 1 : at], language):
            return at
        at = text.find(",", at + 1, end)
    return end


def end_of_string(text: str, place: CursorText) -> int:
    """Offset in an answer of the sign that ends the string around the cursor, where what follows ends it too; -1
    where the cursor is in none, or one of them leaves it open."""
    language = grammars.language_of(place.path)
    outer = open_before(place) if language else []
    if not outer or outer[-1].kind != "string":
        return -1
    inner = len(outer) - 1
    if not any(item.depth == inner for item in closings(place.tail, language, [*outer])):
        return -1
    return next((item.at for item in closings(text, language, [*outer]) if item.depth == inner), -1)


def begun_string(text: str, place: CursorText) -> int:
    """Where the string of one line begins that an answer opens and leaves open at its end; -1 where there is none."""
    outer = open_before(place)

    def is_open(end: int) -> bool:
        stack = open_behind(outer, text[:end], grammars.language_of(place.path))
        return len(stack) > len(outer) and stack[-1].kind == "string" and not stack[-1].several_lines

    if not is_open(len(text)):
        return -1
    return next((at for at in range(len(text) - 1, -1, -1) if not is_open(at)), 0)


def own_closings(text: str, place: CursorText) -> frozenset[int]:
    """Offsets in an answer of the signs that close what the answer itself has opened, and of those that are escaped.

    In prose (a comment, a string, as far as it goes) brackets are paired as they stand, and `<` with `>` everywhere.
    """
    outer = open_before(place)
    by_owner = list(_closings_by_owner(text, grammars.language_of(place.path), outer))
    found = [item for item, _ in by_owner]
    own = {item.at + extra for item, is_own in by_owner if is_own for extra in range(len(item.sign))}
    if outer and outer[-1].kind in ("string", "comment"):
        end = next((item.at for item in found if item.depth == len(outer) - 1), len(text))
        own |= {match.end() - 1 for match in _ESCAPED.finditer(text, 0, end)}
        stack: list[str] = []
        for at, sign in enumerate(text[:end]):
            if sign in _CLOSES:
                stack.append(sign)
            elif sign in _PAIRS and stack and stack[-1] == _PAIRS[sign]:
                stack.pop()
                own.add(at)
    angles = 0
    for at, sign in enumerate(text):
        if sign == "<":
            angles += 1
        elif sign == ">" and angles and text[at - 1] not in "-=":
            angles -= 1
            own.add(at)
    return frozenset(own)
