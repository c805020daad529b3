"""From an import as it is written to the workspace's file it means."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator

from iquest_lsp import grammars

_SCRIPT_SUFFIXES = (".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".vue", ".svelte", ".json")
_SOURCE_FOLDERS = ("src", "lib", "python", "source", "app", "packages", "crates", "include")


class ModuleTable:
    """The workspace's paths by the last parts of their names, so that an import is found without a search."""

    def __init__(self) -> None:
        self._paths: set[str] = set()
        # By file name without its suffix, or the folder's name for package files.
        self._stems: dict[str, set[str]] = defaultdict(set)
        self._folders: dict[str, set[str]] = defaultdict(set)

    def add(self, path: str) -> None:
        """Notes a file."""
        self._paths.add(path)
        self._stems[self.stem(path)].add(path)
        self._folders[path.rpartition("/")[0]].add(path)

    def remove(self, path: str) -> None:
        """Forgets a file."""
        self._paths.discard(path)
        self._discard(self._stems, self.stem(path), path)
        self._discard(self._folders, path.rpartition("/")[0], path)

    @staticmethod
    def stem(path: str) -> str:
        """The name a file is imported by: its own, or its folder's for `__init__.py`, `index.ts`, `mod.rs`."""
        folder, _, name = path.rpartition("/")
        stem = name.partition(".")[0] or name
        if stem in ("__init__", "index", "mod", "lib", "main") and folder:
            return folder.rpartition("/")[2]
        return stem

    def resolve(self, path: str, name: str) -> tuple[str, ...]:
        """The files an import in `path` may mean; several for a package (Go), none for one from outside."""
        language = grammars.language_of(path)
        if language == "python":
            return self._first(self._python(path, name))
        if language in ("javascript", "typescript", "tsx"):
            return self._first(self._script(path, name))
        if language in ("c", "cpp"):
            return self._first(self._include(path, name))
        if language == "java":
            parts = name.split(".")
            return self._by_tail("/".join(parts) + ".java", parts[-1]) or self._by_tail(
                "/".join(parts[:-1]) + ".java", parts[-2] if len(parts) > 1 else ""
            )
        if language == "rust":
            return self._first(self._rust(path, name))
        if language == "go":
            return self._go(name)
        return ()

    def _first(self, candidates: Iterator[str]) -> tuple[str, ...]:
        for candidate in candidates:
            if candidate in self._paths:
                return (candidate,)
        return ()

    def _python(self, path: str, name: str) -> Iterator[str]:
        module = name.lstrip(".")
        dots = len(name) - len(module)
        tail = module.replace(".", "/")
        if dots:
            folder = path.rpartition("/")[0]
            for _ in range(dots - 1):
                folder = folder.rpartition("/")[0]
            base = posixpath.join(folder, tail) if tail else folder
            yield from (f"{base}.py", f"{base}.pyi", posixpath.join(base, "__init__.py"))
            return
        if not tail:
            return
        for base in dict.fromkeys(("", *(f"{folder}/" for folder in _SOURCE_FOLDERS), _package_base(path, module))):
            yield from (f"{base}{tail}.py", f"{base}{tail}/__init__.py", f"{base}{tail}.pyi")
        # A script's neighbours can be imported by their bare name.
        folder = path.rpartition("/")[0]
        if folder and "/" not in tail:
            yield f"{folder}/{tail}.py"
        yield from self._by_tail(f"{tail}.py", module.rpartition(".")[2])[:1]

    def _script(self, path: str, name: str) -> Iterator[str]:
        if not name.startswith("."):
            tail = name.lstrip("@~/")
            for suffix in _SCRIPT_SUFFIXES:
                yield f"src/{tail}{suffix}"
            return
        base = posixpath.normpath(posixpath.join(path.rpartition("/")[0], name))
        yield base
        stem = base.removesuffix(".js").removesuffix(".mjs")
        for candidate in dict.fromkeys((base, stem)):
            yield from (candidate + suffix for suffix in _SCRIPT_SUFFIXES)
        yield from (f"{base}/index{suffix}" for suffix in _SCRIPT_SUFFIXES)

    def _include(self, path: str, name: str) -> Iterator[str]:
        yield posixpath.normpath(posixpath.join(path.rpartition("/")[0], name))
        yield posixpath.normpath(name)
        yield f"include/{name}"
        yield from self._by_tail(name, name.rpartition("/")[2].partition(".")[0])[:1]

    def _rust(self, path: str, name: str) -> Iterator[str]:
        parts = [part for part in name.split("::") if part]
        folder = path.rpartition("/")[0]
        root = folder
        while root and f"{root}/lib.rs" not in self._paths and f"{root}/main.rs" not in self._paths:
            root = root.rpartition("/")[0]
        own = folder if self.stem(path) == folder.rpartition("/")[2] else f"{folder}/{self.stem(path)}"
        if parts and parts[0] == "crate":
            bases, parts = [root], parts[1:]
        elif parts and parts[0] == "super":
            bases, parts = [own.rpartition("/")[0]], parts[1:]
        elif parts and parts[0] == "self":
            bases, parts = [own, folder], parts[1:]
        else:
            return
        while parts:
            for base in bases:
                tail = posixpath.join(base, *parts)
                yield from (f"{tail}.rs", f"{tail}/mod.rs")
            parts.pop()

    def _go(self, name: str) -> tuple[str, ...]:
        # An import names a package: the longest end of it that is a folder here.
        parts = [part for part in name.split("/") if part]
        for start in range(len(parts)):
            files = tuple(self._folders.get("/".join(parts[start:]), ()))  # copied: another thread may write
            if files:
                return tuple(sorted(file for file in files if file.endswith(".go") and not file.endswith("_test.go")))
        return ()

    def _by_tail(self, tail: str, stem: str) -> tuple[str, ...]:
        known = tuple(self._stems.get(stem, ()))  # copied: another thread may write
        found = [path for path in known if path == tail or path.endswith("/" + tail)]
        return tuple(sorted(found, key=lambda path: (path.count("/"), path))[:1])

    @staticmethod
    def _discard(table: dict[str, set[str]], key: str, path: str) -> None:
        table[key].discard(path)
        if not table[key]:
            del table[key]


def _package_base(path: str, module: str) -> str:
    """The folder above the importing file's own package, for `import package.x` from inside `package`."""
    top = module.partition(".")[0]
    parts = path.split("/")
    return "/".join(parts[: parts.index(top)]) + "/" if top in parts[1:] else ""
