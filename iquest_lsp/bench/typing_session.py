"""A person at work, as events: keys with their pauses, deletions, jumps, pastes, changes of file.

Sessions are made from a workspace's own files: lines are taken out and typed again, so that what should come is
known. The same seed and files give the same session.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

#: Seconds between two keys of a practised typist: a lognormal around the median; thinking at the ends of lines.
KEY_S, LINE_S, JUMP_S, LONGEST_S = 0.18, 0.8, 1.5, 4.0
LINES_AT_A_PLACE = 8


class Kind(StrEnum):
    """What the person did."""

    OPEN = "open"
    SWITCH = "switch"
    JUMP = "jump"
    KEY = "key"
    DELETE = "delete"
    PASTE = "paste"
    SAVE = "save"


@dataclass(frozen=True, slots=True)
class TypingEvent:
    """After `pause_s`: `text` is written at (`line`, `column`) over `removed` characters before it.

    `rest` is what will still be typed on this line, by which an answer can be judged. With OPEN (a file, whose `text`
    it brings), SWITCH (to another open file) and JUMP (within one) the person goes to a place at once, and after the
    pause takes out what stands there, `taken`.
    """

    kind: Kind
    file: int
    pause_s: float
    line: int = 0
    column: int = 0
    text: str = ""
    removed: int = 0
    rest: str = ""
    taken: str = ""


#: The person goes elsewhere.
MOVES = (Kind.OPEN, Kind.SWITCH, Kind.JUMP)


def session(
    texts: Sequence[str], keys: int, seed: int = 0, lines_at_a_place: int = LINES_AT_A_PLACE
) -> Iterator[TypingEvent]:
    """A session over the files whose texts are given: at least `keys` keys, ended at a line's end."""
    source = random.Random(seed)
    states = [text.split("\n") for text in texts]
    opened: set[int] = set()
    last, count = -1, 0
    while count < keys:
        file = source.randrange(len(texts)) if source.random() < 0.5 or not opened else source.choice(sorted(opened))
        lines = states[file]
        size = min(lines_at_a_place, max(len(lines) // 3, 1))
        at = source.randrange(max(len(lines) - size, 1))
        wanted = lines[at : at + size]
        kind = (Kind.JUMP if file == last else Kind.SWITCH) if file in opened else Kind.OPEN
        text = "" if file in opened else "\n".join(lines)
        yield TypingEvent(kind, file, _pause(source, JUMP_S), at, 0, text, taken="\n".join(wanted))
        opened.add(file)
        last = file
        lines[at : at + size] = [""]
        if source.random() < 0.3 and len(wanted) > 1:
            pasted = wanted.pop(0) + "\n"
            yield TypingEvent(Kind.PASTE, file, _pause(source, JUMP_S), at, 0, pasted, rest=wanted[0])
            lines[at : at + 1] = [pasted[:-1], ""]
            at += 1
        for event in _typed(source, file, at, wanted):
            count += event.kind is Kind.KEY
            yield event
            if count >= keys and event.text == "\n":
                return
        lines[at : at + 1] = [*wanted, ""] if wanted else [""]
        if source.random() < 0.5:
            yield TypingEvent(Kind.SAVE, file, _pause(source, KEY_S))


def _typed(source: random.Random, file: int, line: int, wanted: Sequence[str]) -> Iterator[TypingEvent]:
    for text in wanted:
        indent = len(text) - len(text.lstrip())
        column = 0
        if indent:  # an editor indents by itself
            yield TypingEvent(Kind.KEY, file, _pause(source, KEY_S), line, 0, text[:indent], rest=text[indent:])
            column = indent
        while column < len(text):
            char = text[column]
            yield TypingEvent(Kind.KEY, file, _pause(source, KEY_S), line, column, char, rest=text[column + 1 :])
            column += 1
            if column > 3 and source.random() < 0.03:
                yield TypingEvent(
                    Kind.DELETE, file, _pause(source, KEY_S), line, column, "", removed=1, rest=text[column - 1 :]
                )
                column -= 1
        yield TypingEvent(Kind.KEY, file, _pause(source, LINE_S), line, column, "\n")
        line += 1


def _pause(source: random.Random, usual: float) -> float:
    return min(source.lognormvariate(0, 0.5) * usual, LONGEST_S)
