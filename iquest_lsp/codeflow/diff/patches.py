"""Patches from elsewhere: unified diffs as git, mail or plain `diff -u` write them, and applying them to texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from iquest_lsp.codeflow.git.commits import MAX_LINE, FileDiff, Hunk, unquote
from iquest_lsp.codeflow.git.repository import decode_path
from iquest_lsp.errors import UsageError


@dataclass(frozen=True, slots=True)
class Patch:
    """The files of a patch and the message that came with it, if any."""

    files: tuple[FileDiff, ...]
    subject: str = ""
    body: str = ""


_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)")
_GIT = re.compile(rb'diff --git ("?a/.*?"?) ("?b/.*"?)$')


def read_patch(text: bytes) -> Patch:
    """The patch in `text`. Raises UsageError when there is no diff in it."""
    reader = _PatchReader()
    lines = text.split(b"\n")
    for line in lines:
        reader.feed(line.rstrip(b"\r") if line.startswith((b"diff ", b"---", b"+++", b"@@")) else line)
    files = reader.finish()
    if not files:
        raise UsageError(
            "There is no diff in the input",
            why="no line begins with `diff --git` or `---` and `+++`",
            fix="Pipe in the output of `git diff`",
        )
    first = next((at for at, line in enumerate(lines) if line.startswith((b"diff ", b"--- "))), 0)
    subject, body = _message([line.decode("utf-8", "replace").rstrip("\r") for line in lines[:first]])
    return Patch(files, subject, body)


class _PatchReader:
    def __init__(self) -> None:
        self.files: list[FileDiff] = []
        self.file: FileDiff | None = None
        self.hunks: list[Hunk] = []
        self.left = (0, 0)
        self.at = (0, 0)
        self.start = (0, 0)
        self.removed: list[str] = []
        self.added: list[str] = []
        self.heading = ""
        self.old_name = ""

    def feed(self, line: bytes) -> None:
        if any(self.left):
            self._body(line)
        elif found := _GIT.match(line):
            self._open(FileDiff(_name(found[2]), "M", ""))
            self.old_name = _name(found[1])
        elif line.startswith(b"--- "):
            self.old_name = _name(line[4:])
        elif line.startswith(b"+++ "):
            self._names(_name(line[4:]))
        elif found := _HUNK.match(line):
            self._heading(found)
        elif self.file is not None:
            self._extended(line)

    def finish(self) -> tuple[FileDiff, ...]:
        self._open(None)
        return tuple(self.files)

    def _open(self, file: FileDiff | None) -> None:
        self._flush()
        if self.file is not None:
            counts = (sum(hunk.new_count for hunk in self.hunks), sum(hunk.old_count for hunk in self.hunks))
            if not self.file.binary:
                self.file = replace(self.file, added=counts[0], removed=counts[1])
            self.files.append(replace(self.file, hunks=tuple(self.hunks)))
        self.file, self.hunks = file, []

    def _names(self, new: str) -> None:
        old = self.old_name
        if self.file is None or self.hunks:
            self._open(FileDiff(old if new == _NULL else new, "M"))
        assert self.file is not None
        if old == _NULL:
            self.file = replace(self.file, status="A", path=new)
        elif new == _NULL:
            self.file = replace(self.file, status="D", path=old)

    def _extended(self, line: bytes) -> None:
        assert self.file is not None
        if line.startswith(b"new file mode"):
            self.file = replace(self.file, status="A", new_mode=line.split()[-1].decode())
        elif line.startswith(b"deleted file mode"):
            self.file = replace(self.file, status="D", path=self.old_name)
        elif line.startswith(b"rename from "):
            self.file = replace(self.file, status="R", old_path=decode_path(unquote(line[12:])))
        elif line.startswith((b"Binary files ", b"GIT binary patch")):
            self.file = replace(self.file, added=-1, removed=-1)
        elif line.startswith(b"index ") and (found := re.match(rb"index ([0-9a-f]+)\.\.([0-9a-f]+)", line)):
            old, new = found[1].decode(), found[2].decode()
            self.file = replace(
                self.file, old_oid=old if set(old) != {"0"} else "", new_oid=new if set(new) != {"0"} else ""
            )

    def _heading(self, found: re.Match[bytes]) -> None:
        self._flush()
        if self.file is None:
            return
        counts = tuple(1 if found[group] is None else int(found[group]) for group in (2, 4))
        self.left = (counts[0], counts[1])
        self.at = (int(found[1]) - (counts[0] > 0), int(found[3]) - (counts[1] > 0))
        self.start = self.at
        self.heading = found[5].decode("utf-8", "replace").strip()[:200]

    def _body(self, line: bytes) -> None:
        mark = line[:1] or b" "
        text = line[1:].decode("utf-8", "replace")[:MAX_LINE]
        old, new = self.at
        if mark == b"\\":
            return
        if mark == b"-":
            if not self.removed and not self.added:
                self.start = self.at
            self.removed.append(text)
            self.at, self.left = (old + 1, new), (self.left[0] - 1, self.left[1])
        elif mark == b"+":
            if not self.removed and not self.added:
                self.start = self.at
            self.added.append(text)
            self.at, self.left = (old, new + 1), (self.left[0], self.left[1] - 1)
        elif mark == b" ":
            self._flush()
            self.at, self.left = (old + 1, new + 1), (self.left[0] - 1, self.left[1] - 1)
        else:
            self.left = (0, 0)
        if not any(count > 0 for count in self.left):
            self.left = (0, 0)
            self._flush()

    def _flush(self) -> None:
        """Closes the run of changed lines: context splits a hunk into several."""
        if self.removed or self.added:
            self.hunks.append(
                Hunk(
                    self.start[0],
                    len(self.removed),
                    self.start[1],
                    len(self.added),
                    tuple(self.removed),
                    tuple(self.added),
                    self.heading,
                )
            )
        self.removed, self.added = [], []


_NULL = "/dev/null"


def _name(raw: bytes) -> str:
    name = decode_path(unquote(raw.split(b"\t")[0].strip()))
    return name if name == _NULL else re.sub(r"^[abciwo]/", "", name)


def _message(lines: Sequence[str]) -> tuple[str, str]:
    """Subject and body of a mail (`git format-patch`) or of `git show`."""
    at = next((at for at, line in enumerate(lines) if line.startswith("Subject: ")), None)
    if at is not None:
        rest = list(lines[at:])
        end = next((index for index, line in enumerate(rest) if not line.strip()), len(rest))
        subject = " ".join(line.removeprefix("Subject: ").strip() for line in rest[:end] if line[:1] in ("S", " "))
        body = "\n".join(rest[end + 1 :]).split("\n---", 1)[0]
        return re.sub(r"^\[PATCH[^\]]*\]\s*", "", subject), body.strip()
    indented = [line[4:] for line in lines if line.startswith("    ")]
    return (indented[0], "\n".join(indented[1:]).strip()) if indented else ("", "")


def apply(lines: Sequence[str], hunks: Sequence[Hunk]) -> list[str] | None:
    """The lines after the hunks; None when what they remove is not there."""
    result: list[str] = []
    at = 0
    for hunk in hunks:
        if hunk.old_start < at or list(lines[hunk.old_start : hunk.old_start + hunk.old_count]) != list(hunk.removed):
            return None
        result += [*lines[at : hunk.old_start], *hunk.added]
        at = hunk.old_start + hunk.old_count
    return result + list(lines[at:])


def reverse(hunks: Sequence[Hunk]) -> tuple[Hunk, ...]:
    """The hunks that undo these."""
    return tuple(
        Hunk(hunk.new_start, hunk.new_count, hunk.old_start, hunk.old_count, hunk.added, hunk.removed, hunk.heading)
        for hunk in hunks
    )
