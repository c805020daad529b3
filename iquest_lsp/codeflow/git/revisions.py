"""Which commit a revision names, or why it names none."""

from __future__ import annotations

import os

from iquest_lsp.codeflow.git.processes import GitProcesses
from iquest_lsp.errors import RevisionError

#: What a name can stand for in place of a commit.
_OTHERS = {"tree": "it names a tree", "blob": "it names a file", "tag": "it is a tag of no commit"}


def commit_of(git: GitProcesses, revision: str, *, is_shallow: bool) -> str:
    """The commit id of `revision`. Raises RevisionError, and RepositoryError where git answers nothing."""
    if "\0" in revision or "\n" in revision or not revision or _is_no_name(revision):
        raise RevisionError(f"{revision!r} names no commit", fix="Give a commit, a branch or a tag")
    oid = _parsed(git, f"{revision}^{{commit}}")
    if oid and not oid.startswith("^"):  # as `^HEAD` is read
        return oid
    git.run("rev-parse", "--git-dir")  # what keeps git from answering at all is told as such
    # Behind `:/TEXT` all is text, what asks for a commit too.
    named = _parsed(git, revision)
    kind = git.run("cat-file", "-t", named, ok=(0, 128)).decode().strip() if named else ""
    if kind == "commit" and not named.startswith("^"):
        return named
    why, fix = "git does not know it", "Check it with `git log`"
    if kind in _OTHERS:
        why, fix = _OTHERS[kind], "Give a commit, a branch or a tag"
    elif git.run("rev-parse", "--revs-only", "--end-of-options", revision, ok=(0, 128)).strip():
        why, fix = "it stands for several", "Give one commit, or a range A..B"
    elif is_shallow:
        why, fix = "this clone is shallow, older commits are missing", "Fetch more history with `git fetch --unshallow`"
    elif not _parsed(git, "HEAD"):
        why, fix = "the branch has no commit yet", "Without a revision, the working tree is meant"
        fix = "" if git.bare else fix
    raise RevisionError(f"{revision!r} names no commit", why=why, fix=fix)


def _is_no_name(text: str) -> bool:
    """Whether a text holds what no program can be given: half of a surrogate pair."""
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return True
    return False


def _parsed(git: GitProcesses, name: str) -> str:
    return git.run("rev-parse", "--verify", "--quiet", "--end-of-options", name, ok=(0, 1, 128)).decode().strip()
