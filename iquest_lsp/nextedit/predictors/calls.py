"""Calls that do not fit any more after a definition's parameters changed, or that can give what it takes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iquest_lsp import grammars
from iquest_lsp.codeflow.reading import Sources, imports, is_meant, module_name
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.parsed import Parsed, Spot, arguments_of, parse
from iquest_lsp.nextedit.predictors.changed_heads import CallRepair, Changed
from iquest_lsp.nextedit.records import Edit, EditKind, NextEdit, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import PredictorKind, Sort

if TYPE_CHECKING:
    from tree_sitter import Node

#: A name as short as this is no evidence that an object of an unknown type is meant.
SHORT = 5
_SPREAD = ("list_splat", "dictionary_splat", "spread_element", "variadic_argument", "parenthesized_argument")
#: Files in which a call may have more arguments than its function has parameters.
_LOOSE = (".js", ".jsx", ".mjs", ".cjs")
#: Files whose calls can name parameters.
_NAMED = (".py", ".pyi")
_LITERALS = ("true", "false", "True", "False", "None", "null", "nil", "undefined", "NULL", "nullptr")


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """A call of a changed definition: where, its arguments by place and by name, and how sure it is that it is one."""

    path: str
    text: Parsed
    spot: Spot
    arguments: Node
    plain: tuple[Node, ...]
    words: Mapping[str, Node]
    how: tuple[str, ...]

    @property
    def given(self) -> list[Node]:
        """All its arguments in their order."""
        return sorted((*self.plain, *self.words.values()), key=lambda node: node.start_byte)


def calls(item: Changed, plan: CallRepair, changes: Sequence[Change], sources: Sources) -> Iterator[NextEdit]:
    """Suggestions for the calls of one changed definition."""
    by_path = {change.path: change for change in changes}
    learned = _learned(item.short, plan, changes) if plan.added else {}
    for call in calls_of(item, changes, sources):
        yield from _renamed(item, plan, call)
        yield from _removed(item, plan, call)
        yield from _added(item, plan, call, learned, by_path.get(call.path))
        yield from _reordered(item, plan, call)


def _done(item: Changed, changes: Sequence[Change]) -> str:
    """A mark of the sort for how many lines with calls were changed already and still have them: none, 1, or more."""
    call = re.compile(rf"(?<![\w$]){re.escape(item.short)}\s*\(")
    edits = [edit for change in changes for edit in change.edits if not _is_head(item, edit)]
    both = sum(any(map(call.search, edit.old)) and any(map(call.search, edit.new)) for edit in edits)
    return f"done{min(both, 2)}" if both else ""


def _is_head(item: Changed, edit: Edit) -> bool:
    return edit.path == item.path and edit.line <= item.line < edit.line + len(edit.new)


def calls_of(item: Changed, changes: Sequence[Change], sources: Sources) -> Iterator[WrittenCall]:
    """The calls that mean a definition, as far as their files tell."""
    done = _done(item, changes)
    name, owner = item.short, item.qualified.rpartition(".")[0].rsplit(".", 1)[-1]
    module = module_name(item.path)
    uses = sources.uses(name, module, owner)
    importers = {use.path for use in uses if use.name == module and imports(use.text)}
    mine = [use for use in uses if use.name == name and use.call and use.kind in ("caller", "test")]
    alone = not any(use.own and use.path != item.path for use in mine)
    for use in mine:
        sure = is_meant(use, item.path, item.qualified, importers)
        if sure is False or (sure is None and not (alone and len(name) > SHORT)):
            continue
        data = sources.read(use.path)
        text = parse(use.path, data.decode("utf-8", "replace")) if data is not None else None
        if text is None or text.names is None:
            continue
        how = "" if sure else "alone", "" if alone else "shared", "loose" if use.path.endswith(_LOOSE) else "", done
        for spot in text.spots(name, use.line, use.line + 1):
            arguments = arguments_of(spot.node)
            if arguments is not None and (call := _call(use.path, text, spot, arguments, how)) is not None:
                yield call


def _call(path: str, text: Parsed, spot: Spot, arguments: Node, how: tuple[str, ...] = ()) -> WrittenCall | None:
    """The call with these arguments; None where one of them stands for several."""
    given = [node for node in arguments.named_children if "comment" not in node.type]
    if any(node.type in _SPREAD for node in given):
        return None
    plain = tuple(node for node in given if node.type != "keyword_argument")
    words = {_keyword(node): node for node in given if node.type == "keyword_argument"}
    return WrittenCall(path, text, spot, arguments, plain, words, how)


def _keyword(node: Node) -> str:
    return grammars.text_of(node.named_children[0])


def _suggestion(
    item: Changed,
    call: WrittenCall,
    start: int,
    end: int,
    new: str,
    kind: ReasonKind,
    values: tuple[str, ...],
    *marks: str,
) -> NextEdit:
    """Bytes of a call's file become another text."""
    old = call.text.source[start:end].decode("utf-8", "replace")
    reason, sort = Reason(kind, values), Sort.of(PredictorKind.SIGNATURE, *marks, *call.how)
    trigger = item.path, item.line
    return NextEdit(call.path, *call.text.place_at(start), old, new, EditKind.SIGNATURE, reason, sort, trigger=trigger)


