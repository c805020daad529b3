"""Where a file's names come from, by its import statements (Python, JavaScript, TypeScript, Rust, Go)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from iquest_lsp.codeflow.syntax.comments import is_comment, uncommented

# Nothing here gives back what it took (`++`, `*+`), and lists are bounded: any text may be hostile.
_PYTHON = re.compile(
    r"^[ \t]*+from[ \t]++([.\w]++)[ \t]++import[ \t]++(?:\(([^)]{0,10000}+)\)|([^\n#;]*+))", re.MULTILINE
)
_SCRIPT = re.compile(
    r"\b(?:import|export)\s++(?:type\s++)?+(?:([\w$]++)(?=\s*+(?:,|from)))?+\s*+,?+\s*+"
    r"(?:\{([^}]{0,5000}+)\}|(\*)(?:\s++as\s++[\w$]++)?+)?+\s*+from\s*+[\"']([^\"'\n]++)[\"']"
)
_REQUIRED = re.compile(
    r"\b(?:const|let|var)\s++(?:([\w$]++)|\{([^}]{0,5000}+)\})\s*+=\s*+(?:await\s++)?+(?:require|import)\(\s*+[\"']([^\"'\n]++)[\"']"
)
_STATEMENT = re.compile(
    r"^\s*+(?:export\s++(?:type\s++)?+[{*]|(?:from|import|use|pub(?:\([\w:]++\))?+\s++use|require|require_relative|include"
    r"|mod|pub\s++mod|package)\b|#\s*+include)|^\s*+(?:const|let|var)\b(?=.*\b(?:require|import)\()|\}\s*+from\s++[\"']"
)
_MODULE = re.compile(r"^[ \t]*+import[ \t]++([\w., \t]++)", re.MULTILINE)
_WHOLE = re.compile(
    r"\bimport\s*+(?:type\s++)?+(?:[\w$]++\s*+,\s*+)?+\*\s*+as\s++([\w$]++)\s*+from\s*+[\"']([^\"'\n]++)[\"']"
)
_USE = re.compile(r"\buse\s++([^;]{1,5000}+);")
_GO = re.compile(r"^[^\S\n]*+(?:import\s++)?+(?:([\w.]++)\s++)?+\"([\w./~\-]++)\"[^\S\n]*+(?://.*+)?+$", re.MULTILINE)
_TEXT = re.compile(r"\"[^\"]*+\"|'[^']*+'")
_COMMENT = re.compile(r"#[^\n]*+|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?+")
_SCRIPTS = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte")
#: What a module is called where others import its folder.
GENERAL = ("__init__", "index", "mod", "main", "lib")
STAR = "*"


def imports(text: str) -> bool:
    """True for a line that imports something."""
    return bool(_STATEMENT.search(text))


#: A list of imported names goes over so many lines at most.
MAX_LISTED = 200


def import_lines(lines: Sequence[str]) -> Iterator[str]:
    """Those of a file's lines that import something, those of a list in brackets over several lines among them."""
    open_until = -1
    for at, line in enumerate(lines):
        if at <= open_until or imports(line):
            yield line
            code = "" if is_comment(line) else _TEXT.sub("", uncommented(line))
            opened = code.count("(") + code.count("{") - code.count(")") - code.count("}")
            open_until = at + MAX_LISTED if opened > 0 else at if opened < 0 else open_until


def _bare(names: str) -> str:
    """A list of names without the comments in it."""
    return _COMMENT.sub("", names)


def reads_imports(path: str) -> bool:
    """Whether `imported` understands files of this name."""
    return path.endswith((".py", ".pyi", ".rs", ".go", *_SCRIPTS))


def imported(path: str, text: str) -> dict[str, set[str]]:
    """From which modules, as they are written, each name of a file comes; those of star imports stand under STAR."""
    found: dict[str, set[str]] = {}

    def add(names: str, module: str, renaming: str) -> None:
        for part in _bare(names).split(","):
            name = re.split(renaming, part.strip())[0].removeprefix("type ").strip()
            if name:
                found.setdefault(name, set()).add(module)

    if path.endswith((".py", ".pyi")):
        for module, several, one in _PYTHON.findall(text):
            add(several or one, module, r"\s+as\s+")
    elif path.endswith(".rs"):
        for tree in _USE.findall(text):
            for module, name, _ in _use_tree(re.sub(r"//[^\n]*", "", tree)):
                found.setdefault(STAR if name == "*" else name, set()).add(module)
    elif path.endswith(_SCRIPTS):
        for default, names, star, module in _SCRIPT.findall(text):
            add(",".join((default, names)), module, r"\s+as\s+")
            if star:
                found.setdefault(STAR, set()).add(module)
        for default, names, module in _REQUIRED.findall(text):
            add(",".join((default, names)), module, r"\s*:\s*")
    return found


