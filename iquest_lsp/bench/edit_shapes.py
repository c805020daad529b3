"""What sort of edit each of a commit's edits is, and which of them the edits before could have told.

An edit can be told by those before it where it replaces what one of them replaced by the same, takes away or adds the
lines that one of them did, is of import statements alone, or is at a line that names a definition whose head one of
them changed. All else is new text, as far as this can be seen without judging each by hand.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.import_statements import Import, import_lines, imports_of, is_same_module, module_of
from iquest_lsp.nextedit.parsed import Parsed
from iquest_lsp.nextedit.pieces import TextPiece, pieces, replacements
from iquest_lsp.nextedit.records import Edit, EditKind, NextEdit, Place, ReasonKind

#: The share of an edit's old words that it replaces, from which on it is a rewriting.
REWRITTEN = 0.7
#: Names as short as this tell no definition.
SHORT = 3
AGAIN = "a replacement made before"
_DEFINED = re.compile(
    r"\b(?:def|fn|func(?:\s*\([^)]*\))?|function|class|struct|interface|trait|enum|type|impl|define)\s+(\w+)"
)

#: Lines that begin the head of a definition, most likely, and how many lines below it still belong to it at most.
_HEAD = re.compile(
    r"\b(?:def|fn|func|function|class|struct|interface|trait|enum|type|impl|macro_rules!|typedef|union)\b"
    r"|^\s*#\s*define\b|^\s*(?:export\s+)?(?:const|let|var|static|pub)\b|^[A-Za-z_][\w\s*:<>,&~]*\("
    r"|^\s*(?:(?:async|get|set|static|public|private|protected|readonly|abstract)\s+)*[\w$#]+\s*(?:<.*>)?\("
)
_HEAD_LINES = 15


def shapes(edits: Sequence[Edit]) -> list[str]:
    """For each edit of a commit, in the order in which they are made, what sort of edit it is."""
    found: list[str] = []
    known: set[tuple[str, str]] = set()
    for edit in edits:
        old, new = (pieces("\n".join(lines)) for lines in (edit.old, edit.new))
        parts = replacements(old, new) if edit.old and edit.new else []
        words = [(_words(old, part.old), _words(new, part.new)) for part in parts]
        if not edit.old or not edit.new:
            shape = "lines removed" if edit.old else "lines added"
        elif not parts:
            shape = "layout or a long block"
        elif sum(part.old[1] - part.old[0] for part in parts) > REWRITTEN * len(old):
            shape = "rewritten"
        else:
            shape = AGAIN if any(part in known for part in words) else "another replacement"
        known |= {part for part in words if part[0]}
        found.append(shape)
    return found


def derivable(edits: Sequence[Edit], only_imports: Sequence[bool]) -> list[bool]:
    """For each edit, in the order in which they are made, whether those before could have told it."""
    found: list[bool] = []
    names: set[str] = set()
    lines: set[tuple[str, tuple[str, ...]]] = set()
    for edit, shape, imports in zip(edits, shapes(edits), only_imports, strict=True):
        whole = {
            (kind, tuple(line.strip() for line in text))
            for kind, text, other in (("gone", edit.old, edit.new), ("come", edit.new, edit.old))
            if text and not other
        }
        named = bool(edit.old and edit.new) and not names.isdisjoint(re.findall(r"\w+", "\n".join(edit.old)))
        found.append(imports or named or shape == AGAIN or not lines.isdisjoint(whole))
        lines |= {(kind, text) for kind, text in whole if any(text)}
        names |= {name for line in edit.old for name in _DEFINED.findall(line) if len(name) > SHORT}
    return found


def is_of_imports(change: Change, edit: Edit) -> bool:
    """Whether an edit is one of import statements alone."""
    old, new = import_lines(change.before), import_lines(change.after)
    return all(line in old for line in range(edit.old_line, edit.old_line + len(edit.old))) and all(
        line in new for line in range(edit.line, edit.line + len(edit.new))
    )


def may_touch_head(lines: Sequence[str], edit: Edit) -> bool:
    """Whether an edit of `lines` may change a definition's head, by its text; errs on the side of yes."""
    if any(_HEAD.search(line) for line in (*edit.old, *edit.new)):
        return True
    depth = 0
    for line in reversed(lines[max(edit.old_line - _HEAD_LINES, 0) : edit.old_line]):
        depth += sum(map(line.count, "([{")) - sum(map(line.count, ")]}"))
        if depth > 0 and _HEAD.search(line):
            return True
    return False


def asks_for_name(place: Place) -> bool:
    """Whether a place asks for a name somewhere in it: among a file's imports, or within a type."""
    return place.reason.kind in (ReasonKind.NOT_IMPORTED, ReasonKind.PART)


def is_asked_for(place: Place, first: int, last: int, edit: Edit) -> bool:
    """Whether an edit changes, adds or takes away lines of a place, which is at lines `first` to `last` before.

    Where the place asks for a name, it is the edit that brings the name.
    """
    start, end = edit.old_line, edit.old_line + len(edit.old)
    if asks_for_name(place):
        word = re.compile(rf"\b{re.escape(place.reason.values[-1])}\b")
        return first <= start <= last and any(map(word.search, edit.new))
    return start <= last and first < end if edit.old else first < start <= last


def import_edit(item: NextEdit, change: Change, made: Collection[int]) -> int | None:
    """The edit still to be made by which a file comes to import what a suggestion imports, or ceases to.

    Where among the imports, and in what layout, is a formatter's affair. None where the commit does something else.
    """
    if item.kind is not EditKind.IMPORT:
        return None
    name, *where = item.reason.values
    is_unused = item.reason.kind is ReasonKind.UNUSED_IMPORT
    bound = [one for one in imports_of(change.after) if one.name == name]
    if is_unused and not bound:
        rows = {one.node.start_point.row for one in imports_of(change.before) if one.name == name}
    else:
        from_there = (one for one in bound if not is_unused and _is_from(change.after, one, item.reason.kind, where[0]))
        rows = {one.node.start_point.row for one in from_there}
    for number, edit in enumerate(change.edits):
        start, lines = (edit.old_line, edit.old) if is_unused else (edit.line, edit.new)
        if number not in made and any(start <= row < start + len(lines) for row in rows):
            return number
    return None


def _is_from(text: Parsed, found: Import, kind: ReasonKind, module: str) -> bool:
    """Whether a statement imports a name from a module, or is the plain import of a module of the language."""
    if kind is ReasonKind.MISSING_IMPORT_OF_LANGUAGE:
        return not text.text_of(found.statement).startswith("from ")
    statement = " ".join(text.text_of(found.statement).split())
    return is_same_module(module, module_of(statement)) or module == text.text_of(found.node)


def _words(text: Sequence[TextPiece], part: tuple[int, int]) -> str:
    return " ".join(item.text for item in text[slice(*part)])
