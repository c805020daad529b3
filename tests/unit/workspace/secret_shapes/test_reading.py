"""Whether a value reads like a secret."""

from __future__ import annotations

import pytest

from iquest_lsp.workspace.secret_shapes.reading import entropy, is_placeholder, looks_secret


@pytest.mark.parametrize(
    ("text", "bits"), [("", 0.0), ("aaaa", 0.0), ("abab", 1.0), ("abcd", 2.0), ("0123456789abcdef", 4.0)]
)
def test_how_mixed_a_text_is(text: str, bits: float) -> None:
    assert entropy(text) == pytest.approx(bits)


@pytest.mark.parametrize("value", ["changeme", "your-password", "<token>", "${TOKEN}", "xxxxxxxx", "example"])
def test_what_stands_for_a_secret_is_none(value: str) -> None:
    assert is_placeholder(value)
    assert not looks_secret(value)


def test_a_random_value_is_no_placeholder() -> None:
    value = "".join(chr(97 + (number * 7 + number // 3) % 26) + str(number % 10) for number in range(16))
    assert not is_placeholder(value)
    assert looks_secret(value)
