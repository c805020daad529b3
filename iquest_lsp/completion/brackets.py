"""Brackets of a text, strings and comments left out: which are open before a place, which are closed after it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from iquest_lsp import grammars
from iquest_lsp.completion.cursor_text import Place, indent_of

_PAIRS = {")": "(", "]": "[", "}": "{"}
_MAX_LINES = 200
_STRING = r'"(?:\\.|[^"\\\n])*"?'
_SINGLE = r"'(?:\\.|[^'\\\n])*'?"
_CHARACTER = r"'(?:\\.[^'\n]{0,8}|[^'\\\n])'"
_SLASHES = r"//[^\n]*|/\*.*?(?:\*/|\Z)"


@cache
def _tokens(language: str) -> re.Pattern[str]:
    if language == "python":
        parts = [r'"""(?:\\.|.)*?(?:"""|\Z)', r"'''(?:\\.|.)*?(?:'''|\Z)", _STRING, _SINGLE, r"#[^\n]*"]
    elif language in ("javascript", "typescript", "tsx"):
        parts = [r"`(?:\\.|[^`\\])*`?", _STRING, _SINGLE, _SLASHES]
    elif language == "go":
        parts = [r"`[^`]*`?", _STRING, _CHARACTER, _SLASHES]
    elif language:
        parts = [_STRING, _CHARACTER, _SLASHES]
    else:
        parts = [_STRING, _SINGLE]
    return re.compile("|".join([*parts, r"[()\[\]{}]"]), re.DOTALL)


def brackets(text: str, language: str) -> Iterator[tuple[int, str]]:
    """Offset and sign of each bracket outside strings and comments."""
    for match in _tokens(language).finditer(text):
        if len(match.group()) == 1 and match.group() in "()[]{}":
            yield match.start(), match.group()


def open_before(place: Place) -> list[str]:
    """The brackets open at a place, outermost first, as far as its definition at the margin goes back."""
    first = place.cursor.line
    limit = max(first - _MAX_LINES, 0)
    while first > limit:
        line = place.lines.line(first)
        if line[:1].strip() and line[0] not in _PAIRS and first != place.cursor.line:
            break
        first -= 1
    text = place.text[place.lines.start(first) : place.offset]
    stack: list[str] = []
    for _, sign in brackets(text, grammars.language_of(place.path)):
        if sign not in _PAIRS:
            stack.append(sign)
        elif stack and stack[-1] == _PAIRS[sign]:
            stack.pop()
    return stack


def closed_after(place: Place) -> int:
    """How many brackets that are open at a place are closed by what follows, as far as its statement goes."""
    pieces = [place.tail]
    for number in range(place.cursor.line + 1, min(place.cursor.line + _MAX_LINES, len(place.lines))):
        line = place.lines.line(number)
        bare = line.strip()
        if bare and indent_of(line) <= place.indent and bare[0] not in _PAIRS:
            break
        pieces.append(line)
    depth = closed = 0
    for _, sign in brackets("\n".join(pieces), grammars.language_of(place.path)):
        if sign not in _PAIRS:
            depth += 1
        elif depth:
            depth -= 1
        else:
            closed += 1
    return closed


def surplus(text: str, place: Place) -> int:
    """Offset in an answer of the first closing bracket that nothing at its place needs; -1 where all are needed."""
    signs = list(brackets(text, grammars.language_of(place.path)))
    if not any(sign in _PAIRS for _, sign in signs):
        return -1
    outer = open_before(place)
    needed = len(outer) - closed_after(place)
    stack: list[str] = []
    for at, sign in signs:
        if sign not in _PAIRS:
            stack.append(sign)
        elif stack:
            if stack.pop() != _PAIRS[sign]:
                return at
        elif needed <= 0 or outer[-1] != _PAIRS[sign]:
            return at
        else:
            outer.pop()
            needed -= 1
    return -1
