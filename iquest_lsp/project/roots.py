"""Where a project begins: the folder that something in it marks as a project's root."""

from __future__ import annotations

from pathlib import Path

from iquest_lsp.settings import WORKSPACE_FILE
from iquest_lsp.workspace.paths import is_folder, is_there

#: What marks a folder as a project's root, strongest first.
ROOT_MARKS = (WORKSPACE_FILE, ".git", "pyproject.toml", "package.json", "Cargo.toml", "go.mod", "setup.py")


def root_of(file: Path) -> Path:
    """The root of the project a file or folder belongs to: the nearest marked folder, else its own."""
    start = file if is_folder(file) else file.parent
    return next((folder for folder in (start, *start.parents) if is_marked(folder)), start)


def is_marked(folder: Path) -> bool:
    """Whether something in a folder says that it is a project's root."""
    return any(is_there(folder / mark) for mark in ROOT_MARKS)
