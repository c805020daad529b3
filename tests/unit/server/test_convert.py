"""Places in messages that the protocol has no type for."""

from __future__ import annotations

import pytest

from iquest_lsp.datatypes import Position
from iquest_lsp.server.convert import is_count, place_in
from iquest_lsp.workspace.positions import LineIndex

LINES = LineIndex("é = 1\nb = 2\n")


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"line": 1, "character": 3}, Position(1, 3)),
        ({"line": 0, "character": 99}, Position(0, 5)),
        ({"line": 2**31 - 1, "character": 0}, Position(2, 0)),
        ({"line": 2**31, "character": 0}, None),
        ({"line": 0, "character": 10**40}, None),
        ({"line": -1, "character": 0}, None),
        ({"line": True, "character": 0}, None),
        ({"line": 1.0, "character": 0}, None),
        ({"line": 1}, None),
        ([1, 0], None),
        (None, None),
    ],
)
def test_a_place_is_what_the_protocol_calls_one(given: object, place: Position | None) -> None:
    assert place_in(given, LINES, "utf-16") == place


@pytest.mark.parametrize("number", [0, 1, 2**31 - 1])
def test_a_count(number: int) -> None:
    assert is_count(number)
    assert not is_count(number + 2**31)
