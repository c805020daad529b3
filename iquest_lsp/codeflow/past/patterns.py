"""Patterns of the project level: definitions split, merged, moved and renamed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from iquest_lsp.codeflow.git.commits import FileDiff
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.paths import Category, category

_GROUPS = ("class", "struct", "interface", "trait", "module", "enum")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One finding: `kind` is split, merge, move, rename, file-rename or file-split; `what` names its subject.

    `others` are on the other side: the new parts of a split, else what came before.
    """

    kind: str
    what: str
    others: tuple[str, ...]


def patterns_of(changes: Sequence[SymbolChange], files: Sequence[FileDiff]) -> list[Pattern]:
    """What one commit does to the structure."""
    found = [
        Pattern("rename", f"{item.path}::{item.name}", (item.old_name,)) for item in changes if item.change == "renamed"
    ]
    found += [Pattern("file-rename", item.path, (item.old_path,)) for item in files if item.status == "R"]
    moves = [item for item in changes if item.change == "moved"]
    found += _regrouped(changes, moves)
    found += [Pattern("move", f"{item.path}::{item.name}", (item.origin,)) for item in moves]
    sources: defaultdict[str, set[str]] = defaultdict(set)
    for item in moves:
        if item.old_path != item.path:
            sources[item.old_path].add(item.path)
    found += [
        Pattern("file-split", path, tuple(sorted(targets)))
        for path, targets in sources.items()
        if len(targets) > 1 and category(path) is Category.SOURCE
    ]
    return found


def _regrouped(changes: Sequence[SymbolChange], moves: Sequence[SymbolChange]) -> list[Pattern]:
    """Classes whose members went to several new ones, or came from several old ones."""
    to: defaultdict[str, Counter[str]] = defaultdict(Counter)
    came: defaultdict[str, Counter[str]] = defaultdict(Counter)
    within = [item for item in changes if item.change == "renamed"]
    for item in (*moves, *within):
        old, new = item.origin.rpartition(".")[0], f"{item.path}::{item.name}".rpartition(".")[0]
        if "::" in old and "::" in new and old != new:
            to[old][new] += 1
            came[new][old] += 1
    fresh = {f"{item.path}::{item.name}" for item in changes if item.change == "added" and item.kind in _GROUPS}
    gone = {f"{item.path}::{item.name}" for item in changes if item.change == "removed" and item.kind in _GROUPS}
    # A class that was renamed or moved whole shows up under its new name; its old name counts as gone.
    gone |= {item.origin for item in changes if item.change in ("renamed", "moved") and item.kind in _GROUPS}
    fresh |= {
        f"{item.path}::{item.name}" for item in changes if item.change in ("renamed", "moved") and item.kind in _GROUPS
    }
    found = []
    # The class that took most of the old one's members may count as the old one renamed: it is a part all the same.
    heirs: defaultdict[str, set[str]] = defaultdict(set)
    for item in changes:
        if item.change in ("renamed", "moved") and item.kind in _GROUPS:
            heirs[item.origin].add(f"{item.path}::{item.name}")
    for old, counts in to.items():
        parts = sorted(name.rpartition("::")[2] for name in {*counts, *heirs[old]} if name in fresh)
        if len(parts) >= 2 or (parts and old not in gone):
            found.append(Pattern("split", old, tuple(parts)))
    for name, origins in came.items():
        old_ones = sorted(old.rpartition("::")[2] for old in origins if old in gone)
        if len(old_ones) >= 2:
            found.append(Pattern("merge", name, tuple(old_ones)))
    return found
