"""Rules over syntax trees: what an edit made of an expression, with a hole for each part that it left as it was.

The rule of one edit is the changed node, or one around it, in which every part that stands in the new text too is a
hole; what is called and the names of members and keywords stay. Rules of several edits that differ only in what the new
text does not need become one by anti-unification (Plotkin 1970; over edits as Blue-Pencil does, OOPSLA 2019).

A rule is looked for wherever its longest name stands, or, where it has a slot, at the same place of the siblings of
what was edited: the other members of a class, the other rows of a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from iquest_lsp import grammars
from iquest_lsp.codeflow.reading import ARGUMENTS
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.parsed import Parsed
from iquest_lsp.nextedit.pieces import TextPiece, is_name, pieces, replacements
from iquest_lsp.nextedit.records import Edit

if TYPE_CHECKING:
    from tree_sitter import Node

#: An edit of more lines or parts, and a node of more leaves, is no pattern; nodes around a changed one that are tried.
MAX_LINES, MAX_PARTS, MAX_LEAVES, MAX_UP = 6, 4, 60, 5
#: Nodes of a kind that are siblings worth looking at, and how deep in them a changed node lies at most.
SIBLINGS, MAX_DEEP = 3, 8
#: The shortest word that places are looked for by.
ANCHOR = 3
#: Fields of a node whose children stay what they are.
_FIXED = frozenset({"function", "constructor", "property", "attribute", "field", "name", "macro", "operator"})
_ENDS = frozenset({"block", "statement_block", "compound_statement", "module", "program", "source_file", "class_body"})


@dataclass(frozen=True, slots=True)
class NodePattern:
    """A node to be matched: by its kind and its text, or its parts; a hole matches any named node."""

    kind: str
    text: str = ""
    parts: tuple[NodePattern, ...] = ()
    hole: int = -1

    def words(self) -> Iterator[str]:
        """The names that it asks for."""
        if self.hole < 0 and not self.parts and is_name(self.text):
            yield self.text
        for part in self.parts:
            yield from part.words()

    def holes(self) -> Iterator[int]:
        """The numbers of its holes."""
        if self.hole >= 0:
            yield self.hole
        for part in self.parts:
            yield from part.holes()


#: How to come from a sibling to the changed node in it: fields, and places among the children where there is none.
Slot = tuple[str, tuple[tuple[str, int], ...]]


@dataclass(eq=False)
class TreeRule:
    """What matches `pattern` becomes `template`: texts and numbers of holes, one behind another."""

    pattern: NodePattern
    template: tuple[str | int, ...]
    #: What the changed node is: an argument, a call, or something else; with a slot what its siblings stand in.
    level: str
    slot: Slot | None = None
    #: With a slot: the sibling that was edited last, as it is after the edit.
    home: Node | None = None
    examples: list[tuple[str, int]] = field(default_factory=list)

    @cached_property
    def words(self) -> frozenset[str]:
        """The names that a place must have."""
        return frozenset(self.pattern.words())

    @property
    def anchor(self) -> str:
        """The longest of them, by which places are looked for."""
        return max(self.words, key=lambda word: (len(word), word), default="")

    def rendered(self, found: Mapping[int, str]) -> str:
        """The new text, with what the holes hold."""
        return "".join(part if isinstance(part, str) else found[part] for part in self.template)


def rules_of(changes: Sequence[Change]) -> list[TreeRule]:
    """The rules of all edits, those of the last edits at the end, each with its examples."""
    found: dict[object, TreeRule] = {}
    for change in changes:
        if change.before.root is None or change.after.root is None:
            continue
        for edit in change.edits:
            for rule in _of_edit(change, edit):
                key = rule.pattern, rule.template, rule.slot
                known = found.pop(key, rule)
                found[key] = known
                known.home = rule.home
                if rule.examples[0] not in known.examples:
                    known.examples += rule.examples
    rules = [*found.values()]
    return [*rules, *_unified(rules)]


def _unified(rules: Sequence[TreeRule]) -> Iterator[TreeRule]:
    """Rules that hold for the edits of two, where these make the same text of nodes of one kind."""
    alike: dict[object, list[TreeRule]] = {}
    for rule in rules:
        alike.setdefault((rule.pattern.kind, rule.template, rule.slot), []).append(rule)
    for several in alike.values():
        template = several[0].template
        if len(several) < 2 or not any(isinstance(part, int) or is_name(part.strip()) for part in template):
            continue
        whole = several[0].pattern
        for rule in several[1:]:
            whole = unified(whole, rule.pattern, {})
        last = several[-1]
        made = TreeRule(whole, template, last.level, last.slot, last.home)
        made.examples += dict.fromkeys(at for rule in several for at in rule.examples)
        needed = {part for part in template if isinstance(part, int)}
        is_found = made.slot is not None or len(made.anchor) >= ANCHOR
        if whole.hole < 0 and needed <= set(whole.holes()) and is_found and len(made.examples) > 1:
            yield made


def unified(one: NodePattern, other: NodePattern, free: dict[tuple[NodePattern, NodePattern], int]) -> NodePattern:
    """The least general pattern that matches what either does; `free` numbers the holes where they differ."""
    if one == other:
        return one
    if one.hole < 0 and other.hole < 0 and one.kind == other.kind and 0 < len(one.parts) == len(other.parts):
        parts = (unified(left, right, free) for left, right in zip(one.parts, other.parts, strict=True))
        return NodePattern(one.kind, "", tuple(parts))
    number = free.setdefault((one, other), 1000 + len(free))
    return NodePattern("", hole=number)


def matched(pattern: NodePattern, node: Node, found: dict[int, str]) -> bool:
    """Whether a node matches; what the holes hold goes into `found`."""
    if pattern.hole >= 0:
        text = grammars.text_of(node)
        return node.is_named and found.setdefault(pattern.hole, text) == text
    if node.type != pattern.kind:
        return False
    if not pattern.parts:
        return grammars.text_of(node) == pattern.text
    children = node.children
    return len(children) == len(pattern.parts) and all(
        matched(part, child, found) for part, child in zip(pattern.parts, children, strict=True)
    )


# ------------------------------------------------------------------------------------------- rules of one edit


def _of_edit(change: Change, edit: Edit) -> Iterator[TreeRule]:
    if not edit.old or not edit.new or max(len(edit.old), len(edit.new)) > MAX_LINES:
        return
    for old, new in changed_nodes(change.before, change.after, edit):
        rule = _rule(old, new)
        if rule is None:
            continue
        rule.examples.append((edit.path, edit.line))
        if len(rule.anchor) >= ANCHOR:
            yield rule
        for slot, home, level in _slots(old, new):
            yield TreeRule(rule.pattern, rule.template, level, slot, home, [*rule.examples])


def _slots(old: Node, new: Node) -> Iterator[tuple[Slot, Node, str]]:
    """Where a changed node lies in one of several siblings of a kind, that sibling after the edit, and in what."""
    path: list[tuple[str, int]] = []
    node = old
    while (parent := node.parent) is not None and len(path) < MAX_DEEP:
        like = [child for child in parent.named_children if child.type == node.type]
        if len(like) >= SIBLINGS and node.child_count and "statement" not in node.type:
            home: Node | None = new
            while home is not None and not (home.type == node.type and home.parent and home.parent.type == parent.type):
                home = home.parent
            if home is not None:
                yield (f"{parent.type} {node.type}", tuple(reversed(path))), home, _holder(parent)
        at = next((at for at, child in enumerate(parent.children) if child == node), -1)
        if at < 0:
            return
        path.append((parent.field_name_for_child(at) or "", at))
        node = parent


def _holder(node: Node) -> str:
    """What siblings stand in."""
    return "rows" if re.search(r"list|array|arguments|tuple|pair|object$", node.type) else "members"


def in_slot(slot: Slot, sibling: Node) -> Node | None:
    """What lies in a sibling's slot."""
    node: Node | None = sibling
    for name, at in slot[1]:
        if node is None:
            return None
        known = node.child_by_field_name(name) if name else None
        node = known if name else node.children[at] if at < node.child_count else None
    return node


