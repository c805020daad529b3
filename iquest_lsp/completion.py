"""What of a generated text is worth inserting at the cursor."""

from __future__ import annotations

import re

from iquest_lsp.datatypes import Finish, Snapshot
from iquest_lsp.workspace.positions import LineIndex

#: A unit of up to 60 characters, four times or more in a row.
_LOOP = re.compile(r"(.{1,60}?)\1{3,}", re.DOTALL)
_LOOP_CHARACTERS = 16


def shape(text: str, snapshot: Snapshot, *, finish: Finish) -> str:
    """Cuts a generation to what fits: complete lines, nothing that the file already has, its own line ends.

    A text cut short by a limit keeps whole lines, or of its first line what ends at a word's border.
    """
    lines = LineIndex(snapshot.document.text)
    cursor = snapshot.cursor
    tail = lines.line(cursor.line)[cursor.character :]
    following = [lines.line(number).rstrip() for number in range(cursor.line + 1, min(cursor.line + 4, len(lines)))]
    if finish in (Finish.LIMIT, Finish.DEADLINE):
        text = _whole_pieces(text)
    text = _without_loop(text)
    text = _without_tail(text.rstrip(), tail)
    text = _without_following(text, following)
    if not text.strip():
        return ""
    return text.replace("\n", "\r\n") if "\r\n" in snapshot.document.text else text


def _whole_pieces(text: str) -> str:
    if "\n" in text:
        return text.rpartition("\n")[0]
    stripped = text
    while stripped and (stripped[-1].isalnum() or stripped[-1] == "_"):
        stripped = stripped[:-1]
    return stripped


def _without_loop(text: str) -> str:
    """Drops a text that repeats itself over and over, the way small models end; blanks may repeat."""
    for match in _LOOP.finditer(text):
        looped = match.group()
        if looped.strip() and len(looped) >= _LOOP_CHARACTERS:
            # What stands before a loop was most likely part of the way into it.
            return text[: match.start()] if match.start() > 2 * len(looped) else ""
    return text


def _without_tail(text: str, tail: str) -> str:
    """Drops an end that repeats what stands after the cursor on its line, closing brackets for instance."""
    rest = tail.strip()
    if rest and text.endswith(rest):
        return text[: -len(rest)]
    return text


def _without_following(text: str, following: list[str]) -> str:
    """Drops lines at the end that repeat the next lines of the file; an answer that only repeats them is nothing."""
    made = text.split("\n")
    for count in range(min(len(made), len(following)), 0, -1):
        repeated = [line.rstrip() for line in made[-count:]]
        if repeated == following[:count] and any(line.strip() for line in repeated):
            return "\n".join(made[:-count]).rstrip()
    return text
