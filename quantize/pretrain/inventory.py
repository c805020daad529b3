"""The manifest as a file: every file that was learned from or held out, with its package's licence and its hash."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from quantize.pretrain.clean import Cleaned
from quantize.pretrain.manifest import SourceFile

COLUMNS = ("use", "package", "version", "licence", "path", "bytes", "sha256")
#: Hexadecimal digits kept of each file's hash.
DIGITS = 12


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the manifest; `use` is "train" or "held out"."""

    use: str
    package: str
    version: str
    licence: str
    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """All entries in the order in which training used them, and the hash of everything that was looked at."""

    collected: str
    entries: tuple[Entry, ...]

    def select(self, files: Iterable[SourceFile]) -> tuple[Cleaned, list[Entry]]:
        """The same files as found now, in the same order, and the entries that are missing or have changed."""
        found = {(item.package, item.path, item.sha256[:DIGITS]): item for item in files}
        chosen: dict[str, list[SourceFile]] = {"train": [], "held out": []}
        missing = []
        for entry in self.entries:
            item = found.get((entry.package, entry.path, entry.sha256))
            if item is None:
                missing.append(entry)
            else:
                chosen[entry.use].append(item)
        return Cleaned(tuple(chosen["train"]), tuple(chosen["held out"]), {}), missing


def inventory(cleaned: Cleaned, collected: str) -> Inventory:
    """The inventory of what cleaning kept."""
    entries = [
        Entry(use, item.package, item.version, item.licence, item.path, len(item.text.encode()), item.sha256[:DIGITS])
        for use, files in (("train", cleaned.train), ("held out", cleaned.held_out))
        for item in files
    ]
    return Inventory(collected, tuple(entries))


def write(path: Path, made: Inventory) -> None:
    """Comma-separated, one file a line; the first line carries the hash of everything looked at."""
    stream = io.StringIO()
    stream.write(f"# collected {made.collected}\n")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for item in made.entries:
        writer.writerow((item.use, item.package, item.version, item.licence, item.path, item.size, item.sha256))
    path.write_text(stream.getvalue(), encoding="utf-8")


def read(path: Path) -> Inventory:
    """What `write` wrote."""
    first, _, table = path.read_text(encoding="utf-8").partition("\n")
    rows = list(csv.reader(io.StringIO(table)))[1:]
    entries = tuple(
        Entry(use, package, version, licence, name, int(size), sha256)
        for use, package, version, licence, name, size, sha256 in rows
    )
    return Inventory(first.removeprefix("# collected "), entries)
