"""Which file of a repository a module of Python is, by the folders that its files lie in."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator

from iquest_lsp.codeflow.syntax.imports import followed

SUFFIXES = (".py", ".pyi")
#: Folders that hold packages and are in no module's name.
_ROOTS = ("", "src/", "lib/", "python/")


class PythonLinks:
    """The modules of Python among the files of a repository, given by their paths."""

    def __init__(self, files: Iterable[str]) -> None:
        self._files = frozenset(path for path in files if path.endswith(SUFFIXES))
        self._named: dict[str, list[str]] = {}
        for path in sorted(self._files):
            self._named.setdefault(_last(path), []).append(path)
        around = {path.rpartition("/")[0] for path in self._files}
        self._folders = frozenset(name for folder in around for name in folder.split("/"))

    def ending(self, module: str) -> list[str]:
        """The files that a module may be, which is written from any folder."""
        where = "/" + module.lstrip(".").replace(".", "/")
        return [file for file in self._named.get(where.rpartition("/")[2], ()) if _bare(file).endswith(where)]

    def file(self, module: str, user: str) -> str:
        """The file that the module is which `user` imports; empty where that is none or not known to be one."""
        if module.startswith("."):
            return self._at(followed(module, user))
        place = module.replace(".", "/")
        for root in _ROOTS:
            if found := self._at(root + place):
                return found
        found_anywhere = self.ending(module)
        return found_anywhere[0] if len(found_anywhere) == 1 and "." in module else ""

    def parts(self, name: str, written: Collection[str], user: str) -> Iterator[tuple[str, str]]:
        """The files that `name` of `user` may come from, each with its name there, or "" where it is the file itself.

        `written` are the modules that it stands for, as `imports.modules` tells them.
        """
        inner = {
            (whole, whole.removeprefix(base).lstrip("."))
            for whole in written
            for base in written
            if whole != base and whole.startswith(base)
        }
        for whole, last in sorted(inner):
            # What a package has of that name comes before its module of that name.
            if base := self.file(whole.removesuffix(last).rstrip(".") or whole.removesuffix(last), user):
                yield base, last
            if module := self.file(whole, user):
                yield module, ""
        for whole in sorted(written) if not inner else ():
            first = whole.split(".")[0]  # `import a.b` binds a
            if module := self.file(first if first == name else whole, user):
                yield module, ""

    def is_own(self, module: str) -> bool:
        """Whether the repository may have the package that a module lies in, which need not say that it is one."""
        first = module.split(".")[0]
        return module.startswith(".") or first in self._named or first in self._folders

    def _at(self, place: str) -> str:
        place = posixpath.normpath(place)
        names = (f"{place}{end}{suffix}" for end in ("", "/__init__") for suffix in SUFFIXES)
        return next((name for name in names if name in self._files), "")


def _bare(path: str) -> str:
    """A file as modules are written, as a path from the top."""
    return f"/{path}".rpartition(".")[0].removesuffix("/__init__")


def _last(path: str) -> str:
    return _bare(path).rpartition("/")[2]
