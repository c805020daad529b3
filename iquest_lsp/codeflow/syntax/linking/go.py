"""Which folder of a repository an import of Go means, by the modules that its go.mod files name."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable

_MODULE = re.compile(r"^module\s+\"?([^\s\"]+)", re.MULTILINE)
MAX_MODULES = 50


class GoLinks:
    """The Go packages of a repository by the paths that imports write.

    `files` are its paths, `read` gives a file's bytes. A place is `/`, the folder's path and `/`.
    """

    def __init__(self, files: Iterable[str], read: Callable[[str], bytes | None]) -> None:
        self._files = files
        self._read = read
        self._modules: list[tuple[str, str]] | None = None

    def place(self, module: str) -> str:
        """The place that an import means; the import itself where no module of the repository has it."""
        if self._modules is None:
            chosen = sorted(path for path in self._files if posixpath.basename(path) == "go.mod")[:MAX_MODULES]
            texts = [(path, (self._read(path) or b"").decode("utf-8", "replace")) for path in chosen]
            found = [(match[1], posixpath.dirname(path)) for path, text in texts if (match := _MODULE.search(text))]
            self._modules = sorted(found, key=lambda item: -len(item[0]))
        for prefix, folder in self._modules:
            if module == prefix or module.startswith(f"{prefix}/"):
                inner = posixpath.normpath(posixpath.join(folder, module[len(prefix) + 1 :]) or ".")
                return f"/{inner}/"
        return module
