"""Commits and diffs as git prints them."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.git.commits import MAX_LINE, Commit, FileDiff, Hunk, read_commits, read_diff, unquote

RAW = b":100644 100644 1111111 2222222 M\ta.py\n"


def diff(*lines: bytes) -> tuple[FileDiff, ...]:
    return read_diff(lines)


def test_nothing_is_no_diff() -> None:
    assert diff() == ()


def test_a_file_has_its_counts_and_its_hunks() -> None:
    (found,) = diff(
        RAW,
        b"2\t1\ta.py\n",
        b"\n",
        b"diff --git a/a.py b/a.py\n",
        b"@@ -1 +1,2 @@ def f():\n",
        b"-old\n",
        b"+new\n",
        b"+more\n",
        b"\\ No newline at end of file\n",
        b"@@ -8,0 +10 @@\n",
        b"+last\r\n",
    )
    assert (found.path, found.status, found.added, found.removed) == ("a.py", "M", 2, 1)
    assert found.hunks == (
        Hunk(0, 1, 0, 2, ("old",), ("new", "more"), "def f():"),
        Hunk(8, 0, 9, 1, (), ("last\r",)),
    )


def test_lines_that_look_like_heads_are_lines() -> None:
    (found,) = diff(
        RAW,
        b"2\t1\ta.py\n",
        b"diff --git a/a.py b/a.py\n",
        b"@@ -1 +1,2 @@\n",
        b"--- a/b\n",
        b"+@@ -1 +1 @@\n",
        b"+diff --git a/b b/b\n",
    )
    assert found.hunks == (Hunk(0, 1, 0, 2, ("-- a/b",), ("@@ -1 +1 @@", "diff --git a/b b/b")),)


def test_a_last_line_that_only_gets_an_end_is_no_change_of_it() -> None:
    (found,) = diff(RAW, b"2\t1\ta.py\n", b"diff --git a/a.py b/a.py\n", b"@@ -3 +3,2 @@\n", b"-a\n", b"+a\n", b"+b\n")
    assert found.hunks == (Hunk(3, 0, 3, 1, (), ("b",)),)


def test_renames_binaries_and_submodules() -> None:
    renamed, binary, module = diff(
        b":100644 100644 1111111 1111111 R100\told.py\tnew.py\n",
        b":100644 100644 1111111 2222222 M\ta.png\n",
        b":160000 160000 1111111 2222222 M\tinner\n",
        b"0\t0\told.py => new.py\n",
        b"-\t-\ta.png\n",
        b"1\t1\tinner\n",
    )
    assert (renamed.path, renamed.old_path, renamed.status) == ("new.py", "old.py", "R")
    assert (binary.binary, binary.added, module.submodule, renamed.submodule) == (True, -1, True, False)


def test_a_new_file_has_no_old_id() -> None:
    (found,) = diff(b":000000 100644 0000000 2222222 A\ta.py\n", b"1\t0\ta.py\n")
    assert (found.old_oid, found.new_oid) == ("", "2222222")


def test_long_lines_and_odd_bytes_are_kept_within_bounds() -> None:
    (found,) = diff(
        RAW, b"1\t0\ta.py\n", b"diff --git a/a.py b/a.py\n", b"@@ -0,0 +1 @@\n", b"+\xff" + b"a" * 9999 + b"\n"
    )
    assert found.hunks[0].added == ("\ufffd" + "a" * (MAX_LINE - 1),)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (b"a b", b"a b"),
        (b'"a\\tb"', b"a\tb"),
        (b'"\\303\\274"', "ü".encode()),
        (b'"a\\"b\\\\c"', b'a"b\\c'),
        (b'"', b'"'),
        (b"", b""),
    ],
)
def test_quotes_of_git_are_undone(name: bytes, path: bytes) -> None:
    assert unquote(name) == path


def commit(message: str, *lines: bytes) -> Commit:
    fields = ("c" * 40, "a" * 40, "Ada", "ada@x.org", "1700000000", "2023-11-14T23:30:00+02:00", "1700000001", message)
    record = b"\0C\0" + "\0".join(fields).encode() + b"\0E\n"
    (found,) = read_commits([*record.splitlines(keepends=True), *lines])
    return found


@pytest.mark.parametrize(
    ("message", "subject", "body"),
    [
        ("", "", ""),
        ("Fix it\n\nIt broke.\n", "Fix it", "It broke."),
        ("Fix it\nIt broke.", "Fix it", "It broke."),
        # A sentence that is broken over two lines is one subject.
        (
            "Handle all the files that are empty or hold nothing but\nwhite space",
            "Handle all the files that are empty or hold nothing but white space",
            "",
        ),
        ("Red \x1b[31mtext\x07", "Red [31mtext", ""),
    ],
)
def test_a_message_has_a_subject_and_a_body(message: str, subject: str, body: str) -> None:
    found = commit(message)
    assert (found.subject, found.body) == (subject, body)


def test_a_commit_has_its_author_its_day_and_its_files() -> None:
    found = commit("Fix it", b"\n", RAW, b"1\t1\ta.py\n")
    assert (found.author, found.email, found.date, found.committed) == ("Ada", "ada@x.org", "2023-11-14", 1_700_000_001)
    assert [item.path for item in found.files] == ["a.py"]
    assert not found.merge
