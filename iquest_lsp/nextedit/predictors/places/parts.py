"""Places to look at (Rust): where a type is built, taken apart or implemented without a part that it was given.

The compiler asks for the part there. What had not all parts before is of another type, or leaves some out on purpose.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iquest_lsp import grammars
from iquest_lsp.codeflow.reading import NotLookedUpError, Sources, lines_with
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.parsed import Parsed, parse
from iquest_lsp.nextedit.records import EditKind, Place, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import PredictorKind, Sort

if TYPE_CHECKING:
    from tree_sitter import Node

#: Types that are followed in one file; nodes around a name that are tried.
MAX_TYPES, MAX_UP = 8, 8
#: Nodes between an expression and the implementation that it lies in, at most.
FAR = 60
#: By what a type is: its parts, what is made of it elsewhere, and what a sort calls such a part.
_BODIES = {"struct_item": "field_declaration", "enum_item": "enum_variant", "trait_item": "function_signature_item"}
_HOLDERS = {"struct_item": "struct_expression", "enum_item": "match_expression", "trait_item": "impl_item"}
_WHAT = {"struct_item": "field", "enum_item": "case", "trait_item": "method"}


@dataclass(frozen=True, slots=True)
class _Grown:
    """A type that got parts: its name, what it is, the parts that it `had`, and those that `come`."""

    name: str
    kind: str
    had: tuple[str, ...]
    come: tuple[str, ...]

    def is_short_of(self, holder: Node) -> bool:
        """Whether a node that was whole before lacks a part now; one that was not whole is of another type."""
        body = holder.child_by_field_name("body")
        if body is None:
            return False
        if self.kind == "struct_item":
            return {*_given(body)} == {*self.had}
        if self.kind == "enum_item":
            tests = [{*re.findall(rf"\b{self.name}::(\w+)", test)} for test in _tested(body)]
            met = set[str]().union(*tests)
            return all(tests) and met >= {*self.had} and met.isdisjoint(self.come)
        named = (child.child_by_field_name("name") for child in body.named_children)
        names = {grammars.text_of(one) for one in named if one is not None}
        of_trait = _last_name(holder.child_by_field_name("trait")) == self.name
        return of_trait and names >= {*self.had} and names.isdisjoint(self.come)


def predict(changes: Sequence[Change], sources: Sources) -> Iterator[Place]:
    """The places of every type that got a part."""
    texts = {change.path: change for change in changes}
    for change in changes:
        if not change.path.endswith(".rs") or change.before.root is None or change.after.root is None:
            continue
        for grown in [*_grown(change)][:MAX_TYPES]:
            trigger = change.path, _line_of(change, grown.come[0])
            with contextlib.suppress(NotLookedUpError):
                yield from _places(grown, trigger, texts, sources)


def _grown(change: Change) -> Iterator[_Grown]:
    """The types of a file that have parts which they did not have."""
    before = types_of(change.before)
    for name, (kind, has) in types_of(change.after).items():
        was, had = before.get(name, ("", []))
        if kind == was and had and (come := [part for part in has if part not in had]):
            yield _Grown(name, kind, tuple(had), tuple(come))


def _line_of(change: Change, name: str) -> int:
    return next((edit.line for edit in change.edits if any(name in text for text in edit.new)), 0)


def types_of(text: Parsed) -> dict[str, tuple[str, list[str]]]:
    """The types of a file: what each is, and its parts."""
    found: dict[str, tuple[str, list[str]]] = {}
    stack = [text.root] if text.root is not None else []
    while stack:
        node = stack.pop()
        if node.type in _BODIES:
            name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
            if name is not None and body is not None:
                those = [child for child in body.named_children if child.type == _BODIES[node.type]]
                parts = (child.child_by_field_name("name") for child in those)
                found[grammars.text_of(name)] = node.type, [grammars.text_of(it) for it in parts if it is not None]
        elif node.type in ("source_file", "mod_item", "declaration_list"):
            stack += node.named_children
    return found


def _places(
    grown: _Grown, trigger: tuple[str, int], changes: Mapping[str, Change], sources: Sources
) -> Iterator[Place]:
    for path in [path for path in sources.holders(grown.name) if path.endswith(".rs")]:
        change = changes.get(path)
        data = sources.read(path) if change is None else b""
        if data is None:
            continue
        text = change.after if change is not None else parse(path, data.decode("utf-8", "replace"))
        place = "own" if path == trigger[0] else "other"
        for first, end in dict.fromkeys(_lacking(grown, text)):
            if change is None or not any(map(change.is_changed, range(first, end + 1))):
                yield Place(
                    path,
                    first,
                    end,
                    EditKind.SIGNATURE,
                    Reason(ReasonKind.PART, (grown.name, grown.come[0])),
                    Sort.of(PredictorKind.MISFIT, _WHAT[grown.kind], place),
                    trigger=trigger,
                )


def _lacking(grown: _Grown, text: Parsed) -> Iterator[tuple[int, int]]:
    """The first and the last lines of what lacks a part of a type, in one file."""
    for word in (grown.name, "Self") if grown.kind == "struct_item" else (grown.name,):
        for line in lines_with(text.text, word):
            for column, _ in text.words(word, line):
                node = _around(text.node_at(line, column), _HOLDERS[grown.kind])
                if node is None or not grown.is_short_of(node):
                    continue
                if grown.kind == "struct_item" and not _builds(node, grown.name):
                    continue
                yield node.start_point.row, node.end_point.row


def _around(node: Node | None, kind: str, far: int = MAX_UP) -> Node | None:
    """The innermost node of a kind that is a node or around it."""
    for _ in range(far):
        if node is None or node.type == kind:
            return node
        node = node.parent
    return None


def _builds(node: Node, name: str) -> bool:
    """Whether an expression builds the type of a name, or does so as what its own implementation calls `Self`."""
    built = _last_name(node.child_by_field_name("name"))
    if built != "Self":
        return built == name
    whole = _around(node, "impl_item", FAR)
    return whole is not None and _last_name(whole.child_by_field_name("type")) == name


def _last_name(node: Node | None) -> str:
    """The name at the end of a path, without the types it takes."""
    return grammars.text_of(node).split("<")[0].split("::")[-1].strip() if node is not None else ""


def _given(body: Node) -> list[str]:
    """The fields that are given where a struct is built; empty where some come from another one."""
    given = [
        grammars.text_of(child).split(":")[0].strip() for child in body.named_children if "comment" not in child.type
    ]
    return [] if any(text.startswith("..") for text in given) else given


def _tested(body: Node) -> list[str]:
    """What the arms of a match ask for."""
    arms = (arm.child_by_field_name("pattern") for arm in body.named_children if arm.type == "match_arm")
    return [grammars.text_of(arm) for arm in arms if arm is not None]
