"""Which files name what a change names."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.past.name_mentions import MAX_TEXT, changed_words, mentions, weights_of, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", set()),
        (b"read_all(ab, Shop)", {b"read_all", b"Shop"}),
        (b"a bb 12 123 _x1", {b"_x1"}),
        (b"\0read", set()),
        (b"read" + b" " * MAX_TEXT, set()),
        (b"\xffread\r\nall", {b"read", b"all"}),
    ],
)
def test_words_of_a_text(text: bytes, words: set[bytes]) -> None:
    assert words_of(text) == words


def test_a_rare_word_tells_more_than_a_common_one() -> None:
    texts = {f"{number}": frozenset({b"common"}) for number in range(10)}
    texts |= {"x": frozenset({b"common", b"rare"}), "y": frozenset({b"some"}), "z": frozenset({b"some"})}
    weights = weights_of(frozenset({b"common", b"rare", b"some", b"other"}), texts)
    assert set(weights) == {b"rare", b"some"}
    assert weights[b"rare"] > weights[b"some"] > 0


def test_a_short_file_names_a_word_more_densely_than_a_long_one() -> None:
    texts = {
        "short": frozenset({b"rare"}),
        "long": frozenset({b"rare", *(b"w%d" % n for n in range(999))}),
        "none": frozenset(),
    }
    found = mentions({b"rare": 1.0}, texts)
    assert found["short"] > found["long"] > found["none"] == 0.0


def test_words_of_changed_lines() -> None:
    assert changed_words(["read(a)", "writeAll()"]) == {b"read", b"writeAll"}
    assert changed_words([]) == frozenset()
    assert changed_words(["\ud800abc"]) == {b"abc"}