def changed_nodes(before: Parsed, after: Parsed, edit: Edit) -> Iterator[tuple[Node, Node]]:
    """Nodes before and after that an edit made of each other, everything around them being as it was."""
    if before.root is None or after.root is None:
        return
    old, new = (pieces("\n".join(lines)) for lines in (edit.old, edit.new))
    parts = [(*part.old, *part.new) for part in replacements(old, new)]
    if not parts or len(parts) > MAX_PARTS:
        return
    spans = list(dict.fromkeys([*parts, (parts[0][0], parts[-1][1], parts[0][2], parts[-1][3])]))
    seen: set[tuple[int, int]] = set()
    bases = before.offset(edit.old_line), after.offset(edit.line)
    for i1, i2, j1, j2 in spans:
        if i1 == i2 or j1 == j2:  # what stands beside an insertion tells where it is
            if i1 > 0 and j1 > 0:
                i1, j1 = i1 - 1, j1 - 1
            if i2 < len(old) and j2 < len(new):
                i2, j2 = i2 + 1, j2 + 1
        if i1 == i2 or j1 == j2:
            continue
        start, end = _span("\n".join(edit.old), old[i1], old[i2 - 1], bases[0])
        first, last = _span("\n".join(edit.new), new[j1], new[j2 - 1], bases[1])
        node = before.root.named_descendant_for_byte_range(start, end)
        for _ in range(MAX_UP):
            if node is None or node.type in _ENDS or not _is_within(node, edit):
                break
            left, right = before.source[node.start_byte : start], before.source[end : node.end_byte]
            c, d = first - len(left), last + len(right)
            place = node.start_byte, node.end_byte
            if after.source[c:first] == left and after.source[last:d] == right and place not in seen:
                made = after.root.named_descendant_for_byte_range(c, d)
                if made is not None and (made.start_byte, made.end_byte) == (c, d):
                    seen.add(place)
                    yield node, made
            node = node.parent


