"""Calls and declarations that do not fit any more after a definition's parameters changed."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from iquest_lsp.codeflow.reading import Category, NotLookedUpError, Sources, category
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.pieces import is_compound, pieces
from iquest_lsp.nextedit.predictors.calls import calls
from iquest_lsp.nextedit.predictors.changed_heads import Changed, changed_heads, has_forms, offer_of, plan_of
from iquest_lsp.nextedit.records import EditKind, NextEdit, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import PredictorKind, Sort

MAX_CHANGED = 12
#: A head of fewer pieces than this stands in too many places.
LEAST_HEAD = 5
#: How far from its name a head begins and ends at most, in lines.
LINES_AHEAD, LINES_BEHIND = 3, 12
#: What may stand before a head in its line.
_AHEAD = ("", "export", "extern", "pub", "declare")
_HEADERS = (".h", ".hpp", ".hh", ".pyi", ".d.ts")


def predict(changes: Sequence[Change], sources: Sources) -> Iterator[NextEdit]:
    """Suggestions for every definition whose head changed."""
    found = [(change, item) for change in changes for item in changed_heads(change)][:MAX_CHANGED]
    for change, item in found:
        with contextlib.suppress(NotLookedUpError):
            yield from _declarations(item, sources)
        if item.is_derived or has_forms(change, item):
            continue
        plan = plan_of(item.old_head, item.head) or offer_of(item.old_head, item.head)
        if plan is not None:
            with contextlib.suppress(NotLookedUpError):
                yield from calls(item, plan, changes, sources)


# ------------------------------------------------------------------------------------------------ declarations


def _declarations(item: Changed, sources: Sources) -> Iterator[NextEdit]:
    """The old head in a header, and in other classes or files of the same language."""
    words = [piece.text for piece in pieces(item.old_head)]
    short = item.old_name.rsplit(".", 1)[-1]
    if len(words) < LEAST_HEAD or "(" not in item.old_head or not item.is_function:
        return
    places: dict[str, list[int]] = {}
    for path, line, _ in sources.grep([short]):
        kin = path.endswith(_HEADERS) or PurePosixPath(path).suffix == PurePosixPath(item.path).suffix
        if kin and category(path) in (Category.SOURCE, Category.TEST):
            places.setdefault(path, []).append(line)
    if not places:
        return
    head = re.compile(r"(?<!\w)" + r"\s*".join(map(re.escape, words)) + r"(?!\w)")
    for path, where in places.items():
        data = sources.read(path)
        text = data.decode("utf-8", "replace") if data is not None else ""
        for line, column, found in _matches(head, text, where):
            broken = "broken" if "\n" in found else ""
            yield NextEdit(
                path,
                line,
                column,
                found,
                item.head,
                EditKind.SIGNATURE,
                Reason(ReasonKind.OVERRIDE, (short,)),
                Sort.of(PredictorKind.SIGNATURE, "head", *_same(item, path), broken),
                trigger=(item.path, item.line),
            )


def _same(item: Changed, path: str) -> tuple[str, ...]:
    """The marks of a head that is none of a header: whether it is in the same file, and how telling its name is."""
    if path.endswith(_HEADERS) and path != item.path:
        return ()
    name = item.old_name.rsplit(".", 1)[-1]
    telling = "special" if name.startswith("__") else "compound" if is_compound(name) else "plain"
    return "same", "own" if path == item.path else "other", telling


def _matches(head: re.Pattern[str], text: str, where: Sequence[int]) -> Iterator[tuple[int, int, str]]:
    """Where a head stands in a text, near the lines that hold its name: line, column, the head as it is written."""
    lines = text.split("\n")
    known: set[tuple[int, int]] = set()
    for at in where:
        first = max(at - LINES_AHEAD, 0)
        around = "\n".join(lines[first : at + LINES_BEHIND])
        for match in head.finditer(around):
            line = first + around.count("\n", 0, match.start())
            column = match.start() - (around.rfind("\n", 0, match.start()) + 1)
            before = lines[line][:column].strip()
            if (line, column) not in known and before in _AHEAD:
                known.add((line, column))
                yield line, column, match[0]
