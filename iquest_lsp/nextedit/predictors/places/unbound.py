"""Places to look at: uses of a parameter or a variable that its function has no more."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from iquest_lsp.codeflow.reading import NotLookedUpError, Sources, Symbol
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.import_statements import imports_of
from iquest_lsp.nextedit.parsed import Parsed, is_parameter
from iquest_lsp.nextedit.predictors.new_names import is_free, may_give_package
from iquest_lsp.nextedit.predictors.scoped_renames import documents
from iquest_lsp.nextedit.records import Edit, EditKind, Place, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import PredictorKind, Sort

#: Names that are followed in one file; longer edits are rewritings, whose names say little.
MAX_NAMES, MAX_LINES = 12, 40
#: What gives a file names that it does not write: all of a module. A class of Java has those of its base.
_TAKES_ALL = re.compile(r"\bimport\s*\*|^[ \t]*(?:import[ \t]+)?\.[ \t]+\"|^import\s+static\b.*\*;", re.MULTILINE)
_HAS_BASE = re.compile(r"\bclass\s+\w+[^{;]{0,200}\b(?:extends|implements)\b")
#: Names that mean something by themselves, in Python or in a browser.
_GIVEN = frozenset(dir(builtins)) | frozenset(
    re.findall(
        r"\w+",
        "name event status self parent top length origin location history screen close open print stop find focus blur"
        " document window console process module exports require global crypto performance fetch navigator",
    )
)
_FUNCTIONS = ("function", "method", "test")
_NAME = re.compile(r"(?<![\w$.])[^\W\d]\w*")


def predict(changes: Sequence[Change], sources: Sources) -> Iterator[Place]:
    """The uses of every name that an edit took from the function which bound it."""
    for change in changes:
        if change.before.root is not None and change.after.root is not None:
            yield from _in_file(change, sources)


def _in_file(change: Change, sources: Sources) -> Iterator[Place]:
    names = 0
    text = change.after.text
    if _TAKES_ALL.search(text) or (change.path.endswith(".java") and _HAS_BASE.search(text)):
        return
    seen: set[tuple[str, int]] = set()
    for edit in change.edits:
        if not 0 < len(edit.old) <= MAX_LINES:
            continue
        around = _function(change.after, edit.line)
        if around is None:
            continue
        for name, was in _bound(change.before, edit):
            if names >= MAX_NAMES:
                return
            if (name, around.start) in seen or name in _GIVEN or _is_of_file(change.after, name):
                continue
            seen.add((name, around.start))
            names += 1
            places = [*_uses(change, edit, around, name, was)]
            if places and not _is_of_package(change.path, name, sources):
                yield from places


def _is_of_package(path: str, name: str, sources: Sources) -> bool:
    """Go: whether another file of the folder may have the name for the whole package."""
    if not path.endswith(".go"):
        return False
    try:
        hits = [*sources.grep([name])]
    except NotLookedUpError:
        return True
    of = PurePosixPath(path)
    return any(where != path and may_give_package(of, where, name, text) for where, _, text in hits)


def _function(text: Parsed, line: int) -> Symbol | None:
    """The innermost function around a line."""
    inside = [item for item in text.symbols if item.kind in _FUNCTIONS and item.start <= line < item.end]
    return max(inside, key=lambda item: item.start, default=None)


def _bound(before: Parsed, edit: Edit) -> Iterator[tuple[str, str]]:
    """The parameters and variables that the old lines of an edit bound and its new ones do not name."""
    left = {word for line in edit.new for word in _NAME.findall(line)}
    names = dict.fromkeys(word for line in edit.old for word in _NAME.findall(line) if word not in left)
    for name in names:
        for spot in before.spots(name, edit.old_line, edit.old_line + len(edit.old)):
            if not is_free(spot):
                continue
            if is_parameter(spot.node):
                yield name, "parameter"
                break
            if before.use(spot)[0] == "bind" and _function(before, spot.line) is not None:
                yield name, "variable"
                break


def _is_of_file(text: Parsed, name: str) -> bool:
    """Whether a file has a name for all its functions: a definition, an import, a variable outside of them."""
    if any(item.short == name for item in text.symbols) or any(item.name == name for item in imports_of(text)):
        return True
    binding = (spot for spot in text.spots(name) if text.use(spot)[0] == "bind")
    return any(_function(text, spot.line) is None for spot in binding)


def _uses(change: Change, edit: Edit, around: Symbol, name: str, was: str) -> Iterator[Place]:
    after = change.after
    spots = [spot for spot in after.spots(name, around.start, around.end) if is_free(spot)]
    if any(is_parameter(spot.node) or after.use(spot)[0] == "bind" for spot in spots):
        return
    used = [spot.line for spot in spots if after.use(spot)[0] in ("use", "call")]
    told = {line: "" for line in used if not change.is_changed(line)}
    if was == "parameter":
        first, last = around.doc
        for line in range(first, last):
            if any(documents(after.lines[line], name, column) for column, _ in after.words(name, line)):
                told.setdefault(line, "doc")
    for line, mark in told.items():
        yield Place(
            change.path,
            line,
            line,
            EditKind.GONE,
            Reason(ReasonKind.GONE, (name,)),
            Sort.of(PredictorKind.GONE, "unbound", was, mark, "other" if len(edit.new) > len(edit.old) else ""),
            trigger=(change.path, edit.line),
        )
