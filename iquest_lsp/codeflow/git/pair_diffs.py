"""Diffs of single files between pairs of commits, all from one running git process."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from iquest_lsp.codeflow.git.commits import FileDiff, read_diff
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.errors import MissingContentsError, RepositoryError

_SENTINEL = b"end of pair\n"


class PairDiffs:
    """What changed between a commit and one of its ancestors, with hunks as `git blame` sees them.

    `git diff-tree --stdin` takes a commit and the parent to compare it with, and repeats lines that are no commit:
    such a line marks the end of each answer.
    """

    def __init__(self, process: subprocess.Popen[bytes], *, is_partial: bool = False) -> None:
        self._process = process
        self._is_partial = is_partial

    def read(self, old: str, new: str) -> tuple[FileDiff, ...]:
        """The files that differ from commit `old` to commit `new`.

        Raises MissingContentsError where git ended in a clone that lacks contents, RepositoryError.
        """
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(f"{new} {old}\n".encode() + _SENTINEL)
            stdin.flush()
        except BrokenPipeError as error:
            raise self._ended() from error
        return read_diff(self._until_sentinel())

    def _until_sentinel(self) -> Iterator[bytes]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line == _SENTINEL:
                return
            yield line
        raise self._ended()

    def _ended(self) -> RepositoryError:
        if self._is_partial:
            return MissingContentsError("This clone lacks the contents of files that were compared")
        # Git ends where it finds an object missing or damaged.
        return MissingContentsError("git stopped while commits were compared", fix="Check with `git fsck`")


@contextmanager
def pair_diffs(repository: Repository, paths: tuple[str, ...], *, patch: bool = True) -> Iterator[PairDiffs]:
    """Diffs limited to `paths` (none: whole commits); without `patch` only which files changed, renames found."""
    form = ["--patch", "--unified=0"] if patch else []
    # Blame's own algorithm: another one would give some lines to other commits.
    algorithm = ["--diff-algorithm=myers", "--indent-heuristic"]
    args = ["diff-tree", "--stdin", "-r", "--root", "--no-commit-id", "--raw", *form, *repository.diff_form, *algorithm]
    with repository.pipe(*args, *([] if patch else ["-l1000"]), "--", *paths) as process:
        yield PairDiffs(process, is_partial=repository.is_partial)
