"""Places that still have the old name of what was renamed: a definition, a parameter, a variable, a field, a file."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from iquest_lsp.codeflow.reading import (
    Category,
    NotLookedUpError,
    Reference,
    Sources,
    Symbol,
    category,
    imports,
    is_meant,
    leads_to,
    module_name,
)
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.import_statements import import_lines, imports_of
from iquest_lsp.nextedit.parsed import (
    Parsed,
    is_label,
    is_member,
    parse,
    receiver,
)
from iquest_lsp.nextedit.pieces import done_mark, is_akin, is_compound
from iquest_lsp.nextedit.predictors.passed_over import out_of_order, passed
from iquest_lsp.nextedit.predictors.repeats import head_lines
from iquest_lsp.nextedit.predictors.scoped_renames import families, scoped
from iquest_lsp.nextedit.records import EditKind, NextEdit, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import PredictorKind, Sort

if TYPE_CHECKING:
    from tree_sitter import Node

#: Shorter names are followed only to where they surely mean the same, and the shortest of all in their scope only.
SHORT, SHORTEST = 3, 2
#: Renamed things that are followed at once.
MAX_RENAMED = 12
#: Sorts of strings that mean a name even where it is a plain word.
_PLAINLY = ("led", "exported")
_QUOTES = ('"', "'", "`")
#: What a line has where something in it may be a comment or a string.
_IN_PROSE = re.compile(r"[\"'`#]|//|/\*|^\s*\*|--")


@dataclass(frozen=True, slots=True)
class Renamed:
    """A definition that got another name; `qualified` is the old one with its outer definitions."""

    old: str
    new: str
    path: str
    line: int
    qualified: str
    kind: str
    #: Its name alone was replaced; otherwise what stands there is like what was there.
    plain: bool = True

    @property
    def owner(self) -> str:
        """The type whose member it is."""
        return self.qualified.rpartition(".")[0].rsplit(".", 1)[-1]


def predict(changes: Sequence[Change], sources: Sources) -> Iterator[NextEdit]:
    """Suggestions for every renamed thing of the changes."""
    for change in changes:
        yield from scoped(change)
    yield from families(changes)
    done = [item for change in changes for item in change.renamings]
    aside = out_of_order(changes, head_lines(changes))
    for renamed in list(renamed_definitions(changes))[:MAX_RENAMED]:
        marks = [
            "" if renamed.plain else "alike",
            "" if is_akin(renamed.old, renamed.new) else "unlike",
            done_mark(done, (renamed.old, renamed.new), (renamed.path, renamed.line)),
        ]
        found: list[NextEdit] = []
        with contextlib.suppress(NotLookedUpError):
            found += _everywhere(renamed, sources, marks, changes)
        with contextlib.suppress(NotLookedUpError):
            found += _in_strings(renamed, sources, marks)
        made = {(it.path, it.line) for it in done if (it.old, it.new) == (renamed.old, renamed.new)}
        over = passed(made, ((item.path, item.line) for item in found), aside)
        yield from (replace(item, sort=item.sort.plus(*over.marks(item.path, item.line))) for item in found)
    for change in changes:
        if change.text.old_path:
            with contextlib.suppress(NotLookedUpError):
                yield from _moved(change.text.old_path, change.path, sources)


def renamed_definitions(changes: Sequence[Change]) -> Iterator[Renamed]:
    """The definitions whose old name is gone from their file."""
    for change in changes:
        left = {item.name for item in change.after.symbols}
        had = {item.name for item in change.before.symbols}
        for item in change.symbols:
            old = item.old_name.rsplit(".", 1)[-1]
            new = item.name.rsplit(".", 1)[-1]
            if item.change != "renamed" or old == new or item.old_name in left or item.name in had:
                continue
            plain = any((it.old, it.new) == (old, new) for it in change.renamings)
            yield Renamed(old, new, change.path, item.line, item.old_name, item.kind, plain)
        known = {item.name for item in change.symbols if item.change == "renamed"}
        for renaming in change.renamings:
            symbol = _defined_at(change.after, renaming.new, renaming.line)
            if symbol is None or symbol.name in known or symbol.name in had:
                continue
            outer = symbol.name.rpartition(".")[0]
            qualified = f"{outer}.{renaming.old}" if outer else renaming.old
            if qualified in had and qualified not in left:
                known.add(symbol.name)
                yield Renamed(renaming.old, renaming.new, change.path, renaming.line, qualified, symbol.kind)


def _defined_at(text: Parsed, name: str, line: int) -> Symbol | None:
    """The definition of that name whose head a line belongs to."""
    for item in text.symbols:
        if item.short == name and item.start <= line < max(item.head, item.start + 1):
            return item
    return None


# --------------------------------------------------------------------------------------------- in all files


def _everywhere(
    renamed: Renamed, sources: Sources, marks: Sequence[str], changes: Sequence[Change]
) -> Iterator[NextEdit]:
    """The uses of a definition under its old name; `marks` end their sorts."""
    short = len(renamed.old) < SHORT
    if len(renamed.old) < SHORTEST:
        return
    module = module_name(renamed.path)
    uses = sources.uses(renamed.old, module, renamed.owner)
    importers = {use.path for use in uses if use.name == module and imports(use.text)}
    mine = [use for use in uses if use.name == renamed.old]
    alone = not any(use.own for use in mine)
    led = {change.path for change in changes if not renamed.owner and _imported_it(renamed, change)}
    for use in mine:
        if category(use.path) in (Category.CHANGELOG, Category.GENERATED, Category.LOCK):
            continue
        basis = _basis(renamed, use, importers, alone, led=use.path in led and not use.on)
        if short and (use.kind not in ("caller", "test") or basis[-1:] in (["unsure"], ["alone"])):
            continue  # so short a name is many things'
        if basis:
            sort = Sort.of(PredictorKind.RENAME, *basis, "short" if short else "", *marks)
            yield from _in_line(renamed, use, sources, sort)


def _imported_it(renamed: Renamed, change: Change) -> bool:
    """Whether a file's import of the old name is one of the new name now: what has the old one there still means it."""
    if change.path == renamed.path or change.after.names is None:
        return False
    lines = import_lines(change.after)
    names = renamed.old, renamed.new
    here = {item.old_line for item in change.renamings if item.line in lines and (item.old, item.new) == names}
    if not here or any(item.name == renamed.old for item in imports_of(change.after)):
        return False
    module = module_name(renamed.path)
    uses = Sources(None, over={change.path: change.before.text}).uses(renamed.old, module)
    importers = {use.path for use in uses if use.name == module and imports(use.text)}
    mine = (use for use in uses if use.name == renamed.old and use.line in here)
    return any(is_meant(use, renamed.path, renamed.qualified, importers) for use in mine)


