"""What stands behind the cursor, for a model whose prompt does not show it: it ends answers, and rules answers out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from iquest_lsp import grammars
from iquest_lsp.completion.brackets import Closing, Open, closings, open_before
from iquest_lsp.completion.cursor_text import CursorText
from iquest_lsp.completion.filters import is_telling
from iquest_lsp.completion.postprocess import Quiet, Suggestion
from iquest_lsp.datatypes import Generation

#: How long after its time an answer that is just coming is still waited for.
LATENESS_MS = 60.0
#: How many of the model's choices are looked at: its first one, and others where that one does not go with the rest.
CHOICES = 3


def stops(place: CursorText) -> tuple[str, ...]:
    """Texts at which an answer begins to write what stands behind the cursor already: the rest of its line, and the
    next line below. What is too short to tell may well be written twice, and stops nothing."""
    found = []
    if is_telling(rest := place.tail.strip()):
        found.append(rest)
    following = place.below(1)
    if following and is_telling(following[0]):
        found.append(f"\n{following[0]}\n")
    return tuple(found)


def is_ruled_out(suggestion: Suggestion, place: CursorText) -> bool:
    """Whether another answer is worth asking for: this one only says what stands behind the cursor, or the rest of the
    line cannot go on after it."""
    if suggestion.quiet in (Quiet.REPEATS, Quiet.BRACKET):
        return True
    return bool(suggestion.text) and not joins(suggestion.text, place)


async def chosen(
    first: Generation,
    ruled_out: Callable[[Generation], bool],
    another: Callable[[Sequence[int], float], Awaitable[Generation]],
    left_ms: Callable[[], float],
) -> Generation:
    """The first of the model's choices that is not ruled out; its very first one where all are, or there is no time.

    `another` makes an answer that begins with none of some tokens, within so many milliseconds.
    """
    made, avoid = first, list[int]()
    while ruled_out(made):
        left = left_ms()
        if not made.tokens or made.tokens[0] in avoid or len(avoid) + 1 >= CHOICES or left <= 0:
            return first
        avoid.append(made.tokens[0])
        try:
            made = await asyncio.wait_for(another(avoid, left), (left + LATENESS_MS) / 1000)
        except TimeoutError:
            return first
    return made


def joins(text: str, place: CursorText) -> bool:
    """Whether the rest of the cursor's line goes on after a text: what it closes is open, and what the text opens is
    closed by then."""
    if not place.tail.strip():
        return True
    outer = open_before(place)
    without, with_text = [*outer], [*outer]
    before = [item.depth for item in _closings(place.tail, place, without)]
    for _ in _closings(text, place, with_text):
        pass
    after = [item.depth for item in _closings(place.tail, place, with_text)]
    return len(with_text) == len(without) and after.count(-1) <= before.count(-1)


def _closings(text: str, place: CursorText, stack: list[Open]) -> list[Closing]:
    return list(closings(text, grammars.language_of(place.path), stack))
