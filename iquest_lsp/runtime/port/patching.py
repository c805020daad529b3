"""Applies a series of unified diffs to a folder, exactly or not at all; standard library only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@")


class PatchError(Exception):
    """The text to change is not what the patch expects."""


def apply_patches(patches: Sequence[Path], root: Path) -> list[str]:
    """Changes the files named in unified diffs under `root`, one diff after the other; returns their paths.

    Every hunk must match at its own line number without fuzz, since the patched version is pinned. Nothing is
    written when one does not. Raises PatchError, which names the patch.
    """
    changed: dict[str, str] = {}
    for patch in patches:
        for name, hunks in files(patch.read_text("utf-8")):
            path = root / name
            if name not in changed and not path.is_file():
                raise PatchError(f"{patch.name}: {name} does not exist")
            old = changed[name] if name in changed else path.read_text("utf-8")
            try:
                changed[name] = _patched(old, hunks, name)
            except PatchError as error:
                raise PatchError(f"{patch.name}: {error}") from None
    for name, content in changed.items():
        (root / name).write_text(content, "utf-8")
    return list(changed)


def files(text: str) -> Iterator[tuple[str, list[tuple[int, list[str]]]]]:
    """The files of a unified diff, each with its hunks: the first line of the old side, and the body."""
    name = ""
    hunks: list[tuple[int, list[str]]] = []
    for line in text.splitlines(keepends=True):
        if line.startswith("--- "):
            if name:
                yield name, hunks
            name, hunks = "", []
        elif line.startswith("+++ "):
            name = line[4:].strip().removeprefix("b/")
        elif match := _HUNK.match(line):
            hunks.append((int(match[1]), []))
        elif hunks and line[:1] in (" ", "+", "-"):
            hunks[-1][1].append(line)
    if name:
        yield name, hunks


def _patched(old: str, hunks: list[tuple[int, list[str]]], name: str) -> str:
    lines = old.splitlines(keepends=True)
    out: list[str] = []
    at = 0
    for start, body in hunks:
        out += lines[at : start - 1]
        at = start - 1
        for line in body:
            if line[0] == "+":
                out.append(line[1:])
                continue
            if at >= len(lines) or lines[at] != line[1:]:
                raise PatchError(f"{name}, line {at + 1}: expected {line[1:].rstrip()!r}")
            if line[0] == " ":
                out.append(lines[at])
            at += 1
    return "".join(out + lines[at:])