def _basis(renamed: Renamed, use: Reference, importers: set[str], alone: bool, *, led: bool) -> list[str]:
    """The marks of what a use rests on; none where it is another thing's. `led`: its file imported the definition."""
    shared = [] if alone else ["shared"]
    if use.kind in ("docs", "ci", "config"):
        if not use.named:
            return []
        return [use.kind, *shared, *([] if is_compound(renamed.old) else ["plain"])]
    sure = led or is_meant(use, renamed.path, renamed.qualified, importers)
    place = "own" if use.path == renamed.path else use.kind
    placed = ["member", place] if renamed.owner else [place]
    if sure is None:
        return [*placed, "alone" if alone and is_compound(renamed.old) else "unsure"]
    return [*placed, *shared] if sure else []


def _in_line(renamed: Renamed, use: Reference, sources: Sources, sort: Sort) -> Iterator[NextEdit]:
    reason = (
        Reason(ReasonKind.RENAMED, (renamed.old, renamed.new))
        if use.path == renamed.path
        else Reason(ReasonKind.RENAMED_IN, (renamed.old, renamed.new, renamed.path))
    )
    key = ("names", renamed.old, use.line)
    found = sources.kept(use.path, key, partial(_named, use.path, use.line, renamed.old))
    for spot in found or ():
        if renamed.owner and use.call and spot.member is False and not spot.label:
            continue
        if not renamed.owner and spot.foreign:
            continue
        beside = re.search(rf"(?<![\w$]){re.escape(renamed.new)}(?![\w$])", use.text)
        yield NextEdit(
            use.path,
            use.line,
            spot.column,
            renamed.old,
            f"{renamed.old}: {renamed.new}" if spot.shorthand else renamed.new,
            EditKind.RENAME,
            reason,
            sort.plus("beside" if beside else ""),
            trigger=(renamed.path, renamed.line),
        )


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a name stands in a line.

    `member` says whether behind a dot (None in prose), `label` whether as a key or a keyword; `foreign` that it is the
    name of something in an object, a type or a call, and of nothing that a module defines; `shorthand` that it is a key
    and its value at once.
    """

    column: int
    member: bool | None
    label: bool = False
    foreign: bool = False
    shorthand: bool = False


def _named(path: str, line: int, name: str, data: bytes) -> list[_Spot]:
    """The places of a line at which a name stands."""
    text = parse(path, data.decode("utf-8", "replace"))
    found: list[_Spot] = []
    for column, end in text.words(name, line):
        if text.names is None:
            if _as_code(text.lines[line], column, end, name):
                found.append(_Spot(column, None))
        elif (node := text.node_at(line, column)) is not None and "identifier" in node.type:
            member, label = is_member(node), is_label(node)
            on = receiver(node)
            foreign = not _brings(text, on) if on else label and not node.type.startswith("shorthand")
            shorthand = node.type == "shorthand_property_identifier"
            found.append(_Spot(column, member, label, foreign, shorthand))
    return found


def _brings(text: Parsed, holder: str) -> bool:
    """Whether what stands before a dot is a module: what a file exports, or a name that it imports."""
    first, last = holder.partition(".")[0], holder.rsplit(".", 1)[-1]
    names = text.names
    return last == "exports" or (names is not None and bool(names.modules(first) or names.modules(last)))


def _as_code(line: str, column: int, end: int, name: str) -> bool:
    """Whether a word in prose is plainly a name."""
    return is_compound(name) or line[end : end + 1] in ("`", "(") or line[column - 1 : column] in ("`", ".")


def _in_strings(renamed: Renamed, sources: Sources, marks: Sequence[str]) -> Iterator[NextEdit]:
    """Strings and comments of code that hold the name alone, or at the end of a dotted path."""
    plain = not is_compound(renamed.old)
    if plain and len(renamed.old) <= SHORT:
        return
    for path, line, found in sources.grep([renamed.old]):
        if category(path) not in (Category.SOURCE, Category.TEST) or not _IN_PROSE.search(found):
            continue
        outer = renamed.owner or module_name(renamed.path)
        key = ("strings", renamed.old, line, outer)
        places = sources.kept(path, key, partial(_quoted, path, line, renamed.old, outer))
        for column, basis in places or ():
            if plain and basis[-1] not in _PLAINLY:
                continue  # a word of a language may be any word
            place = "own" if path == renamed.path else "other"
            yield NextEdit(
                path,
                line,
                column,
                renamed.old,
                renamed.new,
                EditKind.RENAME,
                Reason(ReasonKind.RENAMED_IN, (renamed.old, renamed.new, renamed.path)),
                Sort.of(PredictorKind.RENAME, *basis, place, *marks),
                trigger=(renamed.path, renamed.line),
            )


def _quoted(path: str, line: int, name: str, outer: str, data: bytes) -> list[tuple[int, tuple[str, ...]]]:
    """Columns of a line of code at which a name stands in a comment, or alone in a string, and the marks of it.

    `outer` is the type or the module that has the name: a path that ends so means nothing else.
    """
    text = parse(path, data.decode("utf-8", "replace"))
    found: list[tuple[int, tuple[str, ...]]] = []
    for column, end in text.words(name, line) if text.names is not None else ():
        node = text.node_at(line, column)
        if node is None or "identifier" in node.type:
            continue
        around = text.lines[line][column - 1 : column], text.lines[line][end : end + 1]
        if "comment" in node.type:
            found.append((column, ("comment",)))
        elif around[1] in _QUOTES and around[0] in (*_QUOTES, "."):
            led = text.lines[line][:column].endswith(f"{outer}.")
            exported = node.parent is not None and _is_exported(node)
            found.append((column, ("string", "led" if led else "exported" if exported else "")))
        elif "string" in node.type and around[1] in ("(", " ", ".", ":", "`", *_QUOTES):
            found.append((column, ("string", "inside")))
    return found


def _is_exported(node: Node) -> bool:
    """Whether a string stands in Python's list of what a module exports."""
    at: Node | None = node
    while at is not None and at.type != "assignment":
        at = at.parent
    left = at.child_by_field_name("left") if at is not None else None
    return left is not None and left.text == b"__all__"


