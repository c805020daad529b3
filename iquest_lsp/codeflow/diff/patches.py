"""Patches from elsewhere: unified diffs as git, mail or plain `diff -u` write them, and applying them to texts.

Colours are taken off, mails decoded, and a combined diff of a merge is read against the first parent, as far as it
shows it. What does not hold together is an error: a diff is never told in part as if it were whole.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from iquest_lsp.codeflow.git.commits import HUNK_HEADER, MAX_LINE, FileDiff, Hunk, unquote
from iquest_lsp.codeflow.git.mails import are_of_one_commit, is_log, mails_of, message_of
from iquest_lsp.codeflow.git.path_bytes import decode_path
from iquest_lsp.codeflow.git.series import as_one
from iquest_lsp.errors import UsageError


@dataclass(frozen=True, slots=True)
class Patch:
    """The files of a patch, each once, and the message that came with it, if any."""

    files: tuple[FileDiff, ...]
    subject: str = ""
    body: str = ""


_COMBINED_HUNK = re.compile(
    rb"(@@@+) -(\d{1,18})(?:,(\d{1,18}))?(?: -\d+(?:,\d+)?)+ \+(\d{1,18})(?:,(\d{1,18}))? @@@+ ?(.*)"
)
_GIT = re.compile(rb"diff --git (.+)$")
_USUAL = re.compile(rb'("?a/.*?"?) ("?b/.*"?)$')
_QUOTED = re.compile(rb'("(?:[^"\\]|\\.)*"|\S+) ("(?:[^"\\]|\\.)*"|.+)')
_NAMES = re.compile(rb"^(?:diff --git |--- |\+\+\+ )[^\n]*$", re.MULTILINE)
_BEGINS = re.compile(
    r"\s*(?:(?:export|default|async|public|private|protected|static|abstract|final|pub(?:\([^)]*\))?)\s+)*"
    r"(?:def|class|function|func|fn|struct|interface|trait|impl|enum|mod)\s+[(\w]"
)
_COMBINED = re.compile(rb"diff --(?:cc|combined) (.*)$")
_STARTS = (b"diff ", b"---", b"+++", b"@@")
_COLOUR = re.compile(rb"\x1b\[[0-9;:]*[mK]")
#: What can stand behind the line that names a file where no line of it changes.
_ABOUT_A_FILE = (
    *(b"old mode ", b"new ", b"deleted ", b"similarity ", b"dissimilarity ", b"rename ", b"copy ", b"index ", b"mode "),
    *(b"Binary files ", b"GIT binary patch", b"Property changes on: "),
)
_WHOLE = "Give the whole output of `git diff`, without --word-diff"
_UNIFIED = "Give the output of `git diff` or of `diff -u`"
#: What people pipe in that is no unified diff: its lines, what writes it, and what to do instead.
_OTHER_FORMS = {
    "a context diff": (re.compile(rb"^\*\*\* .+\n--- .+\n\*{15}", re.MULTILINE), "`diff -c`", _UNIFIED),
    "a diff without context": (
        re.compile(rb"^\d+(?:,\d+)?[acd]\d+(?:,\d+)?\r?$", re.MULTILINE),
        "plain `diff`",
        _UNIFIED,
    ),
    "the summary of a diff": (
        re.compile(rb"^ \d+ files? changed, \d+ (?:insertion|deletion)s?\([+-]\)", re.MULTILINE),
        "`--stat`",
        "Leave out `--stat`, or add `--patch`",
    ),
}


def read_patch(text: bytes) -> Patch:
    """The patch in `text`, of one mail or of several. Raises UsageError where there is no diff or a broken one."""
    text = _without_mark(text)
    if any(line.startswith(b"\x1b[") for line in text.split(b"\n")):
        text = _COLOUR.sub(b"", text)
    if (names := _NAMES.findall(text)) and all(name.endswith(b"\r") for name in names):
        text = text.replace(b"\r\n", b"\n")  # of the way the patch came, or its own lines would not all have it
    reader = _PatchReader()
    subject = body = ""
    for mail in mails_of(text):
        lines = mail.removesuffix(b"\n").split(b"\n")
        for line in lines:
            reader.feed(line.rstrip(b"\r") if line.startswith(_STARTS) else line)
        first = next((at for at, line in enumerate(lines) if line.startswith((b"diff ", b"--- "))), 0)
        subject, body = message_of([line.decode("utf-8", "replace").rstrip("\r") for line in lines[:first]])
        reader.end_mail()
    read = reader.finish()
    if not read:
        raise _nothing_found(text)
    files = as_one(read, newest_first=is_log(text))
    # What one of several commits is for, the patch as a whole is not for.
    return Patch(files, subject, body) if are_of_one_commit(text) else Patch(files)


def _without_mark(text: bytes) -> bytes:
    """The text without a byte order mark; PowerShell's `>` writes UTF-16."""
    for mark, encoding in (
        (codecs.BOM_UTF8, ""),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if text.startswith(mark):
            rest = text[len(mark) :]
            return rest.decode(encoding, "replace").encode("utf-8") if encoding else rest
    return text


def _nothing_found(text: bytes) -> UsageError:
    """What the input is instead of a unified diff, as far as its lines tell."""
    for form, (lines, program, instead) in _OTHER_FORMS.items():
        if lines.search(text):
            return UsageError(
                f"The input is {form}; a unified diff is needed", why=f"{program} writes this form", fix=instead
            )
    why = "it is empty" if not text.strip() else "no line begins with `diff --git` or `---` and `+++`"
    return UsageError("There is no diff in the input", why=why, fix="Give the output of `git diff`")


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
        self.header = b""
        self.changed = False
        #: Of the file only the line is read that names it.
        self.is_bare = True
        #: The line before ended a hunk.
        self.is_at_end = False
        self.marks = 1
        self.old_name = ""
        self.prefixes: tuple[str, str] | None = None

    def feed(self, line: bytes) -> None:
        ended, self.is_at_end = self.is_at_end, False
        if any(self.left):
            self._body(line)
        elif ended and line.startswith((b"+", b"-")) and not line.startswith((b"--", b"+++")):
            self._broken("it has more lines than its header says")
        elif found := _GIT.match(line):
            self.old_name, new, self.prefixes = _git_names(found[1])
            self._open(FileDiff(new, "M", ""))
        elif found := _COMBINED.match(line):
            self._open(FileDiff(_name(found[1]), "M"))
            self.old_name = _name(found[1])
        elif line.startswith(b"--- "):
            self.old_name = _name(line[4:], self.prefixes and self.prefixes[0])
        elif line.startswith(b"+++ "):
            self._names(_name(line[4:], self.prefixes and self.prefixes[1]))
        elif found := HUNK_HEADER.match(line):
            self._heading(line, (found[1], found[2]), (found[3], found[4]), found[5])
        elif found := _COMBINED_HUNK.match(line):
            self._heading(line, (found[2], found[3]), (found[4], found[5]), found[6], len(found[1]) - 1)
        elif self.file is not None and line.startswith((b"@@ -", b"@@@ -")):
            self._end_hunk()
            self.header = line
            self._broken("its header names no lines")
        elif self.file is not None:
            self._extended(line)

    def end_mail(self) -> None:
        """Closes the file: what follows is another mail's text."""
        self._open(None)

    def finish(self) -> tuple[FileDiff, ...]:
        self._open(None)
        return tuple(self.files)

    def _open(self, file: FileDiff | None) -> None:
        self._end_hunk()
        if self.file is not None:
            counts = (sum(hunk.new_count for hunk in self.hunks), sum(hunk.old_count for hunk in self.hunks))
            if self.is_bare:
                raise UsageError(
                    f"Nothing is said of {self.file.path}",
                    why="the input ends, or another file begins, behind the line that names it",
                    fix=_WHOLE,
                )
            if not self.file.binary:
                self.file = replace(self.file, added=counts[0], removed=counts[1])
            self.files.append(replace(self.file, hunks=tuple(self.hunks)))
        self.file, self.hunks, self.is_bare = file, [], True

    def _names(self, new: str) -> None:
        old = self.old_name
        if self.file is None or self.hunks:
            self._open(FileDiff(old if new == _NULL else new, "M"))
        assert self.file is not None
        if not self.file.path:
            self.file = replace(self.file, path=old if new == _NULL else new)
        if old == _NULL:
            self.file = replace(self.file, status="A", path=new)
        elif new == _NULL:
            self.file = replace(self.file, status="D", path=old)

    def _extended(self, line: bytes) -> None:
        assert self.file is not None
        self.is_bare &= not line.startswith(_ABOUT_A_FILE)
        if line.startswith(b"new file mode"):
            self.file = replace(self.file, status="A", new_mode=line.split()[-1].decode())
        elif line.startswith(b"deleted file mode"):
            self.file = replace(self.file, status="D", path=self.old_name, old_mode=line.split()[-1].decode())
        elif line.startswith(b"rename from "):
            self.file = replace(self.file, status="R", old_path=decode_path(unquote(line[12:])))
        elif line.startswith(b"copy from "):
            self.file = replace(self.file, status="C", old_path=decode_path(unquote(line[10:])))
        elif line.startswith(b"old mode "):
            self.file = replace(self.file, old_mode=line.split()[-1].decode("ascii", "replace"))
        elif line.startswith(b"new mode "):
            self.file = replace(self.file, new_mode=line.split()[-1].decode("ascii", "replace"))
        elif line.startswith((b"rename to ", b"copy to ")):
            self.file = replace(self.file, path=decode_path(unquote(line.partition(b" to ")[2])))
        elif line.startswith((b"Binary files ", b"GIT binary patch")):
            self.file = replace(self.file, added=-1, removed=-1)
        elif line.startswith(b"index ") and (found := re.match(rb"index ([0-9a-f]+)\.\.([0-9a-f]+)", line)):
            old, new = found[1].decode(), found[2].decode()
            self.file = replace(
                self.file, old_oid=old if set(old) != {"0"} else "", new_oid=new if set(new) != {"0"} else ""
            )

    def _heading(
        self,
        line: bytes,
        old: tuple[bytes, bytes | None],
        new: tuple[bytes, bytes | None],
        heading: bytes,
        marks: int = 1,
    ) -> None:
        """A hunk's header: start and count on both sides; `marks` columns stand before each of its lines."""
        self._end_hunk()
        if self.file is None:
            return
        counts = tuple(1 if count is None else int(count) for _, count in (old, new))
        self.left = (counts[0], counts[1])
        self.at = (int(old[0]) - (counts[0] > 0), int(new[0]) - (counts[1] > 0))
        self.start = self.at
        self.heading = heading.decode("utf-8", "replace").strip()[:200]
        self.header, self.changed, self.marks = line, False, marks
        self.is_bare = False

    def _end_hunk(self) -> None:
        """Closes the hunk under way. Raises UsageError where it was cut short or shows no change."""
        self._flush()
        # A merge's combined diff can lack changes against the first parent.
        if self.header and (any(self.left) or not (self.changed or self.marks > 1)):
            self._broken("it has fewer lines than its header says" if any(self.left) else "it has no changed line")
        self.header, self.left = b"", (0, 0)

    def _broken(self, why: str) -> None:
        path = self.file.path if self.file is not None else "the patch"
        shown = self.header.decode("utf-8", "replace")[:60]
        raise UsageError(
            f"A hunk of {path} cannot be read: {shown}",
            why=why,
            fix=_WHOLE,
        )

    def _body(self, line: bytes) -> None:
        marks = line[: self.marks].ljust(self.marks)
        text = line[self.marks :].decode("utf-8", "replace")[:MAX_LINE]
        mark, others = marks[:1], marks[1:]
        old, new = self.at
        if mark == b"\\":
            return
        if mark in (b"-", b"+") and not self.removed and not self.added:
            self.start = self.at
            self._enter(text)
        if mark == b"-":
            self.removed.append(text)
            self.at, self.left = (old + 1, new), (self.left[0] - 1, self.left[1])
        elif mark == b"+":
            self.added.append(text)
            self.at, self.left = (old, new + 1), (self.left[0], self.left[1] - 1)
        elif mark == b" " and b"-" in others:
            return  # another parent's line, which neither the first one nor the merge has
        elif mark == b" ":
            self._flush()
            self._enter(text)
            self.at, self.left = (old + 1, new + 1), (self.left[0] - 1, self.left[1] - 1)
        else:
            self._broken("a line in it begins with none of the marks ' ', '+', '-'")
        self.changed |= mark in (b"-", b"+")
        if min(self.left) < 0:
            self._broken("it has more lines than its header says")
        if not any(self.left) and self.marks == 1:
            self._flush()
            self.is_at_end = True

    def _enter(self, text: str) -> None:
        """Git's heading is what stands before a hunk; a definition that begins in it is nearer to the next change."""
        if _BEGINS.match(text):
            self.heading = text.strip()[:200]

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


def _name(raw: bytes, prefix: str | None = None) -> str:
    """A file's name without its prefix, which is guessed where no line of git's says it."""
    name = decode_path(unquote(raw.split(b"\t")[0].strip()))
    if name == _NULL:
        return name
    if name.startswith("./"):
        return re.sub(r"^(?:\./+)+", "", name)
    return re.sub(r"^[abciwo]/", "", name) if prefix is None else name.removeprefix(prefix)


def _git_names(both: bytes) -> tuple[str, str, tuple[str, str] | None]:
    """Old name, new name and their prefixes in a header of git's.

    They are split where both say the same name, behind any prefix or none. Those of a renamed file, which other lines
    tell again, are split at the usual prefixes; "" and None where there are none.
    """
    if both.startswith(b'"') or both.endswith(b'"'):
        found = _QUOTED.fullmatch(both)
        pairs = [(found[1], found[2])] if found else []
    else:
        spaces = (at for at, byte in enumerate(both) if byte == ord(" "))
        pairs = [(both[:at], both[at + 1 :]) for at in spaces]
    for old, new in ((_name(one, ""), _name(other, "")) for one, other in pairs):
        if old == new:
            return old, new, ("", "")
        before, _, name = old.partition("/")
        after, _, same = new.partition("/")
        if name and name == same:
            return name, name, (f"{before}/", f"{after}/")
    if found := _USUAL.match(both):
        return _name(found[1], "a/"), _name(found[2], "b/"), ("a/", "b/")
    return "", "", None


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
