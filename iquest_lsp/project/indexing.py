"""What the index process does for a project: functions of plain values, called through IndexProcess."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from iquest_lsp.codeflow import History
from iquest_lsp.context.index import FileEntry, look
from iquest_lsp.datatypes import Document, FlowRecord, RecentEdit
from iquest_lsp.dropped import Dropped
from iquest_lsp.workspace.admission import Gate
from iquest_lsp.workspace.documents import workspace_path
from iquest_lsp.workspace.ignore import IgnoreRules
from iquest_lsp.workspace.paths import is_folder
from iquest_lsp.workspace.secret_scan import has_secret
from iquest_lsp.workspace.tree import walk

#: Files handed over at once: taking over a batch must not hold up a completion.
BATCH = 50
FLOW_RECORDS = 24
#: A change of more files than this also reads the tree anew.
MANY_FILES = 200

Seen = FileEntry | Dropped


@dataclass(frozen=True, slots=True)
class Reading:
    """How the files were read: what is wrong with the rules (what they could speak of is kept out), and whether there
    were no more files than may be read."""

    problems: tuple[str, ...]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class WindowHistory:
    """What the history says for the window: records, for each path what changes with it and how surely, and what this
    says nothing about, in sentences."""

    flow: Sequence[FlowRecord] = ()
    cochange: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()


def read_workspace(
    root: Path,
    exclude: Sequence[str],
    max_files: int,
    max_depth: int,
    *,
    report: Callable[[list[Seen], int, int], None],
) -> Reading:
    """Reads every file that no rule keeps out, and reports them in batches with how many are done of how many."""
    gate = _gate(root, tuple(exclude), anew=True)
    rules = gate.rules
    tree = walk(root, rules, max_files=max_files, max_depth=max_depth)
    report(list(tree.left_out), 0, len(tree.paths))
    for at in range(0, len(tree.paths), BATCH):
        batch = [look(path, gate.load) for path in tree.paths[at : at + BATCH]]
        report(batch, min(at + BATCH, len(tree.paths)), len(tree.paths))
    return Reading(rules.problems, tree.complete)


def read_files(
    root: Path, exclude: Sequence[str], paths: Sequence[str], opened: Mapping[str, Document | Dropped]
) -> list[Seen]:
    """Reads some files again; those that an editor has open are given as they are there."""
    gate = _gate(root, tuple(exclude))

    def load(path: str) -> Document | Dropped:
        return opened[path] if path in opened else gate.load(path)

    return [look(path, load) for path in paths if not is_folder(root / path)]


#: What judges the files of the root that this process serves; making one asks git several times.
_gates: dict[tuple[Path, tuple[str, ...]], Gate] = {}


def files_in(root: Path, paths: Sequence[str]) -> tuple[str, ...]:
    """The same paths with the files of each folder in its place: all, or so many that the tree is read anew."""
    found: list[str] = []
    for path in paths:
        if not is_folder(root / path):
            found.append(path)
            continue
        for folder, inner, names in os.walk(root / path):
            inner[:] = [name for name in inner if name != ".git"]
            found += [workspace_path(root, Path(folder, name)) for name in names]
            if len(found) > MANY_FILES:
                return tuple(found)
    return tuple(found)


def _gate(root: Path, exclude: tuple[str, ...], *, anew: bool = False) -> Gate:
    """The judge of a workspace's files; made anew with the index, which happens whenever rules changed."""
    found = _gates.get((root, exclude))
    if found is None or anew:
        _gates.clear()
        found = _gates[root, exclude] = Gate(root, IgnoreRules(root, exclude))
    return found


def read_history(root: Path, paths: Sequence[str]) -> WindowHistory:
    """What the history says about these files; raises RepositoryError."""
    history = History(root, has_secret)
    flow = history.flow_records(paths, FLOW_RECORDS)
    together = history.cochanged(paths)
    return WindowHistory(flow, {path: dict(found) for path, found in together.items()}, tuple(history.lacks()))


def read_edits(root: Path) -> list[RecentEdit]:
    """The work in progress; raises RepositoryError."""
    return History(root, has_secret).recent_edits()


def index_history(root: Path, *, report: Callable[[str, int, int], None]) -> int:
    """Brings the history's store up to date, reports what is done of what; the commits read. Raises RepositoryError."""
    return History(root, has_secret).update_index(report).commits