def _moved(old: str, new: str, sources: Sources) -> Iterator[NextEdit]:
    """Imports and mentions of a file under its old path."""
    one, other = PurePosixPath(old), PurePosixPath(new)
    reason = Reason(ReasonKind.MOVED, (old, new))
    for path, line, found in sources.grep([one.stem]):
        if category(path) in (Category.CHANGELOG, Category.GENERATED, Category.LOCK):
            continue
        if old in found:
            sort = Sort.of(PredictorKind.RENAME, "path")
            for match in re.finditer(rf"(?<![\w/]){re.escape(old)}(?!\w)", found):
                yield NextEdit(path, line, match.start(), old, new, EditKind.RENAME, reason, sort, trigger=(new, 0))
        elif imports(found) and one.parent == other.parent and path != new:
            for match in re.finditer(rf"(?<=[./ ]){re.escape(one.stem)}(?=[\s;\"'.]|$)", found):
                module = re.search(r"[\w./-]*$", found[: match.end()])
                if module is not None and leads_to(module[0], old):
                    yield NextEdit(
                        path,
                        line,
                        match.start(),
                        one.stem,
                        other.stem,
                        EditKind.RENAME,
                        reason,
                        Sort.of(PredictorKind.RENAME, "module"),
                        trigger=(new, 0),
                    )