def _renamed(item: Changed, plan: CallRepair, call: WrittenCall) -> Iterator[NextEdit]:
    for old, new in plan.renamed:
        if old in call.words and new not in call.words:
            node = call.words[old].named_children[0]
            told = (old, new, item.short)
            kind = ReasonKind.PARAMETER_RENAMED
            yield _suggestion(item, call, node.start_byte, node.end_byte, new, kind, told, "keyword")


def _removed(item: Changed, plan: CallRepair, call: WrittenCall) -> Iterator[NextEdit]:
    given = call.given
    for at, name in plan.removed:
        argument = call.words.get(name) or (call.plain[at] if at < len(call.plain) == plan.before else None)
        if argument is not None:
            place = given.index(argument)
            start = given[place - 1].end_byte if place else argument.start_byte
            last = place == len(given) - 1
            end = argument.end_byte if place or last else given[place + 1].start_byte
            yield _suggestion(item, call, start, end, "", ReasonKind.PARAMETER_REMOVED, (item.short, name), "removed")


def _reordered(item: Changed, plan: CallRepair, call: WrittenCall) -> Iterator[NextEdit]:
    plain = call.plain
    if plan.order and not call.words and len(plain) == plan.before:
        between = {call.text.source[a.end_byte : b.start_byte] for a, b in itertools.pairwise(plain)}
        if len(between) == 1:
            new = between.pop().decode().join(call.text.text_of(plain[at]) for at in plan.order)
            start, end = plain[0].start_byte, plain[-1].end_byte
            yield _suggestion(item, call, start, end, new, ReasonKind.REORDERED, (item.short,), "reordered")


# ------------------------------------------------------------------------------------------ one argument more


def _added(
    item: Changed, plan: CallRepair, call: WrittenCall, learned: Mapping[str, Mapping[str, int]], change: Change | None
) -> Iterator[NextEdit]:
    """The new arguments where all that are needed can be told, each at its place."""
    if not plan.added or any(name in call.words for _, name in plan.added):
        return
    if len(call.plain) > plan.before or (change is not None and _is_new(call, change)):
        return
    values: list[tuple[int, str, str]] = []
    kinds: list[tuple[str, ...]] = []
    for at, name in plan.added:
        optional = name in plan.optional
        value, kind = _value(name, call, learned.get(name, {}), change)
        if value and not (optional and kind == ("scope",)):
            values.append((at, name, value))
            kinds.append(("optional", _whose(item, call), *kind) if optional else kind)
        elif not optional:
            return
    if not values:
        return
    marks = "added", *min(kinds, key=_strength), "several" if len(values) > 1 else ""
    if (placed := _placed(plan, call, values)) is not None:
        start, new = placed if (lines := _on_own_lines(call, placed, values)) is None else lines
        names = (item.short, ", ".join(name for _, name, _ in values))
        yield _suggestion(item, call, start, start, new, ReasonKind.PARAMETER_ADDED, names, *marks)


def _whose(item: Changed, call: WrittenCall) -> str:
    """`inner` for a call in the changed definition itself, whose own parameter proves nothing."""
    around = call.text.symbol_at(call.spot.line)
    return "inner" if call.path == item.path and around is not None and around.name == item.name else ""


def _strength(kind: tuple[str, ...]) -> int:
    """The weakest evidence comes first."""
    return ("scope" not in kind and "fresh" not in kind, "fresh" in kind, kind[0] != "optional").count(True)


def _placed(plan: CallRepair, call: WrittenCall, values: Sequence[tuple[int, str, str]]) -> tuple[int, str] | None:
    """Where new arguments go in, as a byte, and the text that goes in; None where that cannot be told."""
    given, plain = call.given, call.plain
    first = values[0][0]
    together = [at for at, _, _ in values] == list(range(first, first + len(values)))
    by_place = together and not any(name in plan.by_name for _, name, _ in values) and first <= len(plain)
    if by_place and not (call.words and first < len(plain)) and not (call.words and first == len(plain)):
        text = ", ".join(value for _, _, value in values)
        if first < len(plain):
            return (plain[first].start_byte, f"{text}, ") if len(plain) == plan.before else None
    elif call.path.endswith(_NAMED):
        text = ", ".join(f"{name}={value}" for _, name, value in values)
    else:
        return None
    if given:
        return given[-1].end_byte, f", {text}"
    return call.arguments.start_byte + 1, text


