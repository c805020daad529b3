"""The same edit elsewhere by syntax: the places that a rule over syntax trees matches."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from iquest_lsp import grammars
from iquest_lsp.codeflow.reading import Category, NotLookedUpError, Sources, category, lines_with
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.parsed import Parsed, parse
from iquest_lsp.nextedit.pieces import is_compound
from iquest_lsp.nextedit.predictors.passed_over import counted, nearness, out_of_order, passed
from iquest_lsp.nextedit.predictors.repeats import (
    amount,
    head_lines,
    is_own_affair,
    local_names,
    touched_names,
)
from iquest_lsp.nextedit.predictors.tree_rules import TreeRule, in_slot, matched, rules_of
from iquest_lsp.nextedit.records import EditKind, NextEdit, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import PredictorKind, Sort

if TYPE_CHECKING:
    from tree_sitter import Node

#: Rules that are looked for, the newest first; places and files that one has at most.
MAX_RULES, MAX_PLACES, MAX_FILES = 60, 40, 30
MAX_SIBLINGS = 200
#: Nodes around a rule's word that are tried.
MAX_UP = 12
#: A word that few other things are called.
LONG = 6
_SKIPPED = (Category.CHANGELOG, Category.GENERATED, Category.LOCK)


def predict(changes: Sequence[Change], sources: Sources) -> Iterator[NextEdit]:
    """Suggestions for every rule of the changes, the newest rules first."""
    by_path = {change.path: change for change in changes}
    touched, heads = touched_names(changes), head_lines(changes)
    aside = out_of_order(changes, heads)
    for rule in rules_of(changes)[: -MAX_RULES - 1 : -1]:
        with contextlib.suppress(NotLookedUpError):
            yield from _suggestions(rule, by_path, sources, touched, heads, aside)


def _suggestions(
    rule: TreeRule,
    changes: Mapping[str, Change],
    sources: Sources,
    touched: set[str],
    heads: set[tuple[str, int]],
    aside: frozenset[tuple[str, int]],
) -> Iterator[NextEdit]:
    of_heads = not heads.isdisjoint(rule.examples)
    homes = list(dict.fromkeys(path for path, _ in rule.examples))
    anchor = rule.anchor
    is_touched = not touched.isdisjoint(rule.words)
    words = "compound" if is_compound(anchor) else "long" if len(anchor) >= LONG else "short" if anchor else "none"
    count = counted(len(rule.examples))
    paths = homes[-1:] if rule.slot is not None else list(homes)
    if rule.slot is None and (len(homes) > 1 or is_touched) and len(anchor) > 3:
        suffix = homes[0].rpartition(".")[2]
        others = (path for path in sources.holders(anchor) if path.rpartition(".")[2] == suffix)
        paths += [path for path in others if path not in homes and category(path) not in _SKIPPED][:MAX_FILES]
    found: list[tuple[str, Parsed, Node, dict[int, str]]] = []
    for path in paths:
        text = _text(path, changes, sources)
        if text is not None:
            own = (line for where, line in rule.examples if where == path and (where, line) not in aside)
            first = min(own, default=-1)
            find = _places if rule.slot is None else _siblings
            places = list(find(rule, text, changes.get(path)))
            if any(node.start_point.row < first for node, _ in places):
                return  # a place was passed over: this one edit was meant, not all
            found += [(path, text, node, holes) for node, holes in places]
            if len(found) > MAX_PLACES:
                return
    touching = "touched" if is_touched else "", "head" if of_heads else ""
    marks = rule.level, words, str(count), amount(len(found)), *touching
    last = rule.examples[-1]
    fixed = " ".join(part for part in rule.template if isinstance(part, str))
    local = local_names(" ".join(rule.words), fixed, changes.get(last[0]), last[1])
    over = passed(rule.examples, ((path, node.start_point.row) for path, _, node, _ in found), aside)
    for path, text, node, holes in found:
        if any(text.lacks(node.start_point.row, name) for name in local):
            continue
        lines = [line for where, line in rule.examples if where == path]
        line = node.start_point.row
        place = "own" if lines else "other" if category(path) is category(homes[0]) else "akin"
        where = place, nearness(rule.examples, path, line), *over.marks(path, line)
        old, new = grammars.text_of(node), rule.rendered(holes)
        if is_own_affair(len(rule.examples), old, new, of_heads=of_heads) and text.is_head(line):
            continue
        head, tail = _shared(old, new)
        at = text.place_at(node.start_byte + len(old[:head].encode()))
        reason = Reason(ReasonKind.REPEATED, (str(len(rule.examples)),))
        cut = old[head : len(old) - tail], new[head : len(new) - tail]
        sort = Sort.of(PredictorKind.REPEAT, "tree", *marks, *where)
        yield NextEdit(path, *at, *cut, EditKind.REPEAT, reason, sort, trigger=last)


def _text(path: str, changes: Mapping[str, Change], sources: Sources) -> Parsed | None:
    if path in changes:
        return changes[path].after
    data = sources.read(path)
    text = parse(path, data.decode("utf-8", "replace")) if data is not None else None
    return text if text is not None and text.root is not None else None


def _places(rule: TreeRule, text: Parsed, change: Change | None) -> Iterator[tuple[Node, dict[int, str]]]:
    """The nodes that a rule matches, on lines that were not changed, and what its holes hold there."""
    seen: set[tuple[int, int]] = set()
    for line in lines_with(text.text, rule.anchor):
        for column, _ in text.words(rule.anchor, line):
            node = text.node_at(line, column)
            for _ in range(MAX_UP):
                if node is None:
                    break
                holes: dict[int, str] = {}
                if node.type == rule.pattern.kind and matched(rule.pattern, node, holes):
                    place = node.start_byte, node.end_byte
                    rows = range(node.start_point.row, node.end_point.row + 1)
                    if place not in seen and not (change is not None and any(map(change.is_changed, rows))):
                        seen.add(place)
                        yield node, holes
                    break
                node = node.parent


def _siblings(rule: TreeRule, text: Parsed, change: Change | None) -> Iterator[tuple[Node, dict[int, str]]]:
    """The nodes in the slots of siblings that a rule matches, on lines that were not changed."""
    home = rule.home
    if rule.slot is None or home is None or home.parent is None or change is None or change.after is not text:
        return
    for sibling in home.parent.named_children[:MAX_SIBLINGS]:
        if sibling.type != home.type or sibling == home:
            continue
        node, holes = in_slot(rule.slot, sibling), dict[int, str]()
        if node is not None and node.type == rule.pattern.kind and matched(rule.pattern, node, holes):
            rows = range(node.start_point.row, node.end_point.row + 1)
            if not any(map(change.is_changed, rows)):
                yield node, holes


def _shared(old: str, new: str) -> tuple[int, int]:
    """How many characters both texts have in common at either end, whole words only."""
    least = min(len(old), len(new))
    head = next((at for at in range(least) if old[at] != new[at]), least)
    while head and re.match(r"\w\w", old[head - 1 : head + 1] + " ") and head < len(old):
        head -= 1
    while head and re.match(r"\w\w", new[head - 1 : head + 1] + " ") and head < len(new):
        head -= 1
    least -= head
    tail = next((at for at in range(least) if old[-1 - at] != new[-1 - at]), least)
    while tail and any(re.match(r"\w\w", text[-tail - 1 : len(text) - tail + 1]) for text in (old, new)):
        tail -= 1
    return head, tail
