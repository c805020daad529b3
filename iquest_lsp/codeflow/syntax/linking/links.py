"""The modules that names of a file come from, as places in the repository where its configuration tells."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

from iquest_lsp.codeflow.syntax.imports import STAR, imported, leads_to, modules
from iquest_lsp.codeflow.syntax.linking.go import GoLinks
from iquest_lsp.codeflow.syntax.linking.python import PythonLinks
from iquest_lsp.codeflow.syntax.linking.rust import RustLinks
from iquest_lsp.codeflow.syntax.linking.scripts import ScriptLinks

Modules = frozenset[str] | None


class Links:
    """Follows the names of a repository's files; `files` are its paths, `read` gives a file's bytes."""

    def __init__(self, files: Iterable[str], read: Callable[[str], bytes | None]) -> None:
        known = tuple(files)
        self.scripts = ScriptLinks(known, read)
        self.go = GoLinks(known, read)
        self._rust = RustLinks(known, read)
        self._read = read
        self.python = PythonLinks(known)

    def followed(self, path: str, name: str, on: str, sources: Modules, through: Modules) -> tuple[Modules, Modules]:
        """The modules that a name comes from, and those that `on` before it stands for, as far as they can be told.

        `sources` and `through` are these as the file writes them.
        """
        if self.scripts.reads(path):
            return self.scripts.sources(path, name), self.scripts.modules(path, on, name) if on else through
        if path.endswith(".go") and through:
            return sources, frozenset(self.go.place(module) for module in through)
        if path.endswith(".rs"):
            return self._placed(sources), self._placed(through)
        if path.endswith((".py", ".pyi")) and through and len(through) > 1:
            return sources, self._module(name, on, through)
        return sources, through

    def _module(self, name: str, on: str, through: frozenset[str]) -> frozenset[str]:
        """Of what `on` may stand for, the module of that name where it is one that does not import `name` itself."""
        for module in sorted(through, key=len, reverse=True):
            for file in self.python.ending(module):
                text = (self._read(file) or b"").decode("utf-8", "replace")
                passed = imported(file, text)
                return through if name in passed or STAR in passed else frozenset({module})
        return through

    def _placed(self, named: Modules) -> Modules:
        return named and frozenset(map(self._rust.place, named))

    def is_another(self, path: str, text: str, owner: str, home: str) -> bool:
        """Whether a file plainly means another type by the name `owner` than the one that `home` defines."""
        if path == home:
            return False
        if path.endswith(".go"):
            return self._is_another_of_go(path, text, owner, home)
        if self.scripts.reads(path):
            if re.search(
                rf"^[ \t]*(?:export[ \t]+)?(?:default[ \t]+)?class[ \t]+{re.escape(owner)}\b", text, re.MULTILINE
            ):
                return True
            sources = self.scripts.sources(path, owner)
        elif path.endswith((".py", ".pyi")):
            sources = frozenset(imported(path, text).get(owner, ()))
        else:
            return False
        return bool(sources) and not any(leads_to(source, home, path) for source in sources)

    def _is_another_of_go(self, path: str, text: str, owner: str, home: str) -> bool:
        """In Go a folder's files are one package, and a type of another one is written with that package's name."""
        if PurePosixPath(path).parent == PurePosixPath(home).parent:
            return False
        through = set(re.findall(rf"\b(\w+)\.{re.escape(owner)}\b", text))
        known = modules(path, text)
        places = {self.go.place(module) for name in through for module in known.get(name, ())}
        if any(leads_to(place, home, path) for place in places):
            return False
        return bool(places) or bool(re.search(rf"(?<![.\w]){re.escape(owner)}\b", text))
