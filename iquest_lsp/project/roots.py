"""Where a project begins: the folder that something in it marks as a project's root, and the names of that folder."""

from __future__ import annotations

from pathlib import Path

from iquest_lsp.settings import WORKSPACE_FILE
from iquest_lsp.workspace.documents import workspace_path
from iquest_lsp.workspace.paths import is_folder, is_there, real_path

#: What marks a folder as a project's root, strongest first.
ROOT_MARKS = (WORKSPACE_FILE, ".git", "pyproject.toml", "package.json", "Cargo.toml", "go.mod", "setup.py")


def root_of(file: Path) -> Path:
    """The root of the project a file or folder belongs to: the nearest marked folder, else its own."""
    start = file if is_folder(file) else file.parent
    return next((folder for folder in (start, *start.parents) if is_marked(folder)), start)


def is_marked(folder: Path) -> bool:
    """Whether something in a folder says that it is a project's root."""
    return any(is_there(folder / mark) for mark in ROOT_MARKS)


class RootNames:
    """By which names one folder, and those below it, are reached: its own, and those of symbolic links.

    `real` is its path without any link.
    """

    def __init__(self, root: Path) -> None:
        self._root, self.real = root, real_path(root)
        self._names = dict.fromkeys((root, self.real), "")  # what each name stands for, below the folder

    def add(self, name: Path) -> None:
        """It is reached by another name too."""
        self._names[name] = ""

    def learn(self, file: Path) -> bool:
        """Whether a file that none of the names holds lies below the folder by its real path; its folder is known then.

        A file that is a link itself lies where the link does.
        """
        real = real_path(file.parent)
        if not real.is_relative_to(self.real):
            return False
        self._names[file.parent] = real.relative_to(self.real).as_posix()
        return True

    def hold(self, file: Path) -> bool:
        """Whether a file lies at or below the folder, by any of its names."""
        return any(file.is_relative_to(name) for name in self._names)

    def path_of(self, file: Path) -> str:
        """The path of a file as the house writes it, by whichever name it is reached."""
        file = self._root / file
        names = [name for name in self._names if file.is_relative_to(name)]
        name = max(names, key=lambda name: len(name.parts), default=self._root)
        below = self._names.get(name, "")
        return f"{below}/{workspace_path(name, file)}" if below not in ("", ".") else workspace_path(name, file)
