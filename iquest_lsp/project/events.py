"""What projects tell of their work in the background."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class EventKind(StrEnum):
    """What a project tells of: work that is counted, and what became new."""

    FILES = "files"
    COMMITS = "commits"
    SYMBOLS = "symbols"
    WARMING = "warming"
    HISTORY = "history"
    EDITS = "edits"
    SETTINGS = "settings"
    RULES = "rules"


@dataclass(frozen=True, slots=True)
class ProjectEvent:
    """Work in the background: `done` of `total` FILES, COMMITS, SYMBOLS or tokens to warm, ended when they are equal;
    or that HISTORY, EDITS, the project's own SETTINGS or what is wrong with its RULES may have changed.

    `news` says that windows made from now on may have something new to show.
    """

    root: Path
    what: EventKind
    done: int = 0
    total: int = 0
    news: bool = False
