"""What a long day of typing leaves behind in the window's caches is bounded, counted in bytes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from iquest_lsp.context import chunks
from iquest_lsp.context.chunks import outline, piece_words, words_of

SOURCES = Path(chunks.__file__).parents[1]


def held_by(found: Sequence[tuple[str, ...]]) -> int:
    """Bytes of the tuples and of the strings in them, each string object once.

    What the interpreter allocates meanwhile says something else: its table of shared strings doubles at some word, by
    megabytes, and words that any module loaded before has as a name cost nothing more.
    """
    strings = {id(word): word for words in found for word in words}
    return sum(map(sys.getsizeof, found)) + sum(map(sys.getsizeof, strings.values()))


@pytest.mark.slow
def test_the_words_of_pieces_take_less_than_the_pieces() -> None:
    pieces = [
        "\n".join(text.split("\n")[piece.start : piece.end])
        for file in sorted(SOURCES.rglob("*.py"))[:120]
        for text in [file.read_text("utf-8")]
        for piece in outline(text, file.name).pieces
    ]
    assert len(pieces) > 400
    piece_words.cache_clear()
    found = [piece_words(piece) for piece in pieces]
    assert held_by(found) < sum(map(len, pieces))
    assert len({id(word) for words in found for word in words}) == len({word for words in found for word in words})
    assert all(set(words) == words_of(piece) for piece, words in zip(pieces, found, strict=True))
    assert all(piece_words(piece) is words for piece, words in zip(pieces, found, strict=True)), "remembered"
    piece_words.cache_clear()
