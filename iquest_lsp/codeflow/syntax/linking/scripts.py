"""Which file of a repository a name of JavaScript or TypeScript comes from: relative modules, packages of the
repository by their names, `paths` of tsconfig.json, and what index files pass on under this or another name.

A module is a place: `/` and a path in the repository, of a file or of a folder, or the module as an import writes it
where nothing in the repository tells what it means.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from iquest_lsp.codeflow.syntax.imports import GENERAL

SUFFIXES = (".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte")
#: Files of configuration that are read, and files that a name is followed through.
MAX_CONFIGURATIONS, MAX_STEPS = 300, 8
DEFAULT, WHOLE = "default", "*"

# Nothing here gives back what it took (`++`, `*+`), and lists are bounded: any text may be hostile.
_CLAUSE = re.compile(
    r"\b(import|export)\s++(?:type\s++)?+(?:([\w$]++)\s*+(?=,|\bfrom\b))?+,?+\s*+"
    r"(?:\{([^}]{0,5000}+)\}|\*(?:\s*+as\s++([\w$]++))?+)?+\s*+\bfrom\s*+[\"']([^\"'\n]++)[\"']"
)
_STAR = re.compile(r"\bexport\s++(?:type\s++)?+\*\s*+from\s*+[\"']([^\"'\n]++)[\"']")
_REQUIRED = re.compile(
    r"\b(?:const|let|var)\s++(?:([\w$]++)|\{([^}]{0,5000}+)\})\s*+=\s*+(?:await\s++)?+"
    r"(?:require|import)\(\s*+[\"']([^\"'\n]++)[\"']\s*+\)(?:\.([\w$]++))?+"
)
_PASSED = re.compile(r"\bmodule\.exports\s*+=\s*+require\(\s*+[\"']([^\"'\n]++)[\"']\s*+\)")
_LOCAL = re.compile(r"\bexport\s++(?:type\s++)?+\{([^}]{0,5000}+)\}(?!\s*+from\b)")
_DEFAULT = re.compile(
    r"\b(?:export\s++default|module\.exports\s*+=)\s++"
    r"(?:(?:async\s++)?+(?:abstract\s++)?+(?:function\*?+|class)\s++([\w$]++)|([\w$]++)[^\S\n]*+(?:;|\n|$))"
)
_DECLARED = re.compile(
    r"\bexport\s++(?:declare\s++)?+(?:default\s++)?+(?:async\s++)?+(?:abstract\s++)?+(?:const\s++enum|function\*?+|class"
    r"|interface|type|enum|const|let|var|namespace)\s++([\w$]++)"
)
# One that is not ended goes to the end of the text.
_COMMENT = re.compile(r"/\*(?:[^*]|\*(?!/))*+(?:\*/)?+|//[^\n]*+")
_STRING_OR_COMMENT = re.compile(r'("(?:\\.|[^"\\\n])*+"?+)|/\*(?:[^*]|\*(?!/))*+(?:\*/)?+|//[^\n]*+', re.DOTALL)
_SUFFIX = re.compile(r"(?:\.d)?\.(?:[cm]?[jt]sx?|vue|svelte)$")
_BUILT_IN = frozenset(
    {
        "assert",
        "async_hooks",
        "buffer",
        "child_process",
        "cluster",
        "console",
        "constants",
        "crypto",
        "dns",
        "events",
        "fs",
        "http",
        "http2",
        "https",
        "module",
        "net",
        "os",
        "path",
        "perf_hooks",
        "process",
        "punycode",
        "querystring",
        "readline",
        "stream",
        "string_decoder",
        "timers",
        "tls",
        "tty",
        "url",
        "util",
        "v8",
        "vm",
        "worker_threads",
        "zlib",
    }
)
_STATED = ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")


@dataclass(frozen=True, slots=True)
class FileLinks:
    """What one file imports and exports: the module and the name there, with "" for a module of its own.

    The name is DEFAULT for what a module exports by default, WHOLE for the module itself; `stars` are modules all of
    whose exports it passes on, `taken` the modules that a name is taken from whatever it is called here.
    """

    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    exports: dict[str, tuple[str, str]] = field(default_factory=dict)
    taken: dict[str, set[str]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)


def links_of(text: str) -> FileLinks:
    """The import and export statements of a file, and its calls of `require`."""
    found = FileLinks(stars=_STAR.findall(text) + _PASSED.findall(text))
    for word, default, names, whole, module in _CLAUSE.findall(text):
        into = found.imports if word == "import" else found.exports
        if default:
            into[default] = (module, DEFAULT)
        if whole:
            into[whole] = (module, WHOLE)
        for name, alias in _pairs(names, r"\s+as\s+"):
            into[alias] = (module, name)
            found.taken.setdefault(name, set()).add(module)
    for whole, names, module, member in _REQUIRED.findall(text):
        if whole:
            found.imports[whole] = (module, member or DEFAULT)
        for name, alias in _pairs(names, r"\s*:\s*"):
            found.imports[alias] = (module, name)
            found.taken.setdefault(name, set()).add(module)
    for names in _LOCAL.findall(text):
        for name, alias in _pairs(names, r"\s+as\s+"):
            found.exports[alias] = ("", name)
    for name in _DECLARED.findall(text):
        found.exports[name] = ("", name)
    if default := _DEFAULT.search(text):
        found.exports[DEFAULT] = ("", default[1] or default[2])
    return found


def _pairs(names: str, renaming: str) -> Iterator[tuple[str, str]]:
    for part in _COMMENT.sub("", names).split(","):
        name, *alias = re.split(renaming, part.strip().removeprefix("type ").strip())
        name = name.split("=")[0].strip()
        if name:
            yield name, alias[0].split("=")[0].strip() if alias else name


class ScriptLinks:
    """Follows names through the modules of a repository.

    `files` are its paths, `read` gives a file's bytes. What is read is kept as long as this object is.
    """

    def __init__(self, files: Iterable[str], read: Callable[[str], bytes | None]) -> None:
        self._files = frozenset(files)
        self._read = read
        self._links: dict[str, FileLinks] = {}
        self._configured: _Configured | None = None
        self._named: frozenset[str] | None = None

    def reads(self, path: str) -> bool:
        """Whether a file is one whose names are followed."""
        return path.endswith(SUFFIXES)

    def ends(self, path: str, name: str) -> frozenset[tuple[str, str]] | None:
        """The places and names there that a name of a file may stand for; None where it takes none of that name."""
        links = self._of(path)
        if name in links.imports:
            return frozenset(self._exported(path, *links.imports[name], {(path, name)}))
        if name not in links.taken:
            return None
        return frozenset(end for module in links.taken[name] for end in self._exported(path, module, name, set()))

    def sources(self, path: str, name: str) -> frozenset[str]:
        """The modules that a name of a file comes from, under this name or as what a module exports by default."""
        ends = self.ends(path, name) or ()
        return frozenset(place for place, last in ends if last in (name, DEFAULT, WHOLE))

    def modules(self, path: str, on: str, name: str) -> frozenset[str]:
        """The modules that the member `name` of what is called `on` here may come from."""
        bound = self._of(path).imports.get(on)
        if bound is None:
            return frozenset()
        found: set[str] = set()
        for place, last in self._exported(path, *bound, set()):
            if last == WHOLE and place.startswith("/") and place[1:] in self._files:
                found |= {end for end, _ in self._export(place[1:], name, set())}
            else:
                found.add(place)
        return frozenset(found)

    def is_own(self, module: str) -> bool:
        """Whether a module of no known place may be in the repository, as behind an alias, by its last name."""
        if self._named is None:
            paths = [path for path in self._files if path.endswith(SUFFIXES)]
            around = {posixpath.dirname(path) for path in paths}
            names = {_SUFFIX.sub("", posixpath.basename(path)) for path in paths}
            self._named = frozenset(names.union(*(folder.split("/") for folder in around)))
        last = _SUFFIX.sub("", module.partition("?")[0]).rstrip("/").rpartition("/")[2].lstrip("@~#$")
        return last in ("", *GENERAL) or last in self._named

    def exported(self, path: str, name: str) -> frozenset[tuple[str, str]]:
        """The places and names there that what a file exports under a name may be."""
        return frozenset(self._export(path, name, set()))

    def aliases(self, path: str, target: str, name: str) -> tuple[set[str], set[str]]:
        """Other names under which a file imports, and under which it exports, what `target` defines as `name`."""
        links, wanted = self._of(path), (_absolute(target), name)
        own = {alias for alias in links.imports if alias != name and wanted in (self.ends(path, alias) or ())}
        passed = {
            alias
            for alias in links.exports
            if alias not in (name, DEFAULT) and wanted in self._export(path, alias, set())
        }
        return own, passed

    def _of(self, path: str) -> FileLinks:
        if path not in self._links:
            source = self._read(path) if path in self._files else None
            self._links[path] = links_of((source or b"").decode("utf-8", "replace"))
        return self._links[path]

    def _exported(self, user: str, module: str, name: str, seen: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """Where a name of a module comes from that `user` imports."""
        found: set[tuple[str, str]] = set()
        for place in self._places(user, module):
            if file := self._file(place):
                found |= self._export(file, name, seen)
            else:
                found.add((place, name))
        return found

    def _export(self, file: str, name: str, seen: set[tuple[str, str]]) -> set[tuple[str, str]]:
        """Where what a file exports under a name is defined."""
        if name == WHOLE or (file, name) in seen or len(seen) > MAX_STEPS * 8:
            return {(_absolute(file), name)}
        seen.add((file, name))
        links = self._of(file)
        if name in links.exports:
            module, inner = links.exports[name]
            if not module and inner in links.imports:
                module, inner = links.imports[inner]
            return self._exported(file, module, inner, seen) if module else {(_absolute(file), inner)}
        found: set[tuple[str, str]] = set()
        for module in links.stars:
            found |= self._exported(file, module, name, seen)
        if not links.exports and not links.stars and name in links.imports:
            # A module of CommonJS, which may hand on what it requires.
            found |= self._exported(file, *links.imports[name], seen)
        return {end for end in found if self._has(end)} or found or {(_absolute(file), name)}

    def _has(self, end: tuple[str, str]) -> bool:
        """Whether a file says that it exports a name."""
        place, name = end
        return place[1:] in self._files and (name in self._of(place[1:]).exports or name == WHOLE)

    def _file(self, place: str) -> str:
        """The file that a place means as a module."""
        bare = place[1:] if place.startswith("/") else ""
        if not bare:
            return ""
        stems = [bare, re.sub(r"\.[cm]?jsx?$", "", bare)]
        names = [*stems, *(f"{stem}{suffix}" for stem in stems for suffix in SUFFIXES)]
        names += [f"{bare}/index{suffix}" for suffix in SUFFIXES]
        return next((name for name in names if name in self._files), "")

    def _places(self, user: str, module: str) -> set[str]:
        """What a module means that a file imports: places, the module itself, or nothing for what is not in here."""
        if module.startswith("."):
            return {_absolute(posixpath.normpath(posixpath.join(posixpath.dirname(user), module)))}
        if self._configured is None:
            self._configured = _Configured(self._files, self._read)
        places = self._configured.places(user, module)
        if places is None:
            return {module}
        known = {place for place in places if self._file(place)}
        return known or places


class _Configured:
    """What package.json and tsconfig.json say of the names of modules."""

    def __init__(self, files: frozenset[str], read: Callable[[str], bytes | None]) -> None:
        self._packages: dict[str, str] = {}
        self._foreign: dict[str, set[str]] = {}
        self._patterns: list[tuple[str, str, list[str]]] = []
        self._bases: list[tuple[str, str]] = []
        chosen = [
            path
            for path in files
            if re.fullmatch(r"package\.json|(?:tsconfig|jsconfig)[\w.\-]*\.json", posixpath.basename(path))
        ]
        for path in sorted(chosen, key=lambda item: (item.count("/"), item))[:MAX_CONFIGURATIONS]:
            known, folder = _json(read(path)), posixpath.dirname(path)
            if posixpath.basename(path) == "package.json":
                self._add_package(folder, known)
            else:
                self._add_compiler(folder, known)

    def _add_package(self, folder: str, known: dict[str, object]) -> None:
        if isinstance(name := known.get("name"), str) and name:
            self._packages.setdefault(name, folder)
        for kind in _STATED:
            if isinstance(some := known.get(kind), dict):
                self._foreign.setdefault(folder, set()).update(some)
        if isinstance(own := known.get("imports"), dict):
            self._patterns += [(folder, name, _strings(value, folder)) for name, value in own.items()]

    def _add_compiler(self, folder: str, known: dict[str, object]) -> None:
        options = known.get("compilerOptions")
        if not isinstance(options, dict):
            return
        base = options.get("baseUrl")
        root = posixpath.normpath(posixpath.join(folder, base)) if isinstance(base, str) else folder
        if isinstance(base, str):
            self._bases.append((folder, root))
        if isinstance(paths := options.get("paths"), dict):
            self._patterns += [(folder, name, _strings(value, root)) for name, value in paths.items()]

    def places(self, user: str, module: str) -> set[str] | None:
        """The places that a module means which is not relative; none for one from outside, None where unknown."""
        found: set[str] = set()
        for folder, pattern, targets in self._patterns:
            before, star, after = pattern.partition("*")
            inner = module[len(before) : len(module) - len(after)]
            fits = module.startswith(before) and module.endswith(after) and bool(inner) if star else module == pattern
            if fits and pattern != "*" and _is_in(user, folder):
                found |= {_absolute(target.replace("*", inner)) for target in targets}
        parts = module.split("/")
        name = "/".join(parts[:2]) if module.startswith("@") else parts[0]
        if name in self._packages:
            folder, rest = self._packages[name], module[len(name) :].strip("/")
            for inner in ("src", "", "lib"):
                found.add(_absolute(posixpath.join(folder, inner, rest or "index")))
            found.add(_absolute(folder))
        if found:
            return found
        if module.startswith("node:") or name in _BUILT_IN:
            return set()
        if any(name in stated and _is_in(user, folder) for folder, stated in self._foreign.items()):
            return set()
        based = {_absolute(posixpath.join(root, module)) for folder, root in self._bases if _is_in(user, folder)}
        return based or None


def _is_in(path: str, folder: str) -> bool:
    return not folder or path.startswith(f"{folder}/")


def _absolute(path: str) -> str:
    """A path in the repository as a place."""
    return "/" + posixpath.normpath(path).lstrip("/") if path not in ("", ".") else "/"


def _strings(value: object, folder: str) -> list[str]:
    """The paths in what `paths` or `imports` give for a name."""
    if isinstance(value, str):
        return [posixpath.normpath(posixpath.join(folder, value))]
    some = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [path for item in some for path in _strings(item, folder)]


def _json(source: bytes | None) -> dict[str, object]:
    """A file of JSON, with the comments and the commas at the end that tsconfig.json may have."""
    text = (source or b"").decode("utf-8", "replace")
    for form in (text, re.sub(r",(\s*[}\]])", r"\1", _STRING_OR_COMMENT.sub(r"\1", text))):
        try:
            found = json.loads(form)
        except (ValueError, RecursionError):
            continue
        return found if isinstance(found, dict) else {}
    return {}
