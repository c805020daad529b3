"""Calls and declarations that do not fit any more after a definition's parameters changed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iquest_lsp.codeflow.reading import (
    Category,
    Reference,
    Sources,
    category,
    imports,
    is_meant,
    lines_with,
    module_name,
    parameters,
    references,
)
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.parsed import Parsed, Spot, arguments_of, function_around, parameter_names, parse
from iquest_lsp.nextedit.pieces import pieces
from iquest_lsp.nextedit.records import EditKind, NextEdit, Reason, ReasonKind

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_CHANGED = 12
#: A head of fewer pieces than this stands in too many places.
LEAST_HEAD = 5
#: How far from its name a head begins and ends at most, in lines.
LINES_AHEAD, LINES_BEHIND = 3, 12
_MADE_BY = ("__init__", "constructor")
_SPREAD = ("list_splat", "dictionary_splat", "spread_element", "variadic_argument", "parenthesized_argument")
#: Files in which a call may have more arguments than its function has parameters.
_LOOSE = (".js", ".jsx", ".mjs", ".cjs")
_ITSELF = ("self", "cls")
_LITERALS = ("true", "false", "True", "False", "None", "null", "nil", "undefined", "NULL", "nullptr")
#: What may stand before a head in its line.
_AHEAD = ("", "export", "extern", "pub", "declare")
_HEADERS = (".h", ".hpp", ".hh", ".pyi", ".d.ts")


@dataclass(frozen=True, slots=True)
class Changed:
    """A definition whose head changed: its qualified name before and after, and both heads."""

    path: str
    line: int
    old_name: str
    name: str
    old_head: str
    head: str
    is_function: bool = True

    @property
    def short(self) -> str:
        """What calls name: of a constructor its class."""
        outer, _, last = self.name.rpartition(".")
        return outer.rsplit(".", 1)[-1] if last in _MADE_BY and outer else last

    @property
    def qualified(self) -> str:
        """The definition that calls mean."""
        outer, _, last = self.name.rpartition(".")
        return outer if last in _MADE_BY and outer else self.name


@dataclass(frozen=True, slots=True)
class Plan:
    """What a call has to do: parameters by name and place before (`removed`) or after (`added`), and other names."""

    removed: tuple[tuple[int, str], ...] = ()
    added: tuple[tuple[int, str], ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    order: tuple[int, ...] = ()
    before: int = 0


def predict(changes: Sequence[Change], sources: Sources) -> Iterator[NextEdit]:
    """Suggestions for every definition whose head changed."""
    found = [item for change in changes for item in changed_heads(change)][:MAX_CHANGED]
    for item in found:
        yield from _declarations(item, sources)
        plan = plan_of(item.old_head, item.head)
        if plan is not None:
            yield from _calls(item, plan, changes, sources)


def changed_heads(change: Change) -> Iterator[Changed]:
    """The definitions of a file that have another name or signature."""
    before = {item.name: item for item in change.before.symbols}
    for item in change.symbols:
        old = before.get(item.old_name or item.name)
        if item.change in ("renamed", "signature") and old is not None and old.signature != item.signature:
            function = item.kind in ("function", "method", "test")
            yield Changed(change.path, item.line, old.name, item.name, old.signature, item.signature, function)


def plan_of(old_head: str, head: str) -> Plan | None:
    """What calls have to do between two heads; None where nothing, or where it cannot be told."""
    old, new = (_parameters(text) for text in (old_head, head))
    if old is None or new is None:
        return None
    one, other = [*old], [*new]
    gone = [(at, name) for at, name in enumerate(one) if name not in new]
    come = [(at, name) for at, name in enumerate(other) if name not in old]
    if gone and come:
        if len(one) == len(other) and [at for at, _ in gone] == [at for at, _ in come]:
            renamed = tuple((name, then) for (_, name), (_, then) in zip(gone, come, strict=True))
            return Plan(renamed=renamed, before=len(one))
        return None
    if gone:
        return Plan(removed=tuple(gone), before=len(one))
    if come:
        needed = tuple((at, name) for at, name in come if not _optional(new[name]))
        return Plan(added=needed, before=len(one)) if needed and len(come) == len(needed) == 1 else None
    if one != other:
        return Plan(order=tuple(one.index(name) for name in other), before=len(one))
    return None


def _parameters(head: str) -> dict[str, str] | None:
    if "(" not in head:
        return None
    found = parameters(head)
    for name in _ITSELF:
        found.pop(name, None)
    return None if any(set("{[") & set(text.partition(":")[0]) for text in found.values()) else found


def _optional(parameter: str) -> bool:
    return "=" in parameter or "..." in parameter or "?" in parameter or parameter.lstrip().startswith("*")


# ------------------------------------------------------------------------------------------------------ calls


def _calls(item: Changed, plan: Plan, changes: Sequence[Change], sources: Sources) -> Iterator[NextEdit]:
    name, owner = item.short, item.qualified.rpartition(".")[0].rsplit(".", 1)[-1]
    module = module_name(item.path)
    uses = references(sources, [name, module], sources.read, owners={name: owner} if owner else {})
    importers = {use.path for use in uses if use.name == module and imports(use.text)}
    mine = [use for use in uses if use.name == name and use.call and use.kind in ("caller", "test")]
    alone = not any(use.own and use.path != item.path for use in mine)
    learned = _learned(name, plan, changes) if plan.added else {}
    for use in mine:
        sure = is_meant(use, item.path, item.qualified, importers)
        if sure is False or (sure is None and not (alone and len(name) > 5)):
            continue
        data = sources.read(use.path)
        if data is None:
            continue
        text = parse(use.path, data.decode("utf-8", "replace"))
        if text.names is None:
            continue
        how = ("" if sure else "-alone") + ("" if alone else "-shared")
        how += "-loose" if use.path.endswith(_LOOSE) else ""
        for spot in text.spots(name, use.line, use.line + 1):
            arguments = arguments_of(spot.node)
            if arguments is not None:
                yield from _refit(item, plan, use, text, spot, arguments, learned, how)


def _refit(
    item: Changed,
    plan: Plan,
    use: Reference,
    text: Parsed,
    spot: Spot,
    arguments: Node,
    learned: dict[str, int],
    how: str,
) -> Iterator[NextEdit]:
    given = [node for node in arguments.named_children if "comment" not in node.type]
    if any(node.type in _SPREAD for node in given):
        return
    plain = [node for node in given if node.type != "keyword_argument"]
    words = {_keyword(node): node for node in given if node.type == "keyword_argument"}

    def suggestion(start: int, end: int, new: str, kind: ReasonKind, values: tuple[str, ...], sort: str) -> NextEdit:
        line, column = text.place_at(start)
        old = text.source[start:end].decode("utf-8", "replace")
        reason = Reason(kind, values)
        return NextEdit(
            use.path,
            line,
            column,
            old,
            new,
            EditKind.SIGNATURE,
            reason,
            f"signature-{sort}{how}",
            trigger=(item.path, item.line),
        )

    for old, new in plan.renamed:
        if old in words and new not in words:
            node = words[old].named_children[0]
            told = (old, new, item.short)
            yield suggestion(node.start_byte, node.end_byte, new, ReasonKind.PARAMETER_RENAMED, told, "keyword")
    for at, name in plan.removed:
        argument = words.get(name) or (plain[at] if at < len(plain) == plan.before else None)
        if argument is not None:
            place = given.index(argument)
            start = given[place - 1].end_byte if place else argument.start_byte
            last = place == len(given) - 1
            end = argument.end_byte if place or last else given[place + 1].start_byte
            yield suggestion(start, end, "", ReasonKind.PARAMETER_REMOVED, (item.short, name), "removed")
    for at, name in plan.added:
        if len(given) != plan.before or name in words or (words and at < len(plain)):
            continue
        value, sort = name, "added-scope"
        if len(learned) == 1:
            value, count = next(iter(learned.items()))
            sort = f"added-{_form(value)}-{min(count, 2)}"
        elif not _in_scope(text, spot, name):
            continue
        else:
            sort += "-learned" if name in learned else ""
        values = (item.short, name)
        if words and at >= len(plain):
            value = f"{name}={value}"
        if at < len(given):
            start = given[at].start_byte
            yield suggestion(start, start, f"{value}, ", ReasonKind.PARAMETER_ADDED, values, sort)
        else:
            start = given[-1].end_byte if given else arguments.start_byte + 1
            yield suggestion(start, start, f", {value}" if given else value, ReasonKind.PARAMETER_ADDED, values, sort)
    if plan.order and not words and len(plain) == plan.before:
        between = {text.source[a.end_byte : b.start_byte] for a, b in itertools.pairwise(plain)}
        if len(between) == 1:
            new = between.pop().decode().join(text.text_of(plain[at]) for at in plan.order)
            start, end = plain[0].start_byte, plain[-1].end_byte
            yield suggestion(start, end, new, ReasonKind.REORDERED, (item.short,), "reordered")


def _keyword(node: Node) -> str:
    return (node.named_children[0].text or b"").decode("utf-8", "replace")


def _in_scope(text: Parsed, spot: Spot, name: str) -> bool:
    """Whether the function around a call has a parameter or a variable of that name, set before the call."""
    function = function_around(spot.node)
    while function is not None:
        if name in parameter_names(function):
            return True
        first = function.start_point.row
        if any(text.use(item)[0] == "bind" for item in text.spots(name, first, spot.line)):
            return True
        function = function_around(function)
    return False


def _form(value: str) -> str:
    """What kind of expression an argument is."""
    if re.fullmatch(r"[^\W\d]\w*", value):
        return "literal" if value in _LITERALS else "name"
    return "literal" if re.fullmatch(r"[\d.]+|\"[^\"]*\"|'[^']*'", value) else "expression"


def _learned(name: str, plan: Plan, changes: Sequence[Change]) -> dict[str, int]:
    """What the calls that have the new argument already give for it, and how many of them."""
    at, parameter = plan.added[0]
    values: dict[str, int] = {}

    def note(value: str) -> None:
        values[value] = values.get(value, 0) + 1

    for change in changes:
        for edit in change.edits:
            for spot in change.after.spots(name, edit.line, edit.line + len(edit.new)):
                arguments = arguments_of(spot.node)
                if arguments is None:
                    continue
                given = [node for node in arguments.named_children if "comment" not in node.type]
                words = {_keyword(node): node for node in given if node.type == "keyword_argument"}
                if parameter in words:
                    note(change.after.text_of(words[parameter].named_children[-1]))
                elif len(given) == plan.before + 1 and not words:
                    note(change.after.text_of(given[at]))
    return values


# ------------------------------------------------------------------------------------------------ declarations


def _declarations(item: Changed, sources: Sources) -> Iterator[NextEdit]:
    """Other places where the old head stands: a header, an interface, an override."""
    words = [piece.text for piece in pieces(item.old_head)]
    short = item.old_name.rsplit(".", 1)[-1]
    if len(words) < LEAST_HEAD or "(" not in item.old_head or not item.is_function:
        return
    head = re.compile(r"(?<!\w)" + r"\s*".join(map(re.escape, words)) + r"(?!\w)")
    for path in dict.fromkeys(path for path, _, _ in sources.grep([short])):
        if category(path) not in (Category.SOURCE, Category.TEST):
            continue
        data = sources.read(path)
        text = data.decode("utf-8", "replace") if data is not None else ""
        for line, column, found in _matches(head, text, short):
            place = "own" if path == item.path else "header" if path.endswith(_HEADERS) else "other"
            broken = "-broken" if "\n" in found else ""
            yield NextEdit(
                path,
                line,
                column,
                found,
                item.head,
                EditKind.SIGNATURE,
                Reason(ReasonKind.OVERRIDE, (short,)),
                f"signature-head-{place}{broken}",
                trigger=(item.path, item.line),
            )


def _matches(head: re.Pattern[str], text: str, name: str) -> Iterator[tuple[int, int, str]]:
    """Where a head stands in a text, near the lines that hold its name: line, column, the head as it is written."""
    lines = text.split("\n")
    known: set[tuple[int, int]] = set()
    for at in lines_with(text, name):
        first = max(at - LINES_AHEAD, 0)
        around = "\n".join(lines[first : at + LINES_BEHIND])
        for match in head.finditer(around):
            line = first + around.count("\n", 0, match.start())
            column = match.start() - (around.rfind("\n", 0, match.start()) + 1)
            before = lines[line][:column].strip()
            if (line, column) not in known and before in _AHEAD:
                known.add((line, column))
                yield line, column, match[0]
