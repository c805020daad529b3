"""What a long day of typing leaves behind in the window's caches is bounded, counted in bytes."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

from iquest_lsp.context import chunks
from iquest_lsp.context.chunks import outline, piece_words, words_of

SOURCES = Path(chunks.__file__).parents[1]


def held_by(work: Callable[[], object]) -> int:
    """Bytes that the module allocated during some work and holds after it; other threads' do not count."""
    tracemalloc.start()
    try:
        work()
        snapshot = tracemalloc.take_snapshot()
    finally:
        tracemalloc.stop()
    own = snapshot.filter_traces([tracemalloc.Filter(True, chunks.__file__)])
    return sum(trace.size for trace in own.traces)


def test_the_words_of_pieces_take_less_than_the_pieces() -> None:
    pieces = [
        "\n".join(text.split("\n")[piece.start : piece.end])
        for file in sorted(SOURCES.rglob("*.py"))[:120]
        for text in [file.read_text("utf-8")]
        for piece in outline(text, file.name).pieces
    ]
    assert len(pieces) > 400
    piece_words.cache_clear()
    assert held_by(lambda: [piece_words(piece) for piece in pieces]) < sum(map(len, pieces))
    assert all(set(piece_words(piece)) == words_of(piece) for piece in pieces)
    piece_words.cache_clear()
