"""Places written as text with the cursor marked."""

from __future__ import annotations

from iquest_lsp.completion.cursor_text import CursorText
from iquest_lsp.datatypes import Finish, Generation, Timings, TokenCounts
from iquest_lsp.workspace.positions import LineIndex

CURSOR = "‸"


def at(marked: str, path: str = "a.py") -> CursorText:
    """The place of the cursor mark in a text."""
    before, mark, after = marked.partition(CURSOR)
    assert mark, "no cursor in the text"
    lines = LineIndex(before + after)
    return CursorText.at(path, lines, lines.position(len(before)))


def generation(text: str, finish: Finish = Finish.STOP, logprobs: tuple[float, ...] = ()) -> Generation:
    """A generation of one token per character, each of probability one unless said otherwise."""
    each = (*logprobs, *(0.0,) * (len(text) - len(logprobs)))
    return Generation(
        text, tuple(range(len(text))), each, finish, TokenCounts(), Timings(), tuple(range(1, len(text) + 1))
    )
