"""Where the port's patch fits another version of llama-cpp-python: hunk by hunk, at its line, moved, or not at all.

Nothing is changed and nothing of the other version is run. Standard library only, as build.py.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Hunks = Sequence[tuple[int, list[str]]]


@dataclass(frozen=True)
class Fit:
    """One hunk: its file and line in the pinned version, by how many lines it moved (None: nowhere), and why."""

    file: str
    line: int
    moved: int | None
    why: str = ""


def examine(files: Iterable[tuple[str, Hunks]], texts: Mapping[str, str]) -> list[Fit]:
    """How each hunk of a patch (patching.files) fits the other version's texts, by file."""
    found = []
    for name, hunks in files:
        lines = texts[name].splitlines() if name in texts else None
        moved, end = 0, 0
        for start, body in hunks:
            if lines is None:
                found.append(Fit(name, start, None, "there is no such file"))
                continue
            old = [line[1:].rstrip("\n") for line in body if line[0] != "+"]
            at = _nearest(lines, old, start - 1 + moved, end)
            if at is None:
                found.append(Fit(name, start, None, _mismatch(lines, old, end)))
            else:
                moved, end = at - (start - 1), at + len(old)
                found.append(Fit(name, start, moved))
    return found


def described(fits: Sequence[Fit]) -> list[str]:
    """What a person who moves the port wants to know: the count, what moved, and what fits nowhere and why."""
    there = [fit for fit in fits if fit.moved is not None]
    files = len({fit.file for fit in fits})
    lines = [
        f"{len(there)} of {len(fits)} hunks in {files} files fit, {sum(fit.moved != 0 for fit in there)} of them moved"
    ]
    for fit in fits:
        if fit.moved is None:
            lines.append(f"{fit.file}, line {fit.line} of the pinned version: {fit.why}")
        elif fit.moved:
            lines.append(f"{fit.file}, line {fit.line} of the pinned version: moved by {fit.moved:+d}")
    return lines


def told(files: Sequence[tuple[str, Hunks]], distribution: Path) -> tuple[bool, list[str]]:
    """Whether all hunks fit a source distribution, and what there is to tell of them. Raises OSError and TarError."""
    fits = examine(files, texts_of(distribution, [name for name, _ in files]))
    return all(fit.moved is not None for fit in fits), described(fits)


def texts_of(distribution: Path, names: Iterable[str]) -> dict[str, str]:
    """The texts of these files in a source distribution."""
    wanted, texts = set(names), {}
    with tarfile.open(distribution) as archive:
        for member in archive:
            inner = member.name.partition("/")[2]
            content = archive.extractfile(member) if inner in wanted and member.isfile() else None
            if content is not None:
                texts[inner] = content.read().decode("utf-8", "replace")
    return texts


def _nearest(lines: list[str], old: list[str], wanted: int, first: int) -> int | None:
    """Where `old` stands in `lines` from `first` on, nearest to `wanted`."""
    places = [at for at in range(first, len(lines) - len(old) + 1) if lines[at : at + len(old)] == old]
    return min(places, key=lambda at: abs(at - wanted), default=None)


def _mismatch(lines: list[str], old: list[str], first: int) -> str:
    """Why `old` stands nowhere: the line at which the place where most of it stands differs."""
    best, place = -1, first
    for at in range(first, len(lines)):
        count = sum(a == b for a, b in zip(lines[at : at + len(old)], old, strict=False))
        if count > best:
            best, place = count, at
    differs = next(
        (number for number, line in enumerate(old) if lines[place + number : place + number + 1] != [line]), 0
    )
    there = lines[place + differs].strip() if place + differs < len(lines) else "the end of the file"
    if best == 0:
        return f"none of its lines stands there, the first is {old[0].strip()!r}"
    return f"line {place + differs + 1} there should be {old[differs].strip()!r} and is {there!r}"
