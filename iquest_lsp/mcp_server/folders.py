"""Which repository a question is about, and which of its files: nothing outside of the folders that are offered."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from iquest_lsp.errors import NoSuchFileError, UsageError
from iquest_lsp.workspace.paths import is_folder, path_in_uri


@dataclass(frozen=True, slots=True)
class FolderInRepository:
    """The folder that a question names, and the top of the repository around it; both without symbolic links."""

    folder: Path
    top: Path

    def file(self, text: str) -> str:
        """A file's path from the top. It is seen from the folder, or, where it is not there, from the top.

        The file need not exist: only the history may know it. Raises UsageError for one outside of the repository.
        """
        given = Path(text)
        tried = [given] if given.is_absolute() else [self.folder / given, self.top / given]
        inside = [one for one in map(_normal, tried) if one.is_relative_to(self.top)]
        file = next((one for one in inside if os.path.lexists(one)), next(iter(inside), None))
        # What a symbolic link leads to counts as well as where it lies.
        if file is None or not Path(os.path.realpath(file)).is_relative_to(self.top):
            raise UsageError(f"{text} lies outside of {self.top}", fix="Name a file by its path in the repository")
        path = file.relative_to(self.top).as_posix()
        if path == "." or is_folder(file):
            raise UsageError(f"{text} is a folder", fix="Name a file")
        if ".git" in Path(path).parts:
            raise UsageError(f"{text} belongs to git itself", fix="Name a file of the project")
        return path


def choose(asked: str, offered: Sequence[Path]) -> FolderInRepository:
    """The place that an agent means by `root`: one of the folders offered or inside one, or the repository around one.

    Without `root` it is the first folder that is offered. Raises UsageError, NoSuchFileError.
    """
    folders = [Path(os.path.realpath(folder)) for folder in offered]
    if not asked:
        return _place(folders[0])
    # An absolute path replaces the folder it is joined to.
    real = [Path(os.path.realpath(_normal(folder / asked))) for folder in folders]
    allowed = [path for path in real if any(_may(path, folder) for folder in folders)]
    found = next(filter(is_folder, allowed), None)
    if found is not None:
        return _place(found)
    names = ", ".join(map(str, folders))
    if allowed:
        raise NoSuchFileError(f"There is no folder {asked}", why=f"the folders that may be asked about are {names}")
    raise UsageError(
        f"{asked} lies outside of the folders that may be asked about",
        why=f"these are {names}",
        fix="Your user can start `iquest-lsp mcp` with the folder as an argument",
    )


def folder_of(uri: str) -> Path | None:
    """The folder of this machine that a `file:` URI names; None for anything else."""
    try:
        path = path_in_uri(uri)
    except ValueError:
        return None
    return Path(path) if path is not None and is_folder(Path(path)) else None


def _may(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder) or path == _top(folder)


def _place(folder: Path) -> FolderInRepository:
    return FolderInRepository(folder, _top(folder))


def _top(folder: Path) -> Path:
    """The top of the working tree that a folder lies in; the folder itself where there is none."""
    return next((one for one in (folder, *folder.parents) if os.path.lexists(one / ".git")), folder)


def _normal(path: Path) -> Path:
    """A path without `..`, by its text alone."""
    return Path(os.path.normpath(path))
