"""What names a commit: revisions, or why one names none, and tags."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from iquest_lsp.codeflow.gaps import GapKind, Gaps
from iquest_lsp.codeflow.git import dates
from iquest_lsp.codeflow.git.processes import GitProcesses
from iquest_lsp.errors import MissingContentsError, RepositoryError, RevisionError

#: What a name can stand for in place of a commit.
_OTHERS = {"tree": "it names a tree", "blob": "it names a file", "tag": "it is a tag of no commit"}
#: REV:PATH, of which a submodule's commit lies in another repository.
_IN_TREE = re.compile(r"[^:{]+:[^/]")


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag: its short name, the commit it points at, and when that was committed (epoch seconds).

    A tag's own date is no guide: light-weight tags have none, and old commits are often tagged late.
    """

    name: str
    commit: str
    time: int


def tags_of(git: GitProcesses, gaps: Gaps) -> list[Tag]:
    """All tags that point at commits, oldest first; those of which an object is missing are told among the gaps."""
    try:
        found = [*_tags(git)]
    except MissingContentsError:
        raise
    except RepositoryError:
        # Git ends at the first tag that it cannot follow.
        found = [*_followed_tags(git, gaps)]
    return sorted(found, key=lambda tag: (tag.time, tag.name))


def _tags(git: GitProcesses) -> Iterator[Tag]:
    names = ("refname:strip=2", "objectname", "committerdate:unix", "objecttype")
    fields = "%00".join([f"%({name})" for name in names] + [f"%(*{name})" for name in names[1:]])
    for line in git.run("for-each-ref", f"--format={fields}", "refs/tags").splitlines():
        name, *own_and_peeled = line.decode("utf-8", "backslashreplace").split("\0")
        oid, time, kind = own_and_peeled[3:] if own_and_peeled[5] else own_and_peeled[:3]
        if kind == "commit":
            yield Tag(name, oid, dates.seconds(time))


def _followed_tags(git: GitProcesses, gaps: Gaps) -> Iterator[Tag]:
    """The same with each tag followed by itself."""
    told = git.run("for-each-ref", "--format=%(refname:strip=2)%00%(objectname)", "refs/tags").splitlines()
    named = [line.decode("utf-8", "backslashreplace").split("\0") for line in told]
    asked = "".join(f"{oid}^{{}}\n" for _, oid in named).encode()
    kinds = [line.decode().split() for line in git.run("cat-file", "--batch-check", stdin=asked).splitlines()]
    if lost := [name for (name, _), kind in zip(named, kinds, strict=True) if kind[1] == "missing"]:
        gaps.add(GapKind.TAGS, *lost)
    commits = {name: kind[0] for (name, _), kind in zip(named, kinds, strict=True) if kind[1] == "commit"}
    if not commits:  # git would tell of HEAD then
        return
    wanted = "".join(f"{oid}\n" for oid in commits.values()).encode()
    rows = git.run("log", "--no-walk=unsorted", "--format=%H %ct", "--stdin", stdin=wanted).decode().splitlines()
    times = dict(row.split() for row in rows)
    for name, oid in commits.items():
        yield Tag(name, oid, dates.seconds(times[oid]))


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
    is_lost = named.isalnum() and not kind and named != revision.lower()
    if is_lost and not _IN_TREE.match(revision):
        raise lost_commit(revision, named)
    if is_lost:
        why, fix = "it names what a commit holds, not one", "Give a commit, a branch or a tag"
    elif kind in _OTHERS:
        why, fix = _OTHERS[kind], "Give a commit, a branch or a tag"
    elif (
        named != revision.lower()
        and git.run("rev-parse", "--revs-only", "--end-of-options", revision, ok=(0, 128)).strip()
    ):
        why, fix = "it stands for several", "Give one commit, or a range A..B"
    elif _is_file(git, revision):
        why, fix = "it is a file", "Give a commit, a branch, a tag or a range; `iquest-lsp why` tells of a file"
    elif is_shallow:
        why, fix = "this clone is shallow, older commits are missing", "Fetch more history with `git fetch --unshallow`"
    elif not _parsed(git, "HEAD"):
        why, fix = "the branch has no commit yet", "Without a revision, the working tree is meant"
        fix = "" if git.bare else fix
    raise RevisionError(f"{revision!r} names no commit", why=why, fix=fix)


def lost_commit(name: str, oid: str) -> RepositoryError:
    """The error of a name whose commit is not there."""
    return RepositoryError(
        "The repository is damaged",
        why=f"the commit of {name}, {oid[:10]}, is missing",
        fix="Check it with `git fsck`, or clone it again",
    )


def _is_file(git: GitProcesses, name: str) -> bool:
    path = PurePath(name)
    try:
        return not git.bare and not path.is_absolute() and ".." not in path.parts and (git.top / path).is_file()
    except (OSError, ValueError):
        return False


def _is_no_name(text: str) -> bool:
    """Whether a text holds what no program can be given: half of a surrogate pair."""
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return True
    return False


def _parsed(git: GitProcesses, name: str) -> str:
    return git.run("rev-parse", "--verify", "--quiet", "--end-of-options", name, ok=(0, 1, 128)).decode().strip()