def modules(path: str, text: str) -> dict[str, set[str]]:
    """The modules that names of a file stand for, as they are written: of `import a.b as c`, `a.b` for `c`.

    What is imported from a module may be one itself: it is told with what it is imported from.
    """
    found: dict[str, set[str]] = {}
    if path.endswith((".py", ".pyi")):
        for names in _MODULE.findall(text):
            for part in names.split(","):
                module, _, name = part.strip().partition(" as ")
                if module:
                    found.setdefault(name.strip() or module.split(".")[0], set()).add(module.strip())
                    found.setdefault(module.strip().split(".")[-1], set()).add(module.strip())
        for module, several, one in _PYTHON.findall(text):
            for part in _bare(several or one).split(","):
                name, _, alias = part.strip().partition(" as ")
                if name:
                    inner = f"{module}{name}" if module.endswith(".") else f"{module}.{name}"
                    found.setdefault(alias.strip() or name, set()).update({module, inner})
    elif path.endswith(_SCRIPTS):
        for name, module in _WHOLE.findall(text):
            found.setdefault(name, set()).add(module)
        for default, names, _, module in _SCRIPT.findall(text):
            for part in (default, *_bare(names).split(",")):
                if name := re.split(r"\s+as\s+", part.strip())[-1].removeprefix("type "):
                    found.setdefault(name, set()).add(module)
        for default, names, module in _REQUIRED.findall(text):
            for part in (default, *_bare(names).split(",")):
                if name := re.split(r"\s*:\s*", part.strip())[-1]:
                    found.setdefault(name, set()).add(module)
    elif path.endswith(".rs"):
        for tree in _USE.findall(text):
            for module, name, alias in _use_tree(re.sub(r"//[^\n]*", "", tree)):
                found.setdefault(alias or name, set()).update({module, f"{module}::{name}"})
    elif path.endswith(".go"):
        for alias, module in _GO.findall(text):
            last = re.sub(r"/v\d+$|^gopkg\.in/|\.v\d+$", "", module).rsplit("/", 1)[-1]
            found.setdefault(alias or last, set()).add(module)
    return found


def _use_tree(tree: str, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """The parts of a `use` of Rust: module, name, and what it is called here where that is another name."""
    tree = tree.strip()
    brace = tree.find("{")
    if brace >= 0:
        outer = prefix + tree[:brace].strip()
        depth, part = 0, ""
        for char in tree[brace + 1 : tree.rfind("}") if "}" in tree else len(tree)]:
            depth += (char == "{") - (char == "}")
            if char == "," and not depth:
                yield from _use_tree(part, outer)
                part = ""
            else:
                part += char
        yield from _use_tree(part, outer)
        return
    path, _, alias = tree.partition(" as ")
    module, _, name = f"{prefix}{path.strip()}".rpartition("::")
    if name == "self":
        module, _, name = module.rpartition("::")
    if name:
        yield module, name, alias.strip()


def leads_to(module: str, path: str, user: str = "") -> bool:
    """Whether the name of a module, as an import writes it, can mean the file at `path` or a package around it.

    A relative one is followed from the file `user`, where that is known; one with a slash before it is a path in the
    repository, with one behind it too the files of a folder.
    """
    file = PurePosixPath(path)
    bare = (
        re.sub(r"\.(?:[cm]?[jt]sx?|vue|svelte)$", "", module)
        if module.startswith((".", "/", "@")) or "/" in module
        else module
    )
    if user and module.startswith("."):
        return _is_at(followed(bare, user), file)
    if module.startswith("/") and module.endswith("/"):
        return posixpath.normpath(module.strip("/") or ".") == file.parent.as_posix()
    if module.startswith("/"):
        return _is_at(bare.lstrip("/").removesuffix(".d") or ".", file)
    last = re.split(r"[./\\:]+", bare.rstrip("./"))[-1]
    # `from . import name` and `from "./index"` mean the folder that the file lies in, or one that passes it on.
    return last in ("", "crate", "super", "self", *GENERAL, file.stem, *file.parent.parts)


def is_package(module: str, path: str) -> bool:
    """Whether the name of a module, as an import writes it, means a package around the file at `path`, not the file."""
    last = re.split(r"[./\\:]+", module)[-1]
    return not module.startswith(".") and last in PurePosixPath(path).parent.parts and last != PurePosixPath(path).stem


def followed(module: str, user: str) -> str:
    """Where a relative module lies, without its suffix: `./a` of scripts, `..a.b` of Python."""
    folder = PurePosixPath(user).parent.as_posix()
    if user.endswith((".py", ".pyi")):
        dots = len(module) - len(module.lstrip("."))
        steps = [".."] * (dots - 1) + [part for part in module.lstrip(".").split(".") if part]
        return posixpath.normpath(posixpath.join(folder, *steps))
    return posixpath.normpath(posixpath.join(folder, module))


def _is_at(place: str, file: PurePosixPath) -> bool:
    """Whether a place means a file, or a folder or its index that may pass on what the file defines."""
    name = place.rpartition("/")[2]
    if name in GENERAL:
        place = place.rpartition("/")[0] or "."
    bare = file.with_suffix("").as_posix().removesuffix(".d")
    return place in (".", bare) or bare.startswith(f"{place}/")
