"""How sentences are put together."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.wording.phrases import escape, left_out_line, listed, prose, say


@pytest.mark.parametrize(
    ("names", "limit", "expected"),
    [
        ([], 3, ""),
        (["a"], 3, "`a`"),
        (["a", "b", "c"], 3, "`a`, `b`, `c`"),
        (["a", "b", "c", "d"], 3, "`a`, `b`, `c` and 1 more"),
        (["a", "b", "c"], 1, "`a` and 2 more"),
    ],
)
def test_names_are_listed_as_code(names: list[str], limit: int, expected: str) -> None:
    assert listed(names, limit) == expected


def test_one_commit_is_told_in_the_singular() -> None:
    assert left_out_line(1).startswith("1 commit is ")
    assert left_out_line(2).startswith("2 commits are ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ""), ("a*b", "a\\*b"), ("`a*b` c*d", "`a*b` c\\*d"), ("__init__", "\\_\\_init\\_\\_"), ("a < b", "a \\< b")],
)
def test_names_in_a_sentence_are_shown_as_they_are(text: str, expected: str) -> None:
    assert prose(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain", "plain"),
        ("a\nb", "a b"),
        ("![x](y) <b> `c` #1 | _d_ *e* \\", "!\\[x\\](y) \\<b\\> \\`c\\` \\#1 \\| \\_d\\_ \\*e\\* \\\\"),
    ],
)
def test_a_text_from_outside_is_no_markdown(text: str, expected: str) -> None:
    assert escape(text) == expected


def test_values_with_braces_are_no_templates() -> None:
    assert say("{} is {}", "{a}", 1) == "{a} is 1"
