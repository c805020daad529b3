"""Why a file that somebody names cannot be asked about."""

from __future__ import annotations

import os
import stat

from iquest_lsp.codeflow.git.blob_reader import MAX_BLOB
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.errors import NoSuchFileError

_CHECK = "Check the path"
#: In a path of more parts none of them is looked for as a submodule.
_LEVELS = 64


def unread_file(repository: Repository, path: str) -> NoSuchFileError:
    """The error for a path, as the repository names it, of which no text was found."""
    kinds = _kinds(repository, path)
    module = next((place for place, kind in kinds.items() if kind == "commit"), "")
    if module == path:
        return _refused(path, "it is a submodule", "Name a file in it")
    if module:
        why = f"it would lie in the submodule {module}, which is not checked out"
        return NoSuchFileError(f"There is no file {path}", why=why, fix=f"Run `git submodule update --init {module}`")
    found = None if repository.bare else _on_disk(repository, path)
    if found is not None:
        if stat.S_ISDIR(found.st_mode):
            return _refused(path, "it is a folder", "Name a file in it")
        if stat.S_ISLNK(found.st_mode):
            return _refused(path, "it is a symbolic link", "Name the file that it leads to")
        if not stat.S_ISREG(found.st_mode):
            return _refused(path, "it is no regular file")
        if found.st_size > MAX_BLOB:
            return _refused(path, f"it has more than {MAX_BLOB >> 20} MB")
        return _refused(path, "it cannot be read", "Check its permissions")
    if kinds.get(path) == "tree":
        return _refused(path, "it is a folder", "Name a file in it")
    why = "it was deleted since the last commit" if kinds.get(path) == "blob" else "it is not in the repository"
    return NoSuchFileError(f"There is no file {path}", why=why, fix=_CHECK)


def submodule_around(repository: Repository, full: str) -> str:
    """The submodule that a path lies in, which is a repository of its own; empty for none."""
    if not (repository.top / ".gitmodules").is_file():
        return ""
    return next((place for place, kind in _kinds(repository, full).items() if kind == "commit"), "")


def _refused(path: str, why: str, fix: str = "") -> NoSuchFileError:
    return NoSuchFileError(f"{path} cannot be asked about", why=why, fix=fix)


def _kinds(repository: Repository, full: str) -> dict[str, str]:
    """What HEAD has at a path and at those above it: a blob, a tree, or the commit of a submodule."""
    parts = full.split("/")
    # All of what lies above is named in one call, which takes only so much.
    least = 1 if len(parts) <= _LEVELS else len(parts)
    above = ["/".join(parts[:count]) for count in range(least, len(parts) + 1)]
    told = repository.run("ls-tree", "-z", "HEAD", "--", *above, ok=(0, 128))
    rows = (os.fsdecode(row).partition("\t") for row in told.split(b"\0") if row)
    # Of a folder that git looks into it tells all that is in it.
    return {path: kinds.split(" ")[1] for kinds, _, path in rows if path in above}


def _on_disk(repository: Repository, full: str) -> os.stat_result | None:
    try:
        return (repository.top / full).lstat()
    except (OSError, ValueError):
        return None
