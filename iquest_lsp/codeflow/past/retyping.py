"""A history as typing: for each added line, the file as it was the moment before that line was finished.

For a hunk the file's state is the parent's text with the lines above the typed one already in place; the lines that
the hunk removes are gone, and what stands below is still the parent's.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from iquest_lsp import grammars
from iquest_lsp.codeflow.facts import Redact
from iquest_lsp.codeflow.git.commits import MAX_LINE, FileDiff, commits
from iquest_lsp.codeflow.git.repository import Repository

_MAX_TEXT = 400_000
_LEAST_REST = 3


@dataclass(frozen=True, slots=True)
class RetypedLine:
    """One place to complete: `text` is the document with its cursor at (`line`, `column`), both 0-based.

    `expected` is the rest of the line as it was committed; `parent` is the commit whose files surround it, but for
    `finished`, other files of the commit that were written before: the work in progress, as the order of paths has it.
    """

    commit: str
    parent: str
    path: str
    text: str
    line: int
    column: int
    expected: str
    finished: tuple[str, ...] = ()


def retyped_lines(root: Path, count: int, positions: int, seed: int = 0, *, withhold: Redact) -> list[RetypedLine]:
    """At most `positions` lines spread over the last `count` commits without merges, oldest first.

    Lines in a text of which `withhold` says True are passed over. The choice depends on the seed and the commits
    alone. Raises RepositoryError.
    """
    repository = Repository.open(root, withhold)
    chosen: list[list[RetypedLine]] = []
    with repository.blobs() as blobs:
        for commit in commits(
            repository, revisions=(repository.newest(),), limit=count, patch=True, numbers=False, merges=False
        ):
            lines: list[RetypedLine] = []
            there = sorted(file.path for file in commit.files if file.status in ("M", "R", "A"))
            for file in commit.files:
                if not commit.parents or file.status not in ("M", "R", "A") or not grammars.language_of(file.path):
                    continue
                data = blobs.read(file.old_oid) if file.status != "A" else b""
                if data is None or len(data) > _MAX_TEXT:
                    continue
                old = data.decode("utf-8", "replace").split("\n")
                finished = tuple(path for path in there if path < file.path)
                lines += [
                    replace(line, finished=finished) for line in _typed(commit.oid, commit.parents[0], file, old, seed)
                ]
            chosen.append(lines)
    return _spread(chosen, positions, seed, withhold)


@contextmanager
def checked_out(root: Path, withhold: Redact) -> Iterator[Path]:
    """A folder with the repository's history and nothing checked out yet; shares its objects, leaves it untouched."""
    repository = Repository.open(root, withhold)
    with TemporaryDirectory(prefix="iquest-replay-") as folder:
        target = Path(folder) / root.name
        form = repository.run("rev-parse", "--show-object-format").decode().strip()
        repository.run("init", "--quiet", f"--object-format={form}", str(target))
        alternates = target / ".git" / "objects" / "info" / "alternates"
        alternates.write_text(f"{repository.common_dir / 'objects'}\n", "utf-8")
        yield target


def check_out(folder: Path, withhold: Redact, commit: str, after: str = "", finished: Sequence[str] = ()) -> list[str]:
    """Puts a commit's files into such a folder, those `finished` as they are in the commit `after`; returns the paths
    of files that differ from what was there before."""
    repository = Repository.open(folder, withhold)
    different: set[str] = set()
    if repository.head():
        listings = (("diff", "HEAD", "--"), ("diff", "HEAD", commit, "--"), ("ls-files", "--others"))
        different = {name for listing in listings for name in _names(repository, *listing)}
    repository.run("checkout", "--quiet", "--force", "--detach", commit)
    repository.run("clean", "--quiet", "--force", "-d")
    if finished:
        repository.run("restore", f"--source={after}", "--worktree", "--", *finished)
    return sorted(different | set(finished))


def _names(repository: Repository, command: str, *arguments: str) -> list[str]:
    options = ("--name-only", "--no-renames") if command == "diff" else ()
    listed = repository.run(command, *options, "-z", *arguments)
    return [os.fsdecode(name) for name in listed.split(b"\0") if name]


def _typed(commit: str, parent: str, file: FileDiff, old: list[str], seed: int) -> Iterator[RetypedLine]:
    above: list[str] = []
    place = 0
    for hunk in file.hunks:
        if len(hunk.added) != hunk.new_count or any(len(line) >= MAX_LINE for line in hunk.added):
            return  # cut short when it was read
        above += old[place : hunk.old_start]
        place = hunk.old_start + hunk.old_count
        below = old[place:]
        for line in hunk.added:
            column = _cut(line, random.Random(f"{seed} {commit} {file.path} {len(above)}"))
            expected = line[column:].rstrip()
            if len(expected) >= _LEAST_REST and "\r" not in line:
                text = "\n".join([*above, line[:column], *below])
                yield RetypedLine(commit, parent, file.path, text, len(above), column, expected)
            above.append(line)


def _cut(line: str, source: random.Random) -> int:
    """Where the cursor stands: after the indentation, or at a word's border further on."""
    indent = len(line) - len(line.lstrip())
    borders = [match.start() for match in re.finditer(r"(?<=\W)\b|(?<=[(\[{,.=])", line) if match.start() > indent]
    return source.choice([indent, *borders, *borders])


def _spread(groups: list[list[RetypedLine]], positions: int, seed: int, withhold: Redact) -> list[RetypedLine]:
    """As many from each commit as there is room for, so that one large commit does not fill the sample."""
    source = random.Random(seed)
    pools = [source.sample(group, len(group)) for group in groups if group]
    kept: list[tuple[int, RetypedLine]] = []
    while pools and len(kept) < positions:
        for age, pool in enumerate(pools):
            if not pool or len(kept) >= positions:
                continue
            line = pool.pop()
            if not withhold(line.text) and not withhold(line.expected):
                kept.append((-age, line))
        if not any(pools):
            break
    kept.sort(key=lambda item: (item[0], item[1].path, item[1].line))
    return [item for _, item in kept]
