"""Functions that became asynchronous, or await something: their calls, and their own heads (Python, scripts, Rust)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from iquest_lsp.codeflow.reading import NotLookedUpError, Sources
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.parsed import Parsed, function_around
from iquest_lsp.nextedit.predictors.calls import calls_of
from iquest_lsp.nextedit.predictors.changed_heads import Changed, changed_heads
from iquest_lsp.nextedit.records import EditKind, NextEdit, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import PredictorKind, Sort

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_CHANGED = 12
_ASYNC = re.compile(r"\basync\b")
_AWAITS = ("await", "await_expression")
#: Parents of a call in which its result is passed on, or dropped, as it is.
_PLAIN = frozenset(
    {"expression_statement", "assignment", "variable_declarator", "assignment_expression", "let_declaration"}
)
_RETURNS = frozenset({"return_statement", "return_expression"})


def predict(changes: Sequence[Change], sources: Sources) -> Iterator[NextEdit]:
    """Suggestions for every function that became asynchronous, and for every one that awaits and is not."""
    for change in changes:
        if change.after.root is not None:
            yield from _heads(change)
    found = [item for change in changes for item in changed_heads(change) if _became(item)][:MAX_CHANGED]
    for item in found:
        with contextlib.suppress(NotLookedUpError):
            yield from _calls(item, changes, sources)


def _became(item: Changed) -> bool:
    return bool(_ASYNC.search(item.head)) and not _ASYNC.search(item.old_head)


def _calls(item: Changed, changes: Sequence[Change], sources: Sources) -> Iterator[NextEdit]:
    for call in calls_of(item, changes, sources):
        whole, function = call.arguments.parent, function_around(call.spot.node)
        if whole is None or whole.parent is None or whole.parent.type in _AWAITS or whole.type in _AWAITS:
            continue
        kind = whole.parent.type
        place = "plain" if kind in _PLAIN else "return" if kind in _RETURNS else "inside"
        inside = "async" if function is not None and is_async(function) else "sync" if function is not None else "top"
        is_rust = call.path.endswith(".rs")
        line, column = call.text.place_at(whole.end_byte if is_rust else whole.start_byte)
        yield NextEdit(
            call.path,
            line,
            column,
            "",
            ".await" if is_rust else "await ",
            EditKind.SIGNATURE,
            Reason(ReasonKind.ASYNC, (item.short,)),
            Sort.of(PredictorKind.SIGNATURE, "await", place, inside, *call.how),
            trigger=(item.path, item.line),
        )


def _heads(change: Change) -> Iterator[NextEdit]:
    """Functions that await something since an edit and are not asynchronous."""
    text = change.after
    seen: set[int] = set()
    for edit in change.edits:
        for line in range(edit.line, edit.line + len(edit.new)):
            for spot in re.finditer(r"\bawait\b", text.lines[line]):
                node = text.node_at(line, spot.start())
                function = _awaiting(node) if node is not None else None
                if function is None or is_async(function) or function.id in seen:
                    continue
                seen.add(function.id)
                at = _head_place(text, function)
                written = change.is_changed(at[0]) and at[0] != line
                sort = Sort.of(PredictorKind.SIGNATURE, "async", "changed" if written else "")
                name = function.child_by_field_name("name")
                reason = Reason(ReasonKind.AWAITS, (text.text_of(name) if name is not None else "",))
                yield NextEdit(
                    change.path, *at, "", "async ", EditKind.SIGNATURE, reason, sort, trigger=(change.path, line)
                )


def _awaiting(node: Node) -> Node | None:
    """The function around a node where that is an `await`, and no word in a comment, a string, or a name."""
    parent = node.parent
    if parent is None or node.type not in ("await", "identifier"):
        return None
    awaits = node.type in _AWAITS or parent.type in _AWAITS or parent.type == "ERROR"
    return function_around(node) if awaits else None


def _head_place(text: Parsed, function: Node) -> tuple[int, int]:
    """Where `async` goes."""
    if function.type in ("method_definition", "function_item"):
        for child in function.children:
            if child.type in ("fn", "property_identifier", "private_property_identifier", "computed_property_name"):
                return text.place_of(child)
    return text.place_of(function)


def is_async(function: Node) -> bool:
    """Whether a function says so of itself."""
    return any(
        child.type == "async" or (child.type == "function_modifiers" and b"async" in (child.text or b""))
        for child in function.children
    )
