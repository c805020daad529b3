"""Commits and diffs as git prints them, read into records.

Line numbers are 0-based; a hunk says that `old_count` lines from `old_start` on became `new_count` lines from
`new_start` on, and holds no context.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Unpack

from iquest_lsp.codeflow.git import dates
from iquest_lsp.codeflow.git.path_bytes import decode_path
from iquest_lsp.codeflow.git.repository import Repository, Walk

MAX_LINE = 2000
MAXHUNK_HEADER_LINES = 2000


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines replaced by lines; the texts have no line ends and are cut at MAX_LINE characters."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    heading: str = ""

    @property
    def new_end(self) -> int:
        """The row behind the last new one."""
        return self.new_start + self.new_count


@dataclass(frozen=True, slots=True)
class FileDiff:
    """One file's change: `status` is A, M, D, R (renamed), C (copied) or T (type changed).

    `added` and `removed` count lines, -1 for a binary file. Hunks are there when the patch was asked for. Of a
    `pointer` the content is kept elsewhere (Git LFS), and no line is told.
    """

    path: str
    status: str
    old_path: str = ""
    old_oid: str = ""
    new_oid: str = ""
    old_mode: str = ""
    new_mode: str = ""
    added: int = 0
    removed: int = 0
    hunks: tuple[Hunk, ...] = ()
    pointer: bool = False

    @property
    def binary(self) -> bool:
        """True when git shows no lines for it."""
        return self.added < 0

    @property
    def submodule(self) -> bool:
        """True for a submodule's commit pointer."""
        return "160000" in (self.old_mode, self.new_mode)


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit with its file changes; `time` is the author's in epoch seconds, `date` the author's day."""

    oid: str
    parents: tuple[str, ...]
    author: str
    email: str
    time: int
    date: str
    subject: str
    body: str
    files: tuple[FileDiff, ...] = ()
    committed: int = 0

    @property
    def merge(self) -> bool:
        """True when it has several parents."""
        return len(self.parents) > 1


@dataclass(slots=True)
class _Reader:
    """State while the diff of one commit is read."""

    files: list[FileDiff] = field(default_factory=list)
    numbers: int = 0
    current: int = -1
    hunks: list[Hunk] = field(default_factory=list)
    hunk: Hunk | None = None
    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    left: tuple[int, int] = (0, 0)
    halved: bool = False
    names: list[bytes] = field(default_factory=list)
    silent: set[int] = field(default_factory=set)

    def feed(self, line: bytes) -> None:
        """Takes one line of raw, numstat or patch output."""
        if any(self.left):
            self._body(line)
        elif line.startswith(b":"):
            self._raw(line)
        elif line.startswith(b"@@ "):
            self._heading(line)
        elif line.startswith((b"diff --git ", b"* Unmerged path ")):
            self._next_file(line)
        elif self.current < 0 and _NUMSTAT.match(line):
            self._numstat(line)

    def finish(self) -> tuple[FileDiff, ...]:
        """The files read."""
        self._close_file()
        return tuple(self.files)

    def finish_patched(self) -> tuple[FileDiff, ...]:
        """The files read, without those that were touched and are equal: they have no patch."""
        self._close_file()
        self.silent.update(index for index in range(self.current + 1, len(self.files)) if self._may_be_silent(index))
        return tuple(item for index, item in enumerate(self.files) if index not in self.silent)

    def _may_be_silent(self, index: int) -> bool:
        """Whether a file may be listed and have neither counts nor a patch.

        Without a refreshed index, which would have to be written, git lists a file whose time alone differs.
        """
        item = self.files[index]
        return item.status == "M" and not item.new_oid and item.old_mode == item.new_mode

    def _raw(self, line: bytes) -> None:
        meta, *names = line.rstrip(b"\n").split(b"\t")
        old_mode, new_mode, old_oid, new_oid, status = meta[1:].decode().split()
        paths = [decode_path(unquote(name)) for name in names]
        self.names.append(names[-1])
        self.files.append(
            FileDiff(
                path=paths[-1],
                status=status[0],
                old_path=paths[0] if len(paths) > 1 else "",
                old_oid="" if set(old_oid) == {"0"} else old_oid,
                new_oid="" if set(new_oid) == {"0"} else new_oid,
                old_mode=old_mode,
                new_mode=new_mode,
            )
        )

    def _numstat(self, line: bytes) -> None:
        # The counts come in the order of the raw lines, whose names need no guessing for renames.
        added, removed, name = line.rstrip(b"\n").split(b"\t", 2)
        while self.numbers < len(self.files) and self._may_be_silent(self.numbers) and name != self.names[self.numbers]:
            self.numbers += 1
        if self.numbers < len(self.files):
            counts = (-1, -1) if added == b"-" else (int(added), int(removed))
            self.files[self.numbers] = replace(self.files[self.numbers], added=counts[0], removed=counts[1])
        self.numbers += 1

    def _heading(self, line: bytes) -> None:
        self._close_hunk()
        numbers = HUNK_HEADER.match(line)
        if numbers is None:
            return
        self.hunk = _hunk(numbers)
        self.left = (self.hunk.old_count, self.hunk.new_count)

    def _body(self, line: bytes) -> None:
        old, new = self.left
        mark, text = line[:1], line[1:].rstrip(b"\n")
        if mark == b"\\":
            return
        bucket = self.removed if mark == b"-" else self.added
        if len(bucket) < MAXHUNK_HEADER_LINES:
            bucket.append(text[: MAX_LINE * 4].decode("utf-8", "replace")[:MAX_LINE])
        self.left = (old - (mark == b"-"), new - (mark == b"+"))
        if mark not in (b"-", b"+"):
            self.left = (0, 0)

    def _close_hunk(self) -> None:
        if self.hunk is not None:
            hunk = _without_equal(replace(self.hunk, removed=tuple(self.removed), added=tuple(self.added)))
            self.hunks += [hunk] if hunk.old_count or hunk.new_count else []
        self.hunk, self.removed, self.added, self.left = None, [], [], (0, 0)

    def _next_file(self, line: bytes) -> None:
        # A changed type (file to link) is one raw line but two patches, one that deletes and one that adds.
        if 0 <= self.current < len(self.files) and self.files[self.current].status == "T" and not self.halved:
            self.halved = True
            self._close_hunk()
            return
        self._close_file()
        self.current += 1
        while self.current < len(self.files) and self._may_be_silent(self.current):
            name = self.names[self.current]
            both = b"%s %s" % (_prefixed(b"a/", name), _prefixed(b"b/", name))
            if line.rstrip(b"\n") == b"diff --git " + both:
                break
            self.silent.add(self.current)
            self.current += 1
        self.halved = False

    def _close_file(self) -> None:
        self._close_hunk()
        if self.hunks and 0 <= self.current < len(self.files):
            self.files[self.current] = replace(self.files[self.current], hunks=tuple(self.hunks))
        self.hunks = []


HUNK_HEADER = re.compile(rb"@@ -(\d{1,18})(?:,(\d{1,18}))? \+(\d{1,18})(?:,(\d{1,18}))? @@ ?(.*)")
_NUMSTAT = re.compile(rb"(\d+|-)\t(\d+|-)\t")
_ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


def _hunk(numbers: re.Match[bytes]) -> Hunk:
    old_start, new_start = int(numbers[1]), int(numbers[3])
    old_count = 1 if numbers[2] is None else int(numbers[2])
    new_count = 1 if numbers[4] is None else int(numbers[4])
    # With a count of 0 git names the line before the gap, which 0-based is the gap itself.
    return Hunk(
        old_start - (old_count > 0),
        old_count,
        new_start - (new_count > 0),
        new_count,
        heading=numbers[5].decode("utf-8", "replace").strip()[:200],
    )


def _without_equal(hunk: Hunk) -> Hunk:
    """A hunk without the lines that it begins with on both sides: of the last one of a file only the end is another."""
    alike = 0
    for one, other in zip(hunk.removed, hunk.added, strict=False):
        if one != other or len(one) >= MAX_LINE:
            break
        alike += 1
    if not alike:
        return hunk
    return replace(
        hunk,
        old_start=hunk.old_start + alike,
        old_count=hunk.old_count - alike,
        new_start=hunk.new_start + alike,
        new_count=hunk.new_count - alike,
        removed=hunk.removed[alike:],
        added=hunk.added[alike:],
    )


def _prefixed(prefix: bytes, name: bytes) -> bytes:
    """A name as git writes it, quoted or not, with a prefix."""
    return b'"' + prefix + name[1:] if name.startswith(b'"') else prefix + name


def unquote(name: bytes) -> bytes:
    """A path as git writes it, C-style quotes undone."""
    if not (name.startswith(b'"') and name.endswith(b'"') and len(name) > 1):
        return name
    return re.sub(rb"\\([0-7]{3}|.)", _unescape, name[1:-1], flags=re.DOTALL)


def _unescape(found: re.Match[bytes]) -> bytes:
    code = found[1]
    return bytes([int(code, 8) & 255]) if len(code) == 3 else _ESCAPES.get(code, code)


def read_diff(lines: Iterable[bytes]) -> tuple[FileDiff, ...]:
    """The files of one `Repository.diff`."""
    reader = _Reader()
    for line in lines:
        reader.feed(line)
    return reader.finish_patched()


def read_commits(lines: Iterable[bytes]) -> Iterator[Commit]:
    """The commits of one `Repository.log`, in its order."""
    commit: Commit | None = None
    reader = _Reader()
    header: list[bytes] = []
    for line in lines:
        if header or line.startswith(b"\0C\0"):
            if not header and commit is not None:
                yield replace(commit, files=reader.finish())
                reader = _Reader()
            header.append(line)
            if line.endswith(b"\0E\n"):
                commit = _commit(b"".join(header))
                header = []
            continue
        reader.feed(line)
    if commit is not None:
        yield replace(commit, files=reader.finish())


def commits(repository: Repository, **walk: Unpack[Walk]) -> Iterator[Commit]:
    """Commits of a walk."""
    return read_commits(repository.log(**walk))


def _commit(record: bytes) -> Commit:
    fields = record[3:-3].decode("utf-8", "replace").translate(_CONTROLS).split("\0", 7)
    oid, parents, author, email, time, iso, committed, message = fields
    subject, body = _split(message)
    return Commit(
        oid,
        tuple(parents.split()),
        author,
        email,
        dates.seconds(time),
        dates.day(iso),
        subject,
        body,
        committed=dates.seconds(committed),
    )


#: A first line as long as this may be one that goes on in the next.
_BROKEN, _LONGEST = 50, 300


def _split(message: str) -> tuple[str, str]:
    """The subject and the body; a sentence that is broken over the first lines is one subject."""
    lines = message.strip("\n").split("\n")
    subject, last, taken = lines[0].strip(), lines[0], 1
    while (
        taken < len(lines)
        and len(last.rstrip()) >= _BROKEN
        and not subject.endswith((".", "!", "?", ":", ";"))
        and re.match(r"[a-z]\w*[ ,.)]", lines[taken])
        and len(subject) + len(lines[taken]) < _LONGEST
    ):
        subject, last = f"{subject} {lines[taken].strip()}", lines[taken]
        taken += 1
    return subject, "\n".join(lines[taken:]).strip()


# Messages are shown in terminals, where control characters could do anything.
_CONTROLS = dict.fromkeys((*range(1, 9), *range(11, 32), *range(127, 160)))
