"""Loops: a text that repeats itself over and over, the way small models end."""

from __future__ import annotations

import re

#: A unit of up to 60 characters, four times or more in a row; a long one three times.
_LONG, _LONGEST = 12, 60
_TIMES, _TIMES_LONG = 4, 3
_LOOP = re.compile(
    rf"(.{{{_LONG},{_LONGEST}}}?)\1{{{_TIMES_LONG - 1},}}|(.{{1,{_LONGEST}}}?)\2{{{_TIMES - 1},}}", re.DOTALL
)
_LEAST_CHARACTERS = 16
_LINES = 3


def without_loop(text: str) -> str:
    """Without what repeats itself over and over, from the first such place on; blanks may repeat."""
    return min(_without_repetition(text), _without_same_lines(text), key=len)


def _without_repetition(text: str) -> str:
    for match in _LOOP.finditer(text):
        looped = match.group()
        if looped.strip() and len(looped) >= _LEAST_CHARACTERS:
            before = text[: match.start()]
            if len(before) > 2 * len(looped):
                return before
            # What stands before a loop in its line was most likely part of the way into it.
            return before if looped.startswith("\n") else before.rpartition("\n")[0]
    return text


def _without_same_lines(text: str) -> str:
    lines = text.split("\n")
    for at in range(len(lines) - _LINES + 1):
        if _are_the_same(lines[at : at + _LINES]):
            return "\n".join(lines[:at])
    return text


def is_in_loop(text: str) -> bool:
    """Whether a text that grows has just gone into a loop: `without_loop` will keep nothing of what follows.

    Quick where it has not, since it is asked at every token.
    """
    return (_ends_repeating(text) or _are_the_same(text.split("\n")[-_LINES - 1 : -1])) and without_loop(text) != text


def _ends_repeating(text: str) -> bool:
    for period in range(1, min(_LONGEST, len(text) - 1) + 1):
        span = max(period * (_TIMES_LONG if period >= _LONG else _TIMES), _LEAST_CHARACTERS)
        if (
            text[-1] == text[-1 - period]
            and span <= len(text)
            and text[-span:-period] == text[period - span :]
            and text[-span:].strip()
        ):
            return True
    return False


def _are_the_same(lines: list[str]) -> bool:
    return len(lines) == _LINES and bool(lines[0].strip()) and len({line.strip() for line in lines}) == 1
