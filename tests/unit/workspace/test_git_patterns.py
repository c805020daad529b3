"""git's pattern language."""

from __future__ import annotations

import pytest

from iquest_lsp.workspace.git_patterns import parse_lines, parse_pattern


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("a.py", "a.py", True),
        ("a.py", "b/a.py", True),
        ("/a.py", "b/a.py", False),
        ("b/a.py", "b/a.py", True),
        ("*.py", "b/a.py", True),
        ("b/*.py", "b/c/a.py", False),
        ("b/**/a.py", "b/c/d/a.py", True),
        ("b/**/a.py", "b/a.py", True),
        ("**/a.py", "a.py", True),
        ("b/**", "b/c/a.py", True),
        ("?.py", "ü.py", False),  # two bytes
        ("[a-c].py", "b.py", True),
        ("[!a-c].py", "b.py", False),
        ("[[:digit:]]", "7", True),
        ("\\*", "*", True),
        ("\\*", "a", False),
        ("a[", "a[", False),
        ("a\\", "a\\", False),
        ("", "", False),
    ],
)
def test_a_pattern_speaks_of_a_path(pattern: str, path: str, expected: bool) -> None:
    found = parse_pattern(pattern.encode())
    raw = path.encode()
    assert found.matches(raw, raw.rpartition(b"/")[2], is_folder=False) is expected


def test_folders_negation_and_case() -> None:
    found = parse_pattern(b"!out/")
    assert (found.negated, found.folders_only, found.by_name) == (True, True, True)
    assert found.matches(b"out", b"out", is_folder=True)
    assert not found.matches(b"out", b"out", is_folder=False)
    assert parse_pattern(b"A.py", ignore_case=True).matches(b"a.PY", b"a.PY", is_folder=False)


def test_lines_of_a_file_without_comments_and_blanks() -> None:
    data = b"\xef\xbb\xbf# no\r\n\r\na  \r\n\\#b\nc\\ \n[\n"
    assert [item.text for item in parse_lines(data)] == ["a", "\\#b", "c\\ "]


def test_no_pattern_takes_long() -> None:
    hostile = parse_pattern(b"*a" * 40 + b"b")
    assert not hostile.matches(b"a" * 400, b"a" * 400, is_folder=False)
