"""Places that still have the old name of what was renamed: a definition, a parameter, a variable, a field, a file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from iquest_lsp.codeflow.reading import (
    Category,
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
from iquest_lsp.nextedit.parsed import (
    Parsed,
    Spot,
    class_around,
    function_around,
    is_field,
    is_label,
    is_member,
    is_parameter,
    parameter_names,
    parse,
)
from iquest_lsp.nextedit.pieces import Renaming, is_compound
from iquest_lsp.nextedit.records import EditKind, NextEdit, Reason, ReasonKind

#: Names as short as this are renamed in their scope only.
SHORT = 3
#: Renamed things that are followed at once.
MAX_RENAMED = 12
ITSELF = ("self", "cls", "this")


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
        yield from _scoped(change)
    for renamed in list(renamed_definitions(changes))[:MAX_RENAMED]:
        yield from _everywhere(renamed, sources)
    for change in changes:
        if change.text.old_path:
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


# ------------------------------------------------------------------------------------------ within one scope


def _scoped(change: Change) -> Iterator[NextEdit]:
    """Parameters, local variables and fields."""
    after = change.after
    seen: set[tuple[str, str, int]] = set()
    for renaming in change.renamings:
        here = after.spots(renaming.new, renaming.line, renaming.line + 1)
        spot = next((item for item in here if item.column == renaming.column), None)
        if spot is None:
            continue
        if is_parameter(spot.node) or (after.use(spot)[0] == "bind" and not is_member(spot.node)):
            found = _local(change, renaming, spot)
        elif is_field(spot.node) or _sets_own(spot):
            found = _field(change, renaming, spot)
        else:
            continue
        for item in found:
            key = (item.path, item.new, item.line * 10_000 + item.column)
            if key not in seen:
                seen.add(key)
                yield item


def _sets_own(spot: Spot) -> bool:
    """Whether a name is a member of the object itself that is given a value."""
    parent = spot.node.parent
    if parent is None or not is_member(spot.node) or parent.parent is None:
        return False
    receiver = parent.named_children[0]
    outer = parent.parent
    assigned = outer.type in ("assignment", "assignment_expression", "augmented_assignment") and (
        outer.child_by_field_name("left") == parent
    )
    return assigned and receiver.text is not None and receiver.text.decode("utf-8", "replace") in ITSELF


def _local(change: Change, renaming: Renaming, spot: Spot) -> Iterator[NextEdit]:
    """The other uses of a parameter or variable in the function that has it."""
    after = change.after
    function = function_around(spot.node)
    if function is None:
        return
    parameter = is_parameter(spot.node)
    first, last = function.start_point.row, function.end_point.row + 1
    spots = [item for item in after.spots(renaming.old, first, last) if _inside(function, item) and _is_variable(item)]
    own = parameter_names(function)
    if renaming.old in own:
        return
    rebound = any(after.use(item)[0] == "bind" for item in spots)
    sort = "rename-parameter" if parameter else "rename-variable"
    if rebound:
        sort += "-rebound"
    if _had(change, renaming, first):
        sort += "-known"
    sort += ("" if renaming.pure else "-mixed") + ("" if renaming.is_akin else "-other")
    reason = Reason(ReasonKind.RENAMED, (renaming.old, renaming.new))
    for item in spots:
        if _shadowed(item, function, renaming.old):
            continue
        yield _suggest(change.path, item, renaming, EditKind.RENAME, reason, sort)
    if parameter:
        symbol = after.symbol_at(spot.line)
        if symbol is not None:
            for line in range(*symbol.doc):
                for column, _ in after.words(renaming.old, line):
                    if _documents(after.lines[line], renaming.old, column):
                        yield NextEdit(
                            change.path,
                            line,
                            column,
                            renaming.old,
                            renaming.new,
                            EditKind.RENAME,
                            reason,
                            "rename-parameter-doc",
                            trigger=(change.path, renaming.line),
                        )


def _documents(line: str, name: str, column: int) -> bool:
    """Whether a line of documentation speaks of the parameter at a column."""
    before, after = line[:column], line[column + len(name) :]
    return bool(re.search(r"(:param|:type|@param|\\param|@arg)\b[^:]*$|`$", before)) or (
        not before.strip() and after.lstrip().startswith((":", "(", "-"))
    )


def _had(change: Change, renaming: Renaming, first: int) -> bool:
    """Whether the new name stood in the function before."""
    before = change.before
    node = before.node_at(renaming.old_line, renaming.old_column)
    function = function_around(node) if node is not None else None
    if function is None:
        return True
    spots = before.spots(renaming.new, function.start_point.row, function.end_point.row + 1)
    return any(map(_is_variable, spots))


def _inside(function: object, spot: Spot) -> bool:
    node = spot.node.parent
    while node is not None:
        if node == function:
            return True
        node = node.parent
    return False


def _is_variable(spot: Spot) -> bool:
    """Whether a name stands for a variable: no member, no keyword, no type."""
    return spot.node.type in ("identifier",) and not is_member(spot.node) and not is_label(spot.node)


def _shadowed(spot: Spot, function: object, name: str) -> bool:
    """Whether a function between has a parameter of that name."""
    inner = function_around(spot.node)
    while inner is not None and inner != function:
        if name in parameter_names(inner):
            return True
        inner = function_around(inner)
    return False


def _field(change: Change, renaming: Renaming, spot: Spot) -> Iterator[NextEdit]:
    """The other uses of a field of the object itself, in its class."""
    outer = class_around(spot.node)
    after = change.after
    if outer is None or spot.node.parent is None:
        return
    first, last = outer.start_point.row, outer.end_point.row + 1
    reason = Reason(ReasonKind.RENAMED, (renaming.old, renaming.new))
    own = [item for item in after.spots(renaming.old, first, last) if _inside(outer, item)]
    if any(is_field(item.node) for item in own):
        return
    for item in own:
        if is_member(item.node) and item.node.parent is not None:
            receiver = item.node.parent.named_children[0].text or b""
            if receiver.decode("utf-8", "replace") in ITSELF:
                yield _suggest(change.path, item, renaming, EditKind.RENAME, reason, "rename-field")


def _suggest(path: str, spot: Spot, renaming: Renaming, kind: EditKind, reason: Reason, sort: str) -> NextEdit:
    return NextEdit(
        path,
        spot.line,
        spot.column,
        renaming.old,
        renaming.new,
        kind,
        reason,
        sort,
        trigger=(renaming.path, renaming.line),
    )


# --------------------------------------------------------------------------------------------- in all files


def _everywhere(renamed: Renamed, sources: Sources) -> Iterator[NextEdit]:
    """The uses of a definition under its old name."""
    if len(renamed.old) < SHORT:
        return
    module = module_name(renamed.path)
    uses = sources.uses(renamed.old, module, renamed.owner)
    importers = {use.path for use in uses if use.name == module and imports(use.text)}
    mine = [use for use in uses if use.name == renamed.old]
    alone = not any(use.own for use in mine)
    for use in mine:
        if category(use.path) in (Category.CHANGELOG, Category.GENERATED, Category.LOCK):
            continue
        sort = _sort(renamed, use, importers, alone)
        if sort:
            yield from _in_line(renamed, use, sources, sort + ("" if renamed.plain else "-alike"))
    yield from _in_strings(renamed, sources)


def _sort(renamed: Renamed, use: Reference, importers: set[str], alone: bool) -> str:
    """What a use rests on; empty where it is another thing's."""
    if use.kind in ("docs", "ci", "config"):
        if not use.named:
            return ""
        return f"rename-{use.kind}" + ("" if alone else "-shared") + ("" if is_compound(renamed.old) else "-plain")
    sure = is_meant(use, renamed.path, renamed.qualified, importers)
    place = "own" if use.path == renamed.path else use.kind
    member = "member-" if renamed.owner else ""
    if sure is None:
        return (
            f"rename-{member}{place}-alone" if alone and is_compound(renamed.old) else f"rename-{member}{place}-unsure"
        )
    return f"rename-{member}{place}" + ("" if alone else "-shared") if sure else ""


