"""Where a line stood that a commit brought as part of a block which it took out elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from iquest_lsp.codeflow.git.commits import FileDiff, read_diff
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.following.tracking import Turn

#: A block that is recognised where it stands now has so many lines, and so many letters and digits: as many as git's
#: own blame asks of what it follows to another file.
LEAST_LINES, LEAST_SIGNS = 3, 40
#: A commit on more files than these is looked through for the line's own file alone.
MAX_FILES = 40


def came_from(repository: Repository, oid: str, path: str, line: int) -> Turn | None:
    """The place (0-based) of a line before the commit `oid`, which has it at `line` of `path` now; None if it is new.

    Lines are alike whatever stands before and behind them, as for `git blame -w -M -C`. Raises RepositoryError.
    """
    parents = repository.parents(oid)
    if len(parents) != 1:
        return None
    files = read_diff(repository.diff(parents[0], oid))
    own = next((item for item in files if item.path == path), None)
    if own is None:
        return None
    added, at = _added(own, line)
    if not added:
        return None
    others = [item for item in files if item is not own] if len(files) <= MAX_FILES else []
    alike = [item for item in others if PurePosixPath(item.path).suffix == PurePosixPath(path).suffix]
    best, found = LEAST_SIGNS - 1, None
    for item in (own, *alike):
        for where, signs in _matches(item, added, at):
            if signs > best:
                best, found = signs, Turn(parents[0], item.old_path or item.path, where, line)
    return found


def _added(item: FileDiff, line: int) -> tuple[Sequence[str], int]:
    """The lines that come together with one, and its place among them; nothing where it does not come."""
    for hunk in item.hunks:
        if hunk.new_start <= line < hunk.new_start + len(hunk.added):
            return hunk.added, line - hunk.new_start
    return (), 0


def _matches(item: FileDiff, added: Sequence[str], at: int) -> Iterator[tuple[int, int]]:
    """Where a line stands among those that a diff takes out, each with how much around it is the same."""
    new = [line.strip() for line in added]
    for hunk in item.hunks:
        old = [line.strip() for line in hunk.removed]
        for place in (place for place, line in enumerate(old) if line == new[at]):
            first = last = 0
            while first < min(at, place) and new[at - first - 1] == old[place - first - 1]:
                first += 1
            while last < min(len(new) - at, len(old) - place) - 1 and new[at + last + 1] == old[place + last + 1]:
                last += 1
            same = [line for line in new[at - first : at + last + 1] if line]
            if len(same) >= LEAST_LINES:
                yield hunk.old_start + place, sum(map(str.isalnum, "".join(same)))
