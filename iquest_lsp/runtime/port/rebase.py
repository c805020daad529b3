"""Where the port's patches fit another version of llama-cpp-python: hunk by hunk, at its line, moved, or not at all.

Nothing is changed and nothing of the other version is run. Standard library only, as build.py.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Hunks = Sequence[tuple[int, list[str]]]
#: A patch: its name, and the hunks of each file (patching.files).
PortPatch = tuple[str, Sequence[tuple[str, Hunks]]]


@dataclass(frozen=True)
class Fit:
    """One hunk: its patch, file and line in the pinned version with the patches before it, by how many lines it moved
    (None: it fits nowhere), and why."""

    patch: str
    file: str
    line: int
    moved: int | None
    why: str = ""


def examine(series: Iterable[PortPatch], texts: Mapping[str, str]) -> list[Fit]:
    """How each hunk of a series fits the other version's texts, by file; each patch sees what those before it changed.

    A hunk that fits nowhere is left out, so that others which need its lines fit nowhere either.
    """
    found = []
    changed = {name: text.splitlines() for name, text in texts.items()}
    for patch, files in series:
        for name, hunks in files:
            if name not in changed:
                found += [Fit(patch, name, start, None, "there is no such file") for start, _ in hunks]
                continue
            fits, changed[name] = _fitted(patch, name, hunks, changed[name])
            found += fits
    return found


def _fitted(patch: str, name: str, hunks: Hunks, lines: list[str]) -> tuple[list[Fit], list[str]]:
    """Where the hunks of one file fit, and the file's lines with those that do."""
    fits: list[Fit] = []
    made: list[str] = []
    moved, end = 0, 0
    for start, body in hunks:
        old = [line[1:].rstrip("\n") for line in body if line[0] != "+"]
        at = _nearest(lines, old, start - 1 + moved, end)
        if at is None:
            fits.append(Fit(patch, name, start, None, _mismatch(lines, old, end)))
            continue
        made += [*lines[end:at], *(line[1:].rstrip("\n") for line in body if line[0] != "-")]
        moved, end = at - (start - 1), at + len(old)
        fits.append(Fit(patch, name, start, moved))
    return fits, made + lines[end:]


def described(fits: Sequence[Fit]) -> list[str]:
    """What a person who moves the port wants to know: the counts, what moved, and what fits nowhere and why."""
    there = [fit for fit in fits if fit.moved is not None]
    files = len({fit.file for fit in fits})
    lines = [
        f"{len(there)} of {len(fits)} hunks in {files} files fit, {sum(fit.moved != 0 for fit in there)} of them moved"
    ]
    for fit in fits:
        where = f"{fit.patch}: {fit.file}, line {fit.line} of the pinned version"
        if fit.moved is None:
            lines.append(f"{where}: {fit.why}")
        elif fit.moved:
            lines.append(f"{where}: moved by {fit.moved:+d}")
    return lines


def told(series: Sequence[PortPatch], distribution: Path) -> tuple[bool, list[str]]:
    """Whether all hunks fit a source distribution, and what there is to tell of them. Raises OSError and TarError."""
    fits = examine(series, texts_of(distribution, [name for _, files in series for name, _ in files]))
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
