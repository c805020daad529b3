"""Lines of a log or diff as far as their objects are there: clones may be partial, and objects lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from iquest_lsp.codeflow.gaps import GapKind, Gaps
from iquest_lsp.codeflow.git.path_bytes import decode_path
from iquest_lsp.codeflow.git.processes import GitProcesses
from iquest_lsp.errors import MissingContentsError

#: The lines of one git command.
_Read = Callable[..., Iterator[bytes]]
#: How a commit's record starts.
_RECORD = b"\0C\0"

#: What a log or diff cannot tell without the contents of files.
_OF_CONTENTS = frozenset({"--numstat", "--patch", "--unified=0", "--find-renames=50%", "--follow"})


def told_lines(
    git: GitProcesses,
    gaps: Gaps,
    args: Sequence[str],
    about: Sequence[str],
    *,
    stdin: bytes | None = None,
    overrides: Sequence[tuple[str, str]] = (),
    is_partial: bool,
) -> Iterator[bytes]:
    """Lines of a log or diff; where a clone lacks the contents, only which files changed."""
    read = partial(git.lines, stdin=stdin, overrides=overrides)
    if not is_partial:
        log = args[0] == "log"
        return _readable_log(read, gaps, args, about) if log else _readable_diff(git, read, gaps, args, about)
    try:
        return iter(list(read(*args, *about)))
    except MissingContentsError:
        return _files_alone(read, gaps, args, about)


def _files_alone(read: _Read, gaps: Gaps, args: Sequence[str], about: Sequence[str]) -> Iterator[bytes]:
    """The lines of a log or diff that tell only which files changed; that the rest is missing is a gap."""
    gaps.add(GapKind.OLDER)
    return read(*(arg for arg in args if arg not in _OF_CONTENTS), "--no-renames", *about)


def _readable_log(read: _Read, gaps: Gaps, args: Sequence[str], about: Sequence[str]) -> Iterator[bytes]:
    """Lines of a log; from the commit on of which an object is missing, only which files changed."""
    heads = 0
    try:
        for line in read(*args, *about):
            heads += line.startswith(_RECORD)
            yield line
    except MissingContentsError:
        for line in _files_alone(read, gaps, args, about):
            heads -= line.startswith(_RECORD)
            if heads < 0:
                yield line


def _readable_diff(
    git: GitProcesses, read: _Read, gaps: Gaps, args: Sequence[str], about: Sequence[str]
) -> Iterator[bytes]:
    """Lines of a diff without the files of which an object is missing; these are among the gaps."""
    try:
        return iter(list(read(*args, *about)))
    except MissingContentsError:
        listed = ["diff", "--raw", "--no-abbrev", "--no-renames", "--ignore-submodules=dirty", "-z"]
        parts = b"".join(read(*listed, *about)).split(b"\0")
        changed = [(head.split()[2:4], path) for head, path in zip(parts[::2], parts[1::2], strict=False)]
        asked = b"".join(oid + b"\n" for oids, _ in changed for oid in oids if oid.strip(b"0"))
        checked = git.run("cat-file", "--batch-check", stdin=asked).split(b"\n")
        lost = {line.split()[0] for line in checked if line.endswith(b" missing")}
        paths = [path for oids, path in changed if not lost.isdisjoint(oids)]
        if not paths:
            raise
        gaps.add(GapKind.ABSENT, *map(decode_path, paths))
        kept = [os.fsdecode(path) for _, path in changed if path not in paths]
        between = about[: about.index("--") + 1]
        return read(*args, *between, *kept) if kept else iter(())
