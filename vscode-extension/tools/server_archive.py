"""Packs the language server's sources, for the extension to install from.

Not a source distribution of hatch: that holds tests, benchmarks and the workshop too.
"""

from __future__ import annotations

import gzip
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

EXTENSION = Path(__file__).resolve().parents[1]
ROOT = EXTENSION.parent
PARTS = ("pyproject.toml", "README.md", "LICENSE", "NOTICE", "iquest_lsp", "release")
LEFT_OUT = {"__pycache__", "_runtime", ".mypy_cache", ".ruff_cache"}


def version() -> str:
    """The server's version, read without importing it."""
    found = re.search(r'__version__ = "(.+?)"', (ROOT / "iquest_lsp" / "__init__.py").read_text("utf-8"))
    assert found is not None
    return found[1]


def sources() -> Iterator[Path]:
    """The files to pack, in a fixed order."""
    for part in PARTS:
        path = ROOT / part
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            if file.is_file() and not LEFT_OUT & set(file.relative_to(ROOT).parts):
                yield file


def write(folder: Path) -> Path:
    """Writes the archive into `folder`, which is made; the same sources give the same bytes."""
    folder.mkdir(exist_ok=True)
    name = f"iquest-lsp-{version()}"
    path = folder / f"{name}.tar.gz"
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as archive,
    ):
        for file in sources():
            info = archive.gettarinfo(file, f"{name}/{file.relative_to(ROOT).as_posix()}")
            info.uid = info.gid = info.mtime = 0
            info.uname = info.gname = ""
            with file.open("rb") as content:
                archive.addfile(info, content)
    return path
