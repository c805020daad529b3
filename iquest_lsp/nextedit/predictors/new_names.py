"""Names that the changed lines of a file use, and that nothing in it binds."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from iquest_lsp.codeflow.reading import lines_with
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.import_statements import import_lines, imports_of
from iquest_lsp.nextedit.parsed import Parsed, Spot, is_label, is_member

if TYPE_CHECKING:
    from tree_sitter import Node

#: Nodes between a name and the import statement that it is part of, at most.
MAX_UP = 5
_BUILTINS = frozenset(dir(builtins))


def new_names(change: Change) -> Iterator[str]:
    """Names that the changed lines use, that the file did not have before and that nothing in it binds."""
    after = change.after
    seen: set[str] = set()
    imported = import_lines(after)
    takes_all = re.search(r"\bimport\s\*", after.text) is not None
    for edit in change.edits:
        for line in (line for line in range(edit.line, edit.line + len(edit.new)) if line not in imported):
            for name in re.findall(r"(?<![\w.])[^\W\d]\w+", after.lines[line]):
                if name in seen or name in _BUILTINS or is_known(change.before, name):
                    continue
                seen.add(name)
                binds = _binders_of(name)
                if takes_all or any(binds.search(after.lines[at]) for at in lines_with(after.text, name)):
                    continue  # something binds it
                spots = [spot for spot in after.spots(name) if is_free(spot)]
                if any(_in_import(spot.node) for spot in spots):
                    continue  # it is imported already, or names the module that something comes from
                if spots and all(after.use(spot)[0] in ("use", "call") for spot in spots):
                    yield name


def _binders_of(name: str) -> re.Pattern[str]:
    """Lines that bind a name in a way that is not followed: behind `as`, in a pattern, as a type parameter, a label."""
    return re.compile(
        rf"\b(?:as|import|global|nonlocal)\b[^#\n(]*\b{name}\b|\bas\s*\([^)\n]*\b{name}\b|^\s*case\b.*\b{name}\b"
        rf"|\b(?:def|class|type|function|interface)\s+\w+\s*[\[<].*\b{name}\b|\bcatch\s*\(\s*{name}\b"
        rf"|<[^<>()\n]*\b{name}\b[^<>()\n]*>\s*\(|^\s*{name}\s*:"
    )


def _in_import(node: Node) -> bool:
    """Whether a name is part of an import statement, wherever that stands."""
    at: Node | None = node
    for _ in range(MAX_UP):
        if at is None or "import" in at.type:
            return at is not None
        at = at.parent
    return False


def is_known(text: Parsed, name: str) -> bool:
    """Whether a file had a name as one of its own, rather than as a member's or in prose."""
    return any(map(is_free, text.spots(name)))


def is_free(spot: Spot) -> bool:
    """Whether a name stands for itself: no member, no keyword."""
    return not is_member(spot.node) and not is_label(spot.node)


def new_packages(change: Change) -> Iterator[str]:
    """Go: what the changed lines take an exported name of, new to the file and bound by nothing in it."""
    after = change.after
    bound = {item.name for item in imports_of(after)} | {item.short for item in after.symbols}
    seen: set[str] = set()
    for edit in change.edits:
        for line in range(edit.line, edit.line + len(edit.new)):
            for found in re.finditer(r"(?<![\w.)\]])([a-z]\w*)(?=\.[A-Z])", after.lines[line]):
                name = found[1]
                if name in seen or name in bound or after.in_words(line, found.start()):
                    continue
                seen.add(name)
                node = after.node_at(line, found.start())
                if node is not None and not after.binding(node, name) and not lines_with(change.before.text, name):
                    yield name


def may_give_package(path: PurePosixPath, where: str, name: str, line: str) -> bool:
    """Go: whether a line of a file `where`, in the folder of `path`, may give a name to all files of the package."""
    if not where.endswith(".go") or PurePosixPath(where).parent != path.parent:
        return False
    declares = rf"\s*(?:(?:var|const|type|func)\s+{name}\b|{name}\b(?:\s+[\w*.\[\]]+)?\s*(?:=(?!=)|$))"
    return re.match(declares, line) is not None
