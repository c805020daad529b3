"""Lines of a log or diff as far as their objects are there: clones may be partial, and objects lost."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from iquest_lsp.codeflow.gaps import GapKind, Gaps
from iquest_lsp.codeflow.git.path_bytes import decode_path
from iquest_lsp.codeflow.git.processes import GitProcesses
from iquest_lsp.errors import MissingContentsError

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
    if not is_partial:
        readable = _readable_log if args[0] == "log" else _readable_diff
        return readable(git, gaps, args, about, stdin, overrides)
    try:
        return iter(list(git.lines(*args, *about, stdin=stdin, overrides=overrides)))
    except MissingContentsError:
        gaps.add(GapKind.ABSENT, "older commits")
        lean = [arg for arg in args if arg not in _OF_CONTENTS]
        return git.lines(*lean, "--no-renames", *about, stdin=stdin, overrides=overrides)


def _readable_log(
    git: GitProcesses,
    gaps: Gaps,
    args: Sequence[str],
    about: Sequence[str],
    stdin: bytes | None,
    overrides: Sequence[tuple[str, str]],
) -> Iterator[bytes]:
    """Lines of a log; from the commit on of which an object is missing, only which files changed."""
    heads = 0
    try:
        for line in git.lines(*args, *about, stdin=stdin, overrides=overrides):
            heads += line.startswith(_RECORD)
            yield line
    except MissingContentsError:
        gaps.add(GapKind.ABSENT, "older commits")
        lean = [arg for arg in args if arg not in _OF_CONTENTS]
        for line in git.lines(*lean, "--no-renames", *about, stdin=stdin, overrides=overrides):
            heads -= line.startswith(_RECORD)
            if heads < 0:
                yield line


def _readable_diff(
    git: GitProcesses,
    gaps: Gaps,
    args: Sequence[str],
    about: Sequence[str],
    stdin: bytes | None,
    overrides: Sequence[tuple[str, str]],
) -> Iterator[bytes]:
    """Lines of a diff without the files of which an object is missing; these are among the gaps."""
    try:
        return iter(list(git.lines(*args, *about, stdin=stdin, overrides=overrides)))
    except MissingContentsError:
        listed = ["diff", "--raw", "--no-abbrev", "--no-renames", "--ignore-submodules=dirty", "-z"]
        parts = b"".join(git.lines(*listed, *about, overrides=overrides)).split(b"\0")
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
        return git.lines(*args, *between, *kept, stdin=stdin, overrides=overrides) if kept else iter(())
