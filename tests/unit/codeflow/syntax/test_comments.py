"""Comments in lines of any language."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.comments import is_comment, opens_comment, uncommented


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", True),
        ("  # why", True),
        ("// why", True),
        ("/* why", True),
        (" * why", True),
        ("-- why", True),
        ("<!-- why -->", True),
        # What looks alike and does something.
        ("#[derive(Debug)]", False),
        ("#!/bin/sh", False),
        ("#include <a>", False),
        ("#define A", False),
        ("//go:build linux", False),
        ("# frozen_string_literal: true", False),
        ("a  # why", False),
        ("'# no'", False),
    ],
)
def test_a_line_is_a_comment(line: str, expected: bool) -> None:
    assert is_comment(line) is expected


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("a = 1  # why", "a = 1"),
        ("a = 1 // why\r", "a = 1"),
        ("a = '# no'", "a = '# no'"),
        ('a = " // no"', 'a = " // no"'),
        ("a = b#c", "a = b#c"),
        ("http://x", "http://x"),
        ("  a  ", "a"),
        ("", ""),
    ],
)
def test_the_comment_at_the_end_goes(line: str, code: str) -> None:
    assert uncommented(line) == code


def test_a_comment_is_opened_where_its_other_end_is_elsewhere() -> None:
    assert opens_comment([], ["/* a"])
    assert opens_comment(["a */"], [])
    assert not opens_comment([], ["/* a */"])
    assert not opens_comment(["/*"], ["/* a"])
