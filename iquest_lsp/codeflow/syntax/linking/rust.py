"""What the paths of Rust's imports mean, by the Cargo.toml files that name the crates of a repository."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import PurePosixPath

from iquest_lsp.codeflow.syntax.paths import is_test

#: More crates than these are not looked at.
MAX_CRATES = 200
_NAME = re.compile(
    rb"^[ \t]*\[(?:package|lib)\](?:(?!^[ \t]*\[)[^\n]*\n)*?[ \t]*name[ \t]*=[ \t]*[\"']([\w-]+)[\"']",
    re.MULTILINE,
)


class RustLinks:
    """Follows paths that begin with the name of a crate; `files` are the paths, `read` gives a file's bytes."""

    def __init__(self, files: Iterable[str], read: Callable[[str], bytes | None]) -> None:
        manifests = (path for path in files if PurePosixPath(path).name == "Cargo.toml" and not is_test(path))
        # What lies deeper may be an example that has the name of what it shows.
        self._manifests = sorted(manifests, key=lambda path: (path.count("/"), path))[:MAX_CRATES]
        self._read = read

    @cached_property
    def _crates(self) -> dict[str, str]:
        """The folder of the code of each crate, by the name that code uses."""
        found: dict[str, str] = {}
        for path in self._manifests:
            for name in _NAME.findall(self._read(path) or b""):
                found.setdefault(name.decode().replace("-", "_"), (PurePosixPath(path).parent / "src").as_posix())
        return found

    def place(self, module: str) -> str:
        """The path of a module as one in the repository, where it begins with a crate of it; else the module."""
        first, *rest = module.split("::")
        folder = self._crates.get(first)
        if folder is None:
            return module
        # A type may stand for a module, whose parts are its variants.
        inner = [part for part in rest if not part[:1].isupper()]
        return "/" + "/".join((folder, *inner))
