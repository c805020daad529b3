"""Documents that are no files: buffers that were never saved, and the cells of notebooks.

They lie in a workspace under paths that tell their kind and, by the suffix, their language; a file of that name is
hardly there, and none is read for them.
"""

from __future__ import annotations

from pathlib import PurePosixPath

_UNTITLED, _CELL = "untitled:", "#cell"
#: By the language identifiers of the Language Server Protocol.
_SUFFIXES = {
    "c": ".c",
    "cpp": ".cpp",
    "csharp": ".cs",
    "css": ".css",
    "go": ".go",
    "html": ".html",
    "java": ".java",
    "javascript": ".js",
    "javascriptreact": ".jsx",
    "json": ".json",
    "julia": ".jl",
    "lua": ".lua",
    "markdown": ".md",
    "php": ".php",
    "python": ".py",
    "r": ".r",
    "ruby": ".rb",
    "rust": ".rs",
    "shellscript": ".sh",
    "sql": ".sql",
    "typescript": ".ts",
    "typescriptreact": ".tsx",
    "yaml": ".yaml",
}


def untitled_name(name: str, language: str) -> str:
    """The file name of a buffer that was never saved, from what the editor calls it."""
    bare = name.replace("/", "_").replace("\0", "")[-100:] or "1"
    has_suffix = bool(PurePosixPath(bare).suffix)
    return _UNTITLED + bare + ("" if has_suffix else _SUFFIXES.get(language, ""))


def cell_name(notebook: str, number: int, language: str) -> str:
    """The file name of a notebook's cell."""
    return f"{notebook}{_CELL}{number}{_SUFFIXES.get(language, '')}"


def is_untitled(path: str) -> bool:
    """Whether a path is that of a buffer that was never saved."""
    return path.rpartition("/")[2].startswith(_UNTITLED)


def notebook_of(path: str) -> str:
    """The notebook whose cell a path names; "" for any other path."""
    folder, slash, name = path.rpartition("/")
    notebook, found, _ = name.partition(_CELL)
    return folder + slash + notebook if found else ""


def why_no_history(path: str) -> str:
    """Why a document can have none, in a sentence; "" for a file."""
    if notebook_of(path):
        return "There is no history yet: that of a notebook is not told by cells."
    return "There is no history yet: this was never saved." if is_untitled(path) else ""
