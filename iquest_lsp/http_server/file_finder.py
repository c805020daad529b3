"""Which file of the workspace a text around a cursor comes from: its requests do not say.

The file that shares most lines with the text is meant; the text takes the place of its part there. Files that were
meant before are tried first, and all others, the last changed first, in a thread whose result may come too late for one
request and serves the next.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from iquest_lsp.errors import DocumentError
from iquest_lsp.workspace.ignore import IgnoreRules
from iquest_lsp.workspace.text_decoding import decode
from iquest_lsp.workspace.tree import walk

MOST_KNOWN, MOST_BYTES, MOST_SCANNED = 8, 1024 * 1024, 20_000
#: A line with fewer letters says nothing of the file it is in.
TELLING = 8
#: How many of the text's longest lines are looked for before a file is read line by line.
SEEDS = 3
#: The share of the text's telling lines that the file must have, and how many of them at least.
SHARE, LEAST_LINES = 0.6, 2


@dataclass(frozen=True, slots=True)
class CursorInFile:
    """A file (None: of the workspace none is meant), its text as the user sees it, and the cursor in it, from 0."""

    file: Path | None
    text: str
    line: int
    column: int


@dataclass(slots=True)
class _Known:
    stamp: tuple[int, int]
    lines: list[str]
    telling: set[str]


class FileFinder:
    """Finds files; `roots` are the workspace's folders. Not for more than one thread at a time."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(roots)
        self._known: OrderedDict[Path, _Known] = OrderedDict()

    def at_hand(self, prefix: str, suffix: str) -> CursorInFile | None:
        """The place among the files that were meant before; None where it is in none of them."""
        lines = _telling(prefix, suffix)
        best = self._best(list(self._known), lines)
        return self._placed(best, prefix, suffix) if best is not None else None

    def search(self, prefix: str, suffix: str, names: Iterable[str]) -> bool:
        """Looks for the file among all; whether one is at hand then. Reads up to some thousand files."""
        lines = _telling(prefix, suffix)
        if len(lines) < LEAST_LINES:
            return False
        named = [file for name in names for root in self._roots if (file := _inside(root, name)) is not None]
        best = self._best(list(dict.fromkeys(reversed(named))), lines)
        if best is None:
            # One of them may have been typed since the file was saved.
            seeds = [line.encode("utf-8") for line in sorted(lines, key=len)[-SEEDS:]]
            found = [file for file in self._newest() if any(seed in data for data in [_bytes(file)] for seed in seeds)]
            best = self._best(found, lines)
        if best is None:
            return False
        self._remember(best)
        return True

    def unknown(self, prefix: str, suffix: str) -> CursorInFile:
        """A place in a document of which only this text is known."""
        head, _, column = prefix.rpartition("\n")
        return CursorInFile(None, prefix + suffix, head.count("\n") + 1 if "\n" in prefix else 0, len(column))

    def _best(self, files: Sequence[Path], lines: set[str]) -> Path | None:
        """The file with most of the lines; of several the first. None where none has enough of them."""
        if len(lines) < LEAST_LINES:
            return None
        scored = [(len(lines & known.telling), file) for file in files if (known := self._read(file)) is not None]
        count, best = max(scored, key=lambda item: item[0], default=(0, None))
        return best if count >= max(LEAST_LINES, SHARE * len(lines)) else None

    def _placed(self, file: Path, prefix: str, suffix: str) -> CursorInFile:
        """The file with the text in its place there, and the cursor."""
        known = self._known[file]
        self._remember(file)
        before, behind = prefix.split("\n"), suffix.split("\n")
        start = _aligned(known.lines, before[:-1])
        stop = _aligned_end(known.lines, behind[1:], start if start is not None else 0)
        head = known.lines[:start] if start is not None else []
        rest = known.lines[stop:] if stop is not None else []
        text = "\n".join([*head, prefix + suffix])
        if rest:
            text += "\n".join(rest) if text.endswith("\n") else "\n" + "\n".join(rest)
        return CursorInFile(file, text, len(head) + len(before) - 1, len(before[-1]))

    def _read(self, file: Path) -> _Known | None:
        try:
            state = file.stat()
            stamp = (state.st_mtime_ns, state.st_size)
            known = self._known.get(file)
            if known is not None and known.stamp == stamp:
                return known
            if state.st_size > MOST_BYTES:
                return None
            text = decode(file.read_bytes(), file.name).replace("\r\n", "\n")
        except (OSError, ValueError, DocumentError):
            return None
        made = _Known(stamp, text.split("\n"), _telling(text, ""))
        if known is not None:
            self._known[file] = made
        return made

    def _remember(self, file: Path) -> None:
        known = self._read(file)
        if known is not None:
            self._known[file] = known
            self._known.move_to_end(file)
        while len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)

    def _newest(self) -> list[Path]:
        """The files of the workspace that no rule ignores, the last changed first."""
        found: list[tuple[int, Path]] = []
        for root in self._roots:
            for path in walk(root, IgnoreRules(root), max_files=MOST_SCANNED).paths:
                file = root / path
                try:
                    state = file.stat()
                except OSError:
                    continue
                leads_out = file.is_symlink() and _inside(root, path) is None
                if state.st_size <= MOST_BYTES and not leads_out:
                    found.append((state.st_mtime_ns, file))
        return [file for _, file in sorted(found, reverse=True)]


def _telling(prefix: str, suffix: str) -> set[str]:
    """The lines that say something of their file; without the cursor's own, which is being typed."""
    lines = [*prefix.split("\n")[:-1], *suffix.split("\n")[1:]] if suffix else prefix.split("\n")
    return {line.strip() for line in lines if len(line.strip()) >= TELLING}


def _aligned(lines: Sequence[str], part: Sequence[str]) -> int | None:
    """Where a part of a text begins in it, by the longest run of its first lines; None where they are not there."""
    if not part:
        return None
    best, where = 0, None
    for start, line in enumerate(lines):
        if line != part[0]:
            continue
        run = 0
        while run < len(part) and start + run < len(lines) and lines[start + run] == part[run]:
            run += 1
        if run > best:
            best, where = run, start
    return where


def _aligned_end(lines: Sequence[str], part: Sequence[str], start: int) -> int | None:
    """Behind which line a part of a text ends in it, at or after `start`; None where it ends with the text."""
    part = list(part)
    while part and not part[-1]:  # what ends with a line break ends with no line
        part.pop()
    if not part:
        return None
    turned = _aligned(list(reversed(lines[start:])), list(reversed(part)))
    return len(lines) - turned if turned is not None else None


def _inside(root: Path, name: str) -> Path | None:
    """The file that a client names, where it is one in the folder."""
    try:
        file = Path(os.path.normpath(root / name))
        real = Path(os.path.realpath(file))
    except ValueError:
        return None
    return file if real.is_relative_to(os.path.realpath(root)) and real.is_file() else None


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
