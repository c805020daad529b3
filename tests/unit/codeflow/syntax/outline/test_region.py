"""Parts of files: long names, and parts inside others."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.outline.region import MAX_NAME, Region, is_shortened, nested, shortened


@pytest.mark.parametrize(
    ("name", "kept", "is_cut"),
    [
        ("", "", False),
        ("a" * MAX_NAME, "a" * MAX_NAME, False),
        ("a" * (MAX_NAME + 1), "a" * (MAX_NAME - 1) + "…", True),
        ("ж" * 1000, "ж" * (MAX_NAME - 1) + "…", True),
        ("short…", "short…", False),
    ],
)
def test_a_long_name_is_cut_with_a_mark(name: str, kept: str, is_cut: bool) -> None:
    assert shortened(name) == kept
    assert is_shortened(shortened(name)) is is_cut


def test_a_part_goes_to_the_next_head_that_is_no_deeper() -> None:
    heads = [(0, 1, "section", "A"), (2, 2, "section", "B"), (4, 3, "section", "C"), (6, 2, "section", "D")]
    assert nested(heads, 8, "/") == (
        Region("A", "section", 0, 8),
        Region("A/B", "section", 2, 6),
        Region("A/B/C", "section", 4, 6),
        Region("A/D", "section", 6, 8),
    )


def test_without_heads_there_is_no_part() -> None:
    assert nested([], 10, ".") == ()


def test_levels_that_are_left_out_count_as_one() -> None:
    assert [item.name for item in nested([(0, 1, "s", "A"), (1, 6, "s", "B"), (2, 3, "s", "C")], 3, ".")] == [
        "A",
        "A.B",
        "A.C",
    ]
