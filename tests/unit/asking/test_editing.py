"""What a model's answer becomes before it takes a selection's place."""

from __future__ import annotations

import pytest

from iquest_lsp.asking.editing import fitted, new_text
from iquest_lsp.context.chat import MAX_FENCE, block_rules, fence_around
from iquest_lsp.errors import UsageError


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("```python\nx = 1\n```", "x = 1"),
        ("Here it is:\n\n```\nx = 1\n\ny = 2\n```\nDone.", "x = 1\n\ny = 2"),
        ("~~~~\na ``` b\n~~~~", "a ``` b"),
        ("\n    return 1\n", "    return 1"),
    ],
)
def test_the_code_of_an_answer_is_that_of_its_block(said: str, text: str) -> None:
    assert new_text(said) == text


@pytest.mark.parametrize("said", ["", "  \n", "```\n\n```"])
def test_an_answer_without_text_is_an_error(said: str) -> None:
    with pytest.raises(UsageError, match="no text"):
        new_text(said)


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("    return a\n", "return b", "    return b\n"),
        ("    if a:\n        b()\n", "if a:\n    c()\n", "    if a:\n        c()\n"),
        ("    return a", "    return b\n", "    return b"),
        ("if a:\n    b()", "if a:\n    c()\n    d()\n", "if a:\n    c()\n    d()"),
        ("    a()\n", "\tb()", "\tb()\n"),
        ("\tx()\r\n", "\ty()\n", "\ty()\r\n"),
        ("def f():\n    pass\n", "def f():\n\n    return 1", "def f():\n\n    return 1\n"),
    ],
)
def test_the_new_text_stands_where_the_old_one_stood(old: str, new: str, text: str) -> None:
    assert fitted(old, new) == text


@pytest.mark.parametrize(
    ("text", "fence"), [("x = '```'", "```"), ("Say:\n```\nx\n```", "````"), ("- a\n  ````\n", "`````")]
)
def test_no_line_of_a_text_ends_the_fence_around_it(text: str, fence: str) -> None:
    assert fence_around(text) == fence


def test_a_row_of_backticks_is_no_fence_that_rules_are_made_for() -> None:
    assert block_rules("`" * MAX_FENCE)
    assert block_rules("`" * (MAX_FENCE + 1)) == ""