def _span(text: str, first: TextPiece, last: TextPiece, base: int) -> tuple[int, int]:
    """Bytes from one piece of a text to another, counted from `base`."""
    return base + len(text[: first.start].encode()), base + len(text[: last.end].encode())


def _is_within(node: Node, edit: Edit) -> bool:
    return edit.old_line <= node.start_point.row and node.end_point.row < edit.old_line + len(edit.old)


def _rule(old: Node, new: Node) -> TreeRule | None:
    text = grammars.text_of(new)
    if "\n" in text:
        return None
    kept: dict[str, int] = {}
    leaves = 0
    stack = [(new, "")]
    while stack:
        node, place = stack.pop()
        leaves += not node.child_count
        if node.is_named and place not in _FIXED:
            kept.setdefault(grammars.text_of(node), -1)
        stack += _children(node)
    if leaves > MAX_LEAVES:
        return None
    used: set[str] = set()
    shape = _shape(old, "", kept, used, is_root=True)
    if shape is None or not used:
        return None
    numbers: dict[str, int] = {}
    template = tuple(_merged(_template(new, "", used, numbers)))
    for name in sorted(used - set(numbers)):
        numbers[name] = len(numbers)
    return TreeRule(_numbered(shape, numbers), template, _level(old))


def _children(node: Node) -> list[tuple[Node, str]]:
    """The children with the names of their fields."""
    return [(child, node.field_name_for_child(at) or "") for at, child in enumerate(node.children)]


def _shape(node: Node, place: str, kept: Mapping[str, int], used: set[str], *, is_root: bool) -> NodePattern | None:
    """The pattern of a node, holes by their texts; None where it is too large."""
    text = grammars.text_of(node)
    if not is_root and node.is_named and place not in _FIXED and text in kept:
        used.add(text)
        return NodePattern("", text, hole=0)
    if not node.child_count or _says_more(node, text):
        return NodePattern(node.type, text)
    if node.child_count > MAX_LEAVES:
        return None
    parts = [_shape(child, where, kept, used, is_root=False) for child, where in _children(node)]
    whole = tuple(part for part in parts if part is not None)
    return NodePattern(node.type, "", whole) if len(whole) == len(parts) else None


def _says_more(node: Node, text: str) -> bool:
    """Whether a node holds text that none of its children does, as a string does around an escape."""
    return len("".join(text.split())) != sum(len("".join(grammars.text_of(child).split())) for child in node.children)


def _numbered(pattern: NodePattern, numbers: Mapping[str, int]) -> NodePattern:
    if pattern.hole >= 0:
        return NodePattern("", hole=numbers[pattern.text])
    return NodePattern(pattern.kind, pattern.text, tuple(_numbered(part, numbers) for part in pattern.parts))


def _template(node: Node, place: str, used: set[str], numbers: dict[str, int]) -> Iterator[str | int]:
    text = grammars.text_of(node)
    if node.is_named and place not in _FIXED and text in used:
        yield numbers.setdefault(text, len(numbers))
    elif not node.child_count or _says_more(node, text):
        yield text
    else:
        at = node.start_byte
        source = node.text or b""
        for child, where in _children(node):
            yield source[at - node.start_byte : child.start_byte - node.start_byte].decode("utf-8", "replace")
            yield from _template(child, where, used, numbers)
            at = child.end_byte
        yield source[at - node.start_byte :].decode("utf-8", "replace")


def _merged(parts: Iterator[str | int]) -> Iterator[str | int]:
    """Neighbouring texts as one."""
    held = ""
    for part in parts:
        if isinstance(part, str):
            held += part
        else:
            if held:
                yield held
            held = ""
            yield part
    if held:
        yield held


def _level(node: Node) -> str:
    parent = node.parent
    if "call" in node.type or node.type == "new_expression" or "macro" in node.type:
        return "call"
    if node.type in ARGUMENTS or (parent is not None and parent.type in ARGUMENTS):
        return "argument"
    return "statement" if re.search(r"statement|declaration|assignment", node.type) else "inner"
