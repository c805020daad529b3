from __future__ import annotations

import random

import pytest

from iquest_lsp.runtime.decode.healing import Pieces

VOCABULARY = [
    b"",
    b"p",
    b"pr",
    b"print",
    b" pr",
    b" print",
    b"in",
    b"t",
    b"(",
    b")",
    b" ",
    b"\n",
    b"_",
    b"self",
    b".",
    b"prin",
    "漢".encode(),
    b" p",
    b"ter",
]
PIECES = Pieces(VOCABULARY)


def ids(*pieces: bytes) -> list[int]:
    return [VOCABULARY.index(piece) for piece in pieces]


@pytest.mark.parametrize(
    ("prompt", "kept", "prefix"),
    [
        ((b"self", b".", b"pr", b"in"), (b"self", b"."), b"prin"),
        ((b"(", b" pr"), (b"(",), b" pr"),
        ((b"self", b"."), (b"self", b"."), b""),
        ((b"self", b" "), (b"self",), b" "),
        ((b"p", b"\n"), (b"p", b"\n"), b""),
        ((b"", b"p"), (b"",), b"p"),
        ((b"",), (b"",), b""),
        ((), (), b""),
        ((b"(", "漢".encode()), (b"(",), "漢".encode()),
        ((b"self", b"_", b"p"), (), b"self_p"),
    ],
)
def test_the_last_word_is_taken_back(prompt: tuple[bytes, ...], kept: tuple[bytes, ...], prefix: bytes) -> None:
    healed = PIECES.heal(ids(*prompt))
    assert tuple(healed.tokens) == tuple(ids(*kept))
    assert healed.prefix == prefix


def test_long_words_are_taken_back_only_so_far() -> None:
    prompt = ids(*[b"print"] * 10)
    healed = PIECES.heal(prompt)
    assert len(healed.tokens) == 6
    assert healed.prefix == b"print" * 4


def test_a_half_typed_word_can_become_the_whole_one() -> None:
    healed = PIECES.heal(ids(b"self", b".", b"pr", b"in"))
    allowed = {VOCABULARY[token] for token in PIECES.allowed(healed.prefix)}
    assert allowed == {b"pr", b"prin", b"print"}  # after "p" the vocabulary could not go on
    assert PIECES.left(healed.prefix, VOCABULARY.index(b"pr")) == b"in"
    assert PIECES.left(healed.prefix, VOCABULARY.index(b"print")) == b""


def test_following_what_is_allowed_always_spells_the_prefix() -> None:
    rng = random.Random(3)
    for prefix in (b"prin", b" print", b"print", "漢".encode(), b"self_p"):
        for _ in range(30):
            left, spelled = prefix, b""
            while left:
                token = rng.choice(PIECES.allowed(left))
                spelled += VOCABULARY[token]
                left = PIECES.left(left, token)
            assert spelled.startswith(prefix)


INDENTED = Pieces([b"", b"x", b":", b"\n", b"\n   ", b"\n    ", b"\n       ", b" ", b"   ", b" return", b"\n\n"])


@pytest.mark.parametrize(
    ("prompt", "kept", "prefix"),
    [
        ((1, 2, 3), (1, 2), b"\n"),  # the line that is begun may be indented
        ((1, 2, 5), (1, 2), b"\n    "),
        ((1, 2, 4), (1, 2), b"\n   "),
        ((1, 10), (1, 10), b""),  # nothing begins so and goes on with spaces
        ((3,), (), b"\n"),
    ],
)
def test_a_line_end_is_taken_back_where_tokens_hold_the_indentation_too(
    prompt: tuple[int, ...], kept: tuple[int, ...], prefix: bytes
) -> None:
    healed = INDENTED.heal(prompt)
    assert (tuple(healed.tokens), healed.prefix) == (kept, prefix)


def test_after_an_indentation_comes_any_token_that_spells_it() -> None:
    allowed = INDENTED.allowed(b"\n    ")
    assert allowed == [3, 4, 5, 6], "the line end alone, with three spaces, with four, with more"
    assert INDENTED.left(b"\n    ", 4) == b" "
    assert INDENTED.allowed(b" ") == [7, 8, 9]
