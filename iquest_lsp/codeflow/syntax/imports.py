"""Where a file's names come from, by its import statements (Python, JavaScript and TypeScript)."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_PYTHON = re.compile(r"^[ \t]*from[ \t]+([.\w]+)[ \t]+import[ \t]+(?:\(([^)]*)\)|([^\n#;]*))", re.MULTILINE)
_SCRIPT = re.compile(
    r"\b(?:import|export)\s+(?:type\s+)?([\w$]+(?=\s*(?:,|from)))?\s*,?\s*(?:\{([^}]*)\}|(\*)(?:\s+as\s+[\w$]+)?)?"
    r"\s*from\s*[\"']([^\"'\n]+)[\"']"
)
_REQUIRED = re.compile(
    r"\b(?:const|let|var)\s+(?:([\w$]+)|\{([^}]*)\})\s*=\s*(?:await\s+)?(?:require|import)\(\s*[\"']([^\"'\n]+)[\"']"
)
_STATEMENT = re.compile(
    r"^\s*(?:(?:from|import|export|use|pub(?:\([\w:]+\))?\s+use|require|require_relative|include|mod|pub\s+mod|package)"
    r"\b|#\s*include)|^\s*(?:const|let|var)\b.*\b(?:require|import)\(|\}\s*from\s+[\"']"
)
_SCRIPTS = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte")
#: What a module is called where others import its folder.
GENERAL = ("__init__", "index", "mod", "main", "lib")
STAR = "*"


def imports(text: str) -> bool:
    """True for a line that imports something."""
    return bool(_STATEMENT.search(text))


def reads_imports(path: str) -> bool:
    """Whether `imported` understands files of this name."""
    return path.endswith((".py", ".pyi", *_SCRIPTS))


def imported(path: str, text: str) -> dict[str, set[str]]:
    """From which modules, as they are written, each name of a file comes; those of star imports stand under STAR."""
    found: dict[str, set[str]] = {}

    def add(names: str, module: str, renaming: str) -> None:
        for part in re.sub(r"#[^\n]*|//[^\n]*", "", names).split(","):
            name = re.split(renaming, part.strip())[0].removeprefix("type ").strip()
            if name:
                found.setdefault(name, set()).add(module)

    if path.endswith((".py", ".pyi")):
        for module, several, one in _PYTHON.findall(text):
            add(several or one, module, r"\s+as\s+")
    elif path.endswith(_SCRIPTS):
        for default, names, star, module in _SCRIPT.findall(text):
            add(",".join((default, names)), module, r"\s+as\s+")
            if star:
                found.setdefault(STAR, set()).add(module)
        for default, names, module in _REQUIRED.findall(text):
            add(",".join((default, names)), module, r"\s*:\s*")
    return found


def leads_to(module: str, path: str) -> bool:
    """Whether the name of a module, as an import writes it, can mean the file at `path` or a package around it."""
    file = PurePosixPath(path)
    last = re.split(r"[./\\]", re.sub(r"\.(?:[cm]?[jt]sx?|vue|svelte)$", "", module).rstrip("./"))[-1]
    # `from . import name` and `from "./index"` mean the folder that the file lies in, or one that passes it on.
    return last in ("", *GENERAL, file.stem, *file.parent.parts)
