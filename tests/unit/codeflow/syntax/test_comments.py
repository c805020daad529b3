"""Comments in lines of any language."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.comments import is_comment, opens_comment, rewraps, uncommented


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


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("_ => {/* nothing else */},", "_ => {},"),
        ("turn(a, /* by */ 2); // twice", "turn(a,  2);"),
        # A text and a pattern of files hold no comment, and two slashes may divide.
        ("glob('/* a */')", "glob('/* a */')"),
        ("files: **/*.ts,**/*.js", "files: **/*.ts,**/*.js"),
        ("h, m = divmod(abs(offset // 60), 60)", "h, m = divmod(abs(offset // 60), 60)"),
        ("half = size // 2", "half = size // 2"),
        ("int a; // 5 of them", "int a;"),
        ("turn(a); /* by", "turn(a); /* by"),
        ("turn(a, /*/ by */ 2); /*/", "turn(a,  2); /*/"),
    ],
)
def test_a_line_without_its_comments(line: str, code: str) -> None:
    assert uncommented(line) == code


@pytest.mark.parametrize(
    ("removed", "added", "expected"),
    [
        (["# one two", "# three"], ["# one", "# two three"], True),
        (["/** One two. */"], ["/**", " * One", " * two.", " */"], True),
        (['    """One two', '    three."""'], ['    """One two three."""'], True),
        (["# one two"], ["# one three"], False),
        # What stands elsewhere is not laid out anew.
        (["# one two"], ["    # one two"], False),
    ],
)
def test_comments_with_the_same_words_in_other_lines(removed: list[str], added: list[str], expected: bool) -> None:
    assert rewraps(removed, added) is expected
