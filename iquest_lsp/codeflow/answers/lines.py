"""Who brought a line, and which lines of a file are newer than the last release: both as git itself tells them."""

from __future__ import annotations

from dataclasses import dataclass

from iquest_lsp.codeflow.answers.targets import between, find_target
from iquest_lsp.codeflow.facts import Redact
from iquest_lsp.codeflow.git.commits import Hunk, commits, read_diff
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.following.hunk_lines import before
from iquest_lsp.codeflow.past.following.tracking import last_change
from iquest_lsp.codeflow.past.releases import releases
from iquest_lsp.codeflow.wording.phrases import WITHHELD


@dataclass(frozen=True, slots=True)
class LineOrigin:
    """The commit that `git blame` names for a line; all empty for a line that is in no commit yet.

    A line that may be older than where a shallow clone ends has the commit at that end, and nothing else is told of it.
    """

    commit: str = ""
    date: str = ""
    author: str = ""
    subject: str = ""

    def to_json(self) -> dict[str, object]:
        """`iquest/blame`."""
        return {"commit": self.commit, "date": self.date, "author": self.author, "subject": self.subject}


@dataclass(frozen=True, slots=True)
class NewLines:
    """Lines of a file that the last release does not have, as ranges (from 0, without the end), and that release.

    `release` is empty where no release is an ancestor of what is checked out.
    """

    release: str = ""
    ranges: tuple[tuple[int, int], ...] = ()

    def to_json(self) -> dict[str, object]:
        """`iquest/sinceRelease`: lines from 0, both ends included."""
        return {"release": self.release, "ranges": [{"start": start, "end": end - 1} for start, end in self.ranges]}


def origin_of(repository: Repository, target: str, *, buffer: str | None, redact: Redact) -> LineOrigin:
    """The origin of the line FILE:LINE; `buffer` is the file's text as an editor shows it. Raises RepositoryError."""
    found = find_target(repository, target, buffer=buffer)
    if found.line_committed is None:
        return LineOrigin()
    oid = last_change(repository, repository.head(), found.head_path, found.line_committed)
    if repository.is_cut_off(oid):
        return LineOrigin(oid)
    commit = next(iter(commits(repository, commits=[oid])))
    subject = WITHHELD if redact(commit.subject) else commit.subject
    return LineOrigin(oid, commit.date, commit.author, subject)


def new_lines(repository: Repository, target: str, *, buffer: str | None) -> NewLines:
    """The lines of FILE that came after the last release that what is checked out goes back to. Raises RepositoryError.

    The whole of a file that the release does not have is new; one that was renamed since keeps its old lines.
    """
    head = repository.head()
    if not head or repository.bare:
        return NewLines()
    merged = set(repository.run("tag", "--merged", head, "--format=%(refname:strip=2)").decode().splitlines())
    known = releases([tag for tag in repository.tags() if tag.name in merged])
    if not known:
        return NewLines()
    release, path = known[-1], find_target(repository, target, buffer=buffer).path
    hunks = _hunks_since(repository, release.commit, path)
    saved = repository.work_tree_file(path) or b""
    text = saved if buffer is None else buffer.encode("utf-8", "replace")
    unsaved = between(saved, text) if buffer is not None else ()
    count = text.count(b"\n") + (not text.endswith(b"\n"))
    lines = [line for line in range(count) if _is_new(line, unsaved, hunks)]
    return NewLines(release.name, _runs(lines))


def _hunks_since(repository: Repository, commit: str, path: str) -> tuple[Hunk, ...]:
    """How the saved file differs from a commit's, a rename since followed."""
    changed = next((item for item in read_diff(repository.diff(commit, None, paths=[path])) if item.path == path), None)
    if changed is None:
        if path in repository.files(commit):
            return ()
        return (Hunk(0, 0, 0, 1 << 30),)  # neither there nor tracked here: all of it is new
    if changed.status == "A":
        # Limited to one path git cannot see that a new file is another one moved.
        changed = next((item for item in read_diff(repository.diff(commit, None)) if item.path == path), changed)
    return changed.hunks


def _is_new(line: int, unsaved: tuple[Hunk, ...], hunks: tuple[Hunk, ...]) -> bool:
    was = before(unsaved, (line, line + 1))
    return was is None or any(hunk.new_start <= was[0] < hunk.new_start + hunk.new_count for hunk in hunks)


def _runs(lines: list[int]) -> tuple[tuple[int, int], ...]:
    """Ascending numbers as ranges without the end."""
    found: list[tuple[int, int]] = []
    for line in lines:
        if found and found[-1][1] == line:
            found[-1] = (found[-1][0], line + 1)
        else:
            found.append((line, line + 1))
    return tuple(found)
