"""The changes of one definition, back through the names and places that it had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from iquest_lsp.codeflow.answers.earlier_lives import Life, earlier_life, removals
from iquest_lsp.codeflow.answers.targets import Target, named
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.entries import SymbolEntry
from iquest_lsp.codeflow.past.flow_index import FlowIndex
from iquest_lsp.codeflow.past.following.anchors import Anchor, Range, head_of
from iquest_lsp.codeflow.syntax.symbols import Symbol, symbols_of

#: How many names and places of a definition are followed back.
MAX_PLACES = 20

#: A change of the definition, or of the member of it that is named.
EntryChange = tuple[SymbolEntry, str]


@dataclass(slots=True)
class Followed:
    """What following a definition's lines told: its earlier lives, by the commits that added it, and by a file's name
    the names that the file had before."""

    lives: dict[str, Life] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)


def changes_of(index: FlowIndex, path: str, name: str, followed: Followed) -> list[EntryChange]:
    """The changes of a definition that are stored, newest first, through renames and moves of it and what it is in."""
    found: list[EntryChange] = []
    before = 1 << 60
    # A definition may come back to a place that it was moved from; each step is of older commits than the last.
    for _ in range(MAX_PLACES):
        outers = outer_names(name)
        went_on = False
        names = dict.fromkeys([*index.renamed_from(path), *followed.names.get(path, ())])
        changes = [item for item in index.symbols_on(list(names)) if item.entry.order <= before]
        for item in changes:
            inner = item.name.startswith(f"{name}.")
            if item.change == "removed" and found and found[-1][0].change in ("moved", "rewritten"):
                continue  # the move tells it
            if item.name == name:
                found.append((item, ""))
            elif inner and item.change not in ("format-only",):
                found.append((item, item.name.removeprefix(f"{name}.")))
                continue
            elif item.name in outers and item.change in ("renamed", "moved"):
                # The class around it took another name or place.
                old_path, old_outer = _origin(item)
                path, name = old_path, old_outer + name.removeprefix(item.name)
                found.append((item, ""))
                before, went_on = item.entry.order - 1, True
                break
            else:
                continue
            if item.change in ("renamed", "moved"):
                path, name = _origin(item)
                before, went_on = item.entry.order - 1, True
                break
            if (
                item.change == "added"
                and (life := followed.lives.get(item.entry.oid)) is not None
                and item.name == name
            ):
                found[-1] = (_continued(item, life), "")
                path, name = life.path, life.name
                before, went_on = item.entry.order - 1, True
                break
            if item.change == "added" and not _was_there(item, changes):
                break
        if not went_on:
            break
    return found


def outer_names(name: str) -> list[str]:
    """The names of the definitions around one, innermost first."""
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(len(parts) - 1, 0, -1)]


def read_changes(index: FlowIndex, target: Target, *, heads_only: bool) -> Followed:
    """Has the commits read that `changes_of` a target's definition needs; returns what else it needs.

    These are the ones that changed its lines, or with `heads_only` the line that names it, and those that renamed what
    it is in. Where its lines begin it may have come from elsewhere: that commit is read as a whole.
    """
    followed = Followed()
    start = _start(index, target)
    seen: set[tuple[str, str, str]] = set()
    while start is not None and start not in seen and len(seen) < MAX_PLACES:
        seen.add(start)
        revision, path, name = start
        start = None
        spans, anchors = _spans(index.repository, revision, path, name, heads_only=heads_only)
        touches = index.trail(revision, spans, whole=["own"], anchors=anchors).touches if spans else []
        own = [touch for touch in touches if touch.label == "own"]
        if not own:
            break
        paths = list(dict.fromkeys(touch.path for touch in touches))
        followed.names.setdefault(path, []).extend(other for other in paths if other != path)
        index.read_changes(list(dict.fromkeys(touch.oid for touch in touches)), _with_old_names(index, paths))
        end = own[-1]
        index.read_whole(end.oid)
        parents = index.repository.parents(end.oid)
        if not parents:
            break
        start = (parents[0], *_before(index, target, end.oid, end.path, followed))
        entry = index.entry(end.oid)
        life = earlier_life(index, entry, *start[1:]) if entry is not None else None
        if life is not None:
            followed.lives[end.oid] = life
            start = (life.revision, life.path, life.name)
    return followed


def _start(index: FlowIndex, target: Target) -> tuple[str, str, str] | None:
    """The newest commit that has the definition, and its path and name there."""
    repository, head = index.repository, index.repository.head()
    if target.symbol is not None:
        return (head, target.head_path, target.name) if head else None
    paths = index.renamed_from(target.head_path)
    for oid, path in removals(index, index.on_paths(paths), paths, target.name):
        index.read_whole(oid)
        return (repository.parents(oid)[0], path, target.name)
    return None


def _before(index: FlowIndex, target: Target, oid: str, path: str, followed: Followed) -> tuple[str, str]:
    """Path and name that the definition had before a commit."""
    found = [item for item, member in changes_of(index, target.head_path, target.name, followed) if not member]
    here = [item for item in found if item.entry.oid == oid]
    for item in here[-1:] or found[-1:]:
        if item.change in ("renamed", "moved"):
            path, name = _origin(item)
            # The change may be that of the class around it.
            inside = target.name.rsplit(".", 1)[-1]
            return path, name if item.name.rsplit(".", 1)[
                -1
            ] == inside or "." not in target.name else f"{name}.{inside}"
        return path, item.name
    return path, target.name


def _spans(
    repository: Repository, revision: str, path: str, name: str, *, heads_only: bool
) -> tuple[list[tuple[str, str, Range]], dict[str, Anchor]]:
    """The lines to follow, and whose they are: the definition's own, and the heads of those around it."""
    symbols = _symbols(repository, revision, path)
    symbol = named(symbols, name)
    if symbol is None:
        return [], {}
    around = [item for item in symbols if item.name in outer_names(symbol.name)]
    own = head_of(symbol) if heads_only else (symbol.start, symbol.end)
    anchors = {"own": Anchor(symbol.name, heads_only)}
    return [("own", path, own), *((f"outer {item.name}", path, head_of(item)) for item in around)], anchors


def _symbols(repository: Repository, revision: str, path: str) -> tuple[Symbol, ...]:
    source = repository.file_at(revision, path)
    return symbols_of(path, source, variables=True)


def _with_old_names(index: FlowIndex, paths: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(name for path in paths for name in index.renamed_from(path)))


def _was_there(item: SymbolEntry, changes: Sequence[SymbolEntry]) -> bool:
    """Whether a definition that a commit adds had another form before: an overload, or one for another platform."""
    earlier = [other for other in changes if other.name == item.name and other.entry.order < item.entry.order]
    return bool(earlier) and earlier[0].change != "removed"


def _continued(item: SymbolEntry, life: Life) -> SymbolEntry:
    """The change that added a definition, told as what it was where that was not its beginning."""
    marks = item.deprecates if not life.deprecated else 0
    if life.kind == "returned":
        return replace(item, change="returned", deprecates=marks)
    return replace(item, change=life.kind, old_path=life.path, old_name=life.name, deprecates=marks)


def _origin(item: SymbolEntry) -> tuple[str, str]:
    return item.old_path or item.path, item.old_name
