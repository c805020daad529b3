"""Why git finds no repository around a folder: there is none, or what should lead to one leads nowhere."""

from __future__ import annotations

import contextlib
from pathlib import Path

from iquest_lsp.errors import NotARepositoryError

_MOST = 4096


def not_a_repository(asked: Path, folder: Path) -> NotARepositoryError:
    """The error for a folder that somebody `asked` for, which is that `folder`."""
    what = f"{asked} is in no git repository"
    for place in (folder, *folder.parents):
        entry = place / ".git"
        with contextlib.suppress(OSError):
            if entry.is_dir():
                return NotARepositoryError(
                    what, why=f"{entry} is no whole repository", fix="Check it with `git status`"
                )
            if entry.is_file():  # of a worktree or a submodule
                with entry.open("rb") as stream:
                    told = stream.read(_MOST).decode("utf-8", "replace")
                target = told.removeprefix("gitdir:").strip()
                why = f"{entry} leads to {target or 'nothing'}, where none is"
                fix = "If the main repository was moved, run `git worktree repair` there"
                return NotARepositoryError(what, why=why, fix=fix)
    why = "no .git folder was found there or above"
    return NotARepositoryError(what, why=why, fix="Run `git init`, or open a folder of a repository")
