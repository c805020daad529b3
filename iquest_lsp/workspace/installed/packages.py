"""The installed packages that a project's files import: where each lies, its version, and its files that may be shown.

Only what lies within the project's own folder counts: a virtual environment in one of its top folders, and the
`node_modules` folders beside its files. Whatever cannot be judged stays out.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from iquest_lsp import grammars
from iquest_lsp.errors import DocumentError
from iquest_lsp.workspace.admission import MAX_BYTES, text_reason
from iquest_lsp.workspace.installed import node, python
from iquest_lsp.workspace.secret_scan import secret_by_name
from iquest_lsp.workspace.text_decoding import decode, is_binary

#: Folders of a package that hold no interface of it.
_NO_INTERFACE = re.compile(
    r"__pycache__|node_modules|_?vendor(ed)?|third_party|extern(al|s)?|tests?|testing|docs?|examples?|benchmarks?"
    r"|\..*|.*\.(dist|egg)-info",
    re.IGNORECASE,
)
MOST_FILES = 4000


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package: `name` with the manager it comes from, its version ("": unknown), and its sources, a
    folder or single files below `folder`."""

    name: str
    version: str
    folder: Path
    parts: tuple[str, ...]
    suffixes: tuple[str, ...]

    def texts(self) -> Iterator[tuple[str, str]]:
        """Its source files by their names below `folder`, those near its top first, as far as they may be shown."""
        tops = [os.path.realpath(self.folder / part) for part in self.parts]
        for path in self._paths():
            text = _read(self.folder, path, tops)
            if text:
                yield path, text

    def _paths(self) -> list[str]:
        found: list[str] = []
        for part in self.parts:
            top = self.folder / part
            if top.is_file():
                found.append(part)
                continue
            for folder, below, names in os.walk(top):
                below[:] = sorted(name for name in below if not _NO_INTERFACE.fullmatch(name))
                inside = Path(folder).relative_to(self.folder).as_posix()
                found += [f"{inside}/{name}" for name in names if name.endswith(self.suffixes)]
                if len(found) >= MOST_FILES:
                    break
        return sorted(found, key=lambda path: (path.count("/"), path))[:MOST_FILES]


class Installed:
    """What one project has installed. Its folders are looked at once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._real = os.path.realpath(root)
        self._python = [python.Environment(folder) for folder in python.site_packages(root) if self._is_inside(folder)]
        self._found: dict[tuple[str, str], Package | None] = {}

    def imported(self, imports: Iterable[tuple[str, Iterable[str]]]) -> list[Package]:
        """The packages that files import, those that the most files import first; `imports`: of each file its path and
        what it imports, as it is written there."""
        counts: Counter[str] = Counter()
        packages: dict[str, Package] = {}
        for path, names in imports:
            mine = {found.name: found for name in names if (found := self._package(path, name)) is not None}
            packages |= mine
            counts.update(mine.keys())
        return [packages[name] for name in sorted(counts, key=lambda name: (-counts[name], name))]

    def _package(self, path: str, name: str) -> Package | None:
        language = grammars.language_of(path)
        if language == "python":
            module = name.split(".")[0]
            key = "", module
        elif language in ("javascript", "typescript", "tsx") or path.endswith((".vue", ".svelte")):
            module = node.package_of(name)
            key = path.rpartition("/")[0], module
        else:
            return None
        if not module:
            return None
        if key not in self._found:
            self._found[key] = self._from_python(module) if language == "python" else self._from_node(*key)
        return self._found[key]

    def _from_python(self, module: str) -> Package | None:
        for environment in self._python:
            parts = tuple(part for part in environment.parts(module) if self._is_inside(environment.folder / part))
            if parts:
                name, version = environment.distribution(module)
                return Package(f"pypi/{name}", version, environment.folder, parts, (".py", ".pyi"))
        return None

    def _from_node(self, folder: str, module: str) -> Package | None:
        """The nearest one above a file, or the types that are published apart from it."""
        parts = folder.split("/") if folder else []
        for depth in range(len(parts), -1, -1):
            modules = self._root.joinpath(*parts[:depth], "node_modules")
            for name in (module, node.types_of(module)):
                top = modules / name
                # a package of the project itself is linked into the folder: it is remembered as its own files are
                if not self._is_inside(top) or "node_modules" not in Path(os.path.realpath(top)).parts:
                    continue
                if version := node.version_with_types(top):
                    return Package(f"npm/{name}", version, modules, (name,), node.TYPES)
        return None

    def _is_inside(self, path: Path) -> bool:
        try:
            return os.path.commonpath([os.path.realpath(path), self._real]) == self._real
        except (OSError, ValueError):
            return False


def _read(folder: Path, path: str, tops: Sequence[str]) -> str | None:
    """A source file as it may be shown; None where it may not, cannot be judged, or is a link out of the package."""
    try:
        real = os.path.realpath(folder / path)
        if all(os.path.commonpath([real, top]) != top for top in tops) or secret_by_name(path):
            return None
        with open(real, "rb") as stream:
            data = stream.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES or is_binary(data):
            return None
        text = decode(data, path)
        return None if text_reason(path, text) else text
    except (DocumentError, OSError, ValueError, RecursionError):
        return None