def _in_line(renamed: Renamed, use: Reference, sources: Sources, sort: str) -> Iterator[NextEdit]:
    data = sources.read(use.path)
    if data is None:
        return
    text = parse(use.path, data.decode("utf-8", "replace"))
    reason = (
        Reason(ReasonKind.RENAMED, (renamed.old, renamed.new))
        if use.path == renamed.path
        else Reason(ReasonKind.RENAMED_IN, (renamed.old, renamed.new, renamed.path))
    )
    for column, end in text.words(renamed.old, use.line):
        if text.names is not None:
            node = text.node_at(use.line, column)
            if node is None or "identifier" not in node.type:
                continue
            if bool(renamed.owner) != is_member(node) and not is_label(node) and use.call and renamed.owner:
                continue
        elif not _as_code(text.lines[use.line], column, end, renamed.old):
            continue
        yield NextEdit(
            use.path,
            use.line,
            column,
            renamed.old,
            renamed.new,
            EditKind.RENAME,
            reason,
            sort + ("-beside" if any(text.words(renamed.new, use.line)) else ""),
            trigger=(renamed.path, renamed.line),
        )


def _as_code(line: str, column: int, end: int, name: str) -> bool:
    """Whether a word in prose is plainly a name."""
    return is_compound(name) or line[end : end + 1] in ("`", "(") or line[column - 1 : column] in ("`", ".")


def _in_strings(renamed: Renamed, sources: Sources) -> Iterator[NextEdit]:
    """Strings and comments of code that hold the name alone, or at the end of a dotted path."""
    if not is_compound(renamed.old):
        return
    for path, line, found in sources.grep([renamed.old]):
        if category(path) not in (Category.SOURCE, Category.TEST):
            continue
        data = sources.read(path)
        text = parse(path, data.decode("utf-8", "replace")) if data is not None else None
        if text is None or text.names is None or line >= len(text.lines) or text.lines[line] != found:
            continue
        for column, end in text.words(renamed.old, line):
            node = text.node_at(line, column)
            if node is None or "identifier" in node.type:
                continue
            comment = "comment" in node.type
            quoted = found[end : end + 1] in ('"', "'", "`") and found[column - 1 : column] in ('"', "'", "`", ".")
            if not comment and not quoted:
                continue
            sort = "rename-comment" if comment else "rename-string"
            place = "own" if path == renamed.path else "other"
            yield NextEdit(
                path,
                line,
                column,
                renamed.old,
                renamed.new,
                EditKind.RENAME,
                Reason(ReasonKind.RENAMED_IN, (renamed.old, renamed.new, renamed.path)),
                f"{sort}-{place}",
                trigger=(renamed.path, renamed.line),
            )


def _moved(old: str, new: str, sources: Sources) -> Iterator[NextEdit]:
    """Imports and mentions of a file under its old path."""
    one, other = PurePosixPath(old), PurePosixPath(new)
    reason = Reason(ReasonKind.MOVED, (old, new))
    for path, line, found in sources.grep([one.stem]):
        if category(path) in (Category.CHANGELOG, Category.GENERATED, Category.LOCK):
            continue
        if old in found:
            for match in re.finditer(rf"(?<![\w/]){re.escape(old)}(?!\w)", found):
                yield NextEdit(
                    path, line, match.start(), old, new, EditKind.RENAME, reason, "rename-path", trigger=(new, 0)
                )
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
                        "rename-module",
                        trigger=(new, 0),
                    )
