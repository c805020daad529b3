"""Lines of a log or diff as far as their objects are there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from iquest_lsp.codeflow.gaps import Gap, GapKind, Gaps
from iquest_lsp.codeflow.git.told_lines import told_lines
from iquest_lsp.errors import MissingContentsError

LOST, KEPT = b"1" * 40, b"2" * 40


class Git:
    """Answers as git does in a clone that lacks an object: it tells some lines, and ends."""

    def __init__(self, told: list[bytes]) -> None:
        self.told = told
        self.asked: list[tuple[str, ...]] = []

    def lines(self, *args: str, **_: object) -> Iterator[bytes]:
        self.asked.append(args)
        if "-z" in args:
            head = b":100644 100644 %s %s M"
            yield b"\0".join((head % (LOST, KEPT), b"lost.py", head % (KEPT, KEPT), b"kept.py", b""))
        elif "--patch" in args and "kept.py" not in args:
            yield from self.told
            raise MissingContentsError("gone")
        elif "kept.py" in args:
            yield b"kept\n"
        else:
            yield from (b"\0C\0one\0E\n", b"\0C\0two\0E\n", b"\0C\0three\0E\n")

    def run(self, *_: str, stdin: bytes) -> bytes:
        return b"\n".join(oid + (b" missing" if oid == LOST else b" blob 1") for oid in stdin.split())


def told(git: Git, *args: str, is_partial: bool = False) -> tuple[list[bytes], tuple[Gap, ...]]:
    gaps, made = Gaps(), Git(git.told)
    some: Any = made
    lines = list(told_lines(some, gaps, args, ["--", "."], is_partial=is_partial))
    git.asked = made.asked
    return lines, gaps.told()


def test_a_log_goes_on_without_contents_from_the_commit_that_lacks_them() -> None:
    git = Git([b"\0C\0one\0E\n", b"diff\n"])
    lines, gaps = told(git, "log", "--patch")
    assert lines == [b"\0C\0one\0E\n", b"diff\n", b"\0C\0two\0E\n", b"\0C\0three\0E\n"]
    assert gaps == (Gap(GapKind.OLDER),)
    assert "--patch" not in git.asked[-1]


def test_a_diff_leaves_out_the_files_that_are_lost() -> None:
    lines, gaps = told(Git([b"diff\n"]), "diff", "--patch")
    assert lines == [b"kept\n"]
    assert gaps == (Gap(GapKind.ABSENT, ("lost.py",)),)


@pytest.mark.parametrize("command", ["log", "diff"])
def test_a_partial_clone_tells_only_which_files_changed(command: str) -> None:
    lines, gaps = told(Git([]), command, "--patch", is_partial=True)
    assert len(lines) == 3
    assert gaps == (Gap(GapKind.OLDER),)


def test_where_all_is_there_nothing_is_missing() -> None:
    lines, gaps = told(Git([]), "log", "--raw")
    assert (len(lines), gaps) == (3, ())
