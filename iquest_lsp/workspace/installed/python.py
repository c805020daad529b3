"""The packages of a Python environment: which modules there are, and which distribution each came with.

After the core metadata of installed projects (packaging.python.org: Recording installed projects).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_MOST_RECORD = 4 << 20


def site_packages(root: Path) -> list[Path]:
    """The folders of installed packages of the virtual environments in a project's top folders."""
    found: list[Path] = []
    with suppress(OSError):
        for folder in sorted(entry.path for entry in os.scandir(root) if entry.is_dir()):
            if (Path(folder) / "pyvenv.cfg").is_file():
                found += sorted(Path(folder).glob("lib/python3*/site-packages"))
                found += [lib for lib in (Path(folder) / "Lib" / "site-packages",) if lib.is_dir()]
    return found


class Environment:
    """One folder of installed packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names: frozenset[str] = frozenset()
        with suppress(OSError):
            self._names = frozenset(os.listdir(folder))
        self._distributions: dict[str, tuple[str, str]] | None = None

    def parts(self, module: str) -> Iterator[str]:
        """What of the folder is a top module: its stubs, its folder or its file."""
        for name in (f"{module}-stubs", module, f"{module}.pyi", f"{module}.py"):
            if name in self._names:
                yield name

    def distribution(self, module: str) -> tuple[str, str]:
        """The name and the version of what a top module came with; its own name where that is not recorded."""
        if self._distributions is None:
            self._distributions = {}
            for name in sorted(self._names):
                if name.endswith(".dist-info"):
                    project, _, version = name.removesuffix(".dist-info").partition("-")
                    for top in self._tops(name):
                        self._distributions.setdefault(top, (project, version))
        return self._distributions.get(module, (module, ""))

    def _tops(self, name: str) -> set[str]:
        """The top modules that a distribution has brought."""
        file = self.folder / name / "RECORD"
        try:
            with file.open(encoding="utf-8", errors="replace") as stream:
                lines = stream.read(_MOST_RECORD).split("\n")
        except OSError:
            return set()
        tops = {line.partition(",")[0].split("/")[0] for line in lines}
        return {top.removesuffix(".py").removesuffix("-stubs") for top in tops if not top.endswith(".dist-info")}
