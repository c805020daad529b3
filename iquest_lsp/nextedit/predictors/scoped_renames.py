"""Other uses of a parameter, a variable or a field that got another name, in its function or class."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from iquest_lsp.common_ends import common_ends
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.parsed import (
    Spot,
    class_around,
    function_around,
    is_field,
    is_label,
    is_member,
    is_parameter,
    parameter_names,
)
from iquest_lsp.nextedit.pieces import Renaming, done_mark
from iquest_lsp.nextedit.predictors.passed_over import counted
from iquest_lsp.nextedit.records import EditKind, NextEdit, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import PredictorKind, Sort

#: Names whose beginnings, or ends, became others, from which on others are expected to follow.
LEAST_FAMILY = 2
ITSELF = ("self", "cls", "this")


def scoped(change: Change) -> Iterator[NextEdit]:
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
    sort = Sort.of(
        PredictorKind.RENAME,
        "parameter" if parameter else "variable",
        "rebound" if rebound else "",
        "known" if _had(change, renaming, first) else "",
        "" if renaming.pure else "mixed",
        "" if renaming.is_akin else "other",
        _done(change, renaming),
    )
    reason = Reason(ReasonKind.RENAMED, (renaming.old, renaming.new))
    for item in spots:
        # What a variable is given in its own line was read by who renamed it, and left.
        if _shadowed(item, function, renaming.old) or (item.line == spot.line and not parameter):
            continue
        yield _suggest(change.path, item, renaming, EditKind.RENAME, reason, sort)
    if parameter:
        symbol = after.symbol_at(spot.line)
        if symbol is not None:
            for line in range(*symbol.doc):
                for column, _ in after.words(renaming.old, line):
                    if documents(after.lines[line], renaming.old, column):
                        yield NextEdit(
                            change.path,
                            line,
                            column,
                            renaming.old,
                            renaming.new,
                            EditKind.RENAME,
                            reason,
                            Sort.of(PredictorKind.RENAME, "parameter", "doc"),
                            trigger=(change.path, renaming.line),
                        )


def _done(change: Change, renaming: Renaming) -> str:
    return done_mark(change.renamings, (renaming.old, renaming.new), (renaming.path, renaming.line))


def documents(line: str, name: str, column: int) -> bool:
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
    sort = Sort.of(PredictorKind.RENAME, "field", _done(change, renaming))
    for item in own:
        if is_member(item.node) and item.node.parent is not None:
            receiver = item.node.parent.named_children[0].text or b""
            if receiver.decode("utf-8", "replace") in ITSELF:
                yield _suggest(change.path, item, renaming, EditKind.RENAME, reason, sort)


def _suggest(path: str, spot: Spot, renaming: Renaming, kind: EditKind, reason: Reason, sort: Sort) -> NextEdit:
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


# ------------------------------------------------------------------------------------------ names of one family


@dataclass(frozen=True, slots=True)
class _Part:
    """Words of a name that became others: at its `start`, its `end`, or before the words `behind` (`mid`)."""

    gone: tuple[str, ...]
    come: tuple[str, ...]
    behind: tuple[str, ...]
    where: str

    @classmethod
    def of(cls, old: str, new: str) -> _Part | None:
        """What became of one name; None where nothing of it stayed, or words were only added or taken away."""
        one, other = words_of(old), words_of(new)
        head, tail = common_ends(one, other)
        gone, come = one[head : len(one) - tail], other[head : len(other) - tail]
        if not gone or not come or not (head or tail):
            return None
        where = "start" if not head else "end" if not tail else "mid"
        return cls(tuple(gone), tuple(come), tuple(one[len(one) - tail :]) if where == "mid" else (), where)

    def in_name(self, name: str) -> str:
        """The new name of another thing whose name has these words there; empty where it has not."""
        words = words_of(name)
        ending = [*self.gone, *self.behind]
        if self.where == "start":
            fits, new = words[: len(self.gone)] == [*self.gone], [*self.come, *words[len(self.gone) :]]
        else:
            fits, new = words[-len(ending) :] == ending, [*words[: -len(ending)], *self.come, *self.behind]
        return "".join(new) if fits and len(words) > len(ending) else ""


def words_of(name: str) -> list[str]:
    """The words that a name is made of, with the signs between them."""
    return re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\w]|_+", name)


def families(changes: Sequence[Change]) -> Iterator[NextEdit]:
    """Definitions of the changed files in whose names stand the words that became others in those of their like."""
    found: dict[_Part, dict[str, tuple[str, int, str]]] = {}
    for change in changes:
        defined = {item.short for item in change.after.symbols if change.is_changed(item.start)}
        for renaming in change.renamings:
            part = _Part.of(renaming.old, renaming.new) if renaming.new in defined else None
            if part is not None:
                found.setdefault(part, {})[renaming.old] = (change.path, renaming.line, renaming.new)
    for part, examples in found.items():
        if len(examples) < LEAST_FAMILY and part.where != "mid":
            continue
        last = [*examples.items()][-1]
        for change in changes:
            names = {item.short for item in change.after.symbols}
            for symbol in change.after.symbols:
                new = part.in_name(symbol.short)
                if not new or new in names or symbol.short in examples:
                    continue
                for spot in change.after.spots(symbol.short, symbol.start, max(symbol.head, symbol.start + 1)):
                    old, (path, line, like) = last
                    yield NextEdit(
                        change.path,
                        spot.line,
                        spot.column,
                        symbol.short,
                        new,
                        EditKind.RENAME,
                        Reason(ReasonKind.LIKE, (old, like)),
                        Sort.of(PredictorKind.RENAME, "family", part.where, str(counted(len(examples)))),
                        trigger=(path, line),
                    )
                    break