def _on_own_lines(
    call: WrittenCall, placed: tuple[int, str], values: Sequence[tuple[int, str, str]]
) -> tuple[int, str] | None:
    """Where new arguments go in and their text where each argument has a line of its own; None where it has none."""
    given, (start, text) = call.given, placed
    rows = [node.start_point.row for node in given]
    closing = call.arguments.end_point.row
    if not given or len({call.arguments.start_point.row, *rows}) <= len(rows) or rows[0] == closing:
        return None
    words = text.strip(", ").split(", ") if len(values) > 1 else [text.strip(", ")]
    if len(words) != len(values):
        return None
    indent = re.match(r"\s*", call.text.lines[rows[0]])
    ahead = indent[0] if indent is not None else ""
    behind = next((node for node in given if node.start_byte == start), None)
    lines = "".join(f"{ahead}{word},\n" for word in words)
    if behind is not None:
        return call.text.offset(behind.start_point.row), lines
    last = given[-1]
    if call.text.lines[last.end_point.row].rstrip().endswith(",") and last.end_point.row < closing:
        return call.text.offset(last.end_point.row + 1), lines
    return last.end_byte, "".join(f",\n{ahead}{word}" for word in words)


def _is_new(call: WrittenCall, change: Change) -> bool:
    """Whether the call's lines came with the changes: it was written with the new head in mind."""
    rows = range(call.arguments.start_point.row, call.arguments.end_point.row + 1)
    return any(map(change.is_changed, rows)) and not any(
        edit.old and any(call.spot.node.text and call.spot.node.text.decode() in line for line in edit.old)
        for edit in change.edits
        if edit.line <= call.spot.line < edit.line + len(edit.new)
    )


def _value(
    name: str, call: WrittenCall, learned: Mapping[str, int], change: Change | None
) -> tuple[str, tuple[str, ...]]:
    """What a call gives for a new parameter, and the marks of what that rests on; empty where nothing tells."""
    bound = _bound(call.text, call.spot, name, change)
    if len(learned) == 1:
        value, count = next(iter(learned.items()))
        if not re.fullmatch(r"[^\W\d]\w*", value) or value in _LITERALS:
            return value, (_form(value), str(min(count, 2)))
        if value == name:
            return (name, (bound, "learned")) if bound else ("", ())
        there = _bound(call.text, call.spot, value, change)
        return value, ("name", str(min(count, 2)), "bound" if there else "")
    return (name, (bound,)) if bound else ("", ())


def _bound(text: Parsed, spot: Spot, name: str, change: Change | None) -> str:
    """Whether a function around a call has a parameter or a variable of that name: `fresh` where the changes made it
    so, `scope` where it had it before, nothing where it has none."""
    lines = text.binding(spot.node, name)
    if not lines:
        return ""
    return "fresh" if change is not None and any(map(change.is_changed, lines)) else "scope"


def _form(value: str) -> str:
    """What kind of expression an argument is."""
    if re.fullmatch(r"[^\W\d]\w*", value):
        return "literal" if value in _LITERALS else "name"
    return "literal" if re.fullmatch(r"[\d.]+|\"[^\"]*\"|'[^']*'", value) else "expression"


def _learned(name: str, plan: CallRepair, changes: Sequence[Change]) -> dict[str, dict[str, int]]:
    """For each new parameter what the calls that give it already give, and how many of them."""
    values: dict[str, dict[str, int]] = {parameter: {} for _, parameter in plan.added}

    def note(parameter: str, value: str) -> None:
        values[parameter][value] = values[parameter].get(value, 0) + 1

    for change in changes:
        for edit in change.edits:
            for spot in change.after.spots(name, edit.line, edit.line + len(edit.new)):
                arguments = arguments_of(spot.node)
                call = _call(change.path, change.after, spot, arguments) if arguments is not None else None
                if call is None:
                    continue
                for at, parameter in plan.added:
                    if parameter in call.words:
                        note(parameter, change.after.text_of(call.words[parameter].named_children[-1]))
                    elif len(call.plain) == plan.before + len(plan.added) and not call.words:
                        note(parameter, change.after.text_of(call.plain[at]))
    return values
