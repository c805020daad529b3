"""The lines around a cursor that a model may rewrite."""

from __future__ import annotations

import pytest

from iquest_lsp.nextedit.formats.regions import Rows, around, size, tokens

TEXT = "\n".join(f"line {number:04}" for number in range(100))  # three tokens each


def test_lines_have_their_places_and_their_costs() -> None:
    rows = Rows.of("abc\n\nüü字\r\n")
    assert (list(rows.starts), list(rows.costs)) == ([0, 4, 5, 10], [1, 1, 2, 1])
    assert [rows.at(offset) for offset in (0, 3, 4, 5, 9)] == [0, 0, 1, 2, 2]
    assert (rows.span(0, 0), rows.span(0, 3)) == ((0, 3), (0, 10))
    assert rows.cost(0, 3) == 4


def test_sizes_are_bytes_and_tokens_three_of_them() -> None:
    assert (size("ü字"), size("\ud800"), size("")) == (5, 3, 0)
    assert (tokens(2), tokens(9)) == (0, 3)


@pytest.mark.parametrize("line", [0, 50, 99])
def test_lines_grow_around_the_cursor_within_the_budget(line: int) -> None:
    rows = Rows.of(TEXT)
    (first, last), (above, below) = around(rows, line * 10, (), 30, 30)
    assert first <= line <= last
    assert rows.cost(first, last + 1) <= 30 + 3
    assert above <= first
    assert below >= last
    assert rows.cost(above, below + 1) <= 60 + 3


def test_what_syntax_encloses_is_taken_whole() -> None:
    rows = Rows.of(TEXT)
    block = (45 * 10, 58 * 10)
    (first, last), _ = around(rows, 500, (block,), 45, 0)
    assert first <= 45
    assert last >= 58 or rows.cost(45, 59) > 45


def test_a_text_of_one_line_is_all_there_is() -> None:
    assert around(Rows.of(""), 0, (), 10, 10) == ((0, 0), (0, 0))
    assert around(Rows.of("a" * 9999), 5, (), 10, 10) == ((0, 0), (0, 0))
