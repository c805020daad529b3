"""Ids of commits that a text cites."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.git.citations import cited

ID = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", []),
        (f"since {ID}.", [ID]),
        ("abc1234 and 1234abc, abc1234 again", ["abc1234", "1234abc"]),
        # Words, numbers, short ones, and parts of other names.
        ("defaced effaced", []),
        ("12345678", []),
        ("abc123", []),
        ("x-abc1234 a/abc1234 v1.abc1234 abc1234-x", []),
        (f"{ID}0", []),
        ("ABC1234", []),
    ],
)
def test_ids_are_told_from_words_and_numbers(text: str, ids: list[str]) -> None:
    assert cited(text) == ids
