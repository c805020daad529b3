"""Commits and changes of definitions as the store gives them back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from iquest_lsp.codeflow.diff.filters import Ground, Objection
from iquest_lsp.codeflow.facts import as_told, decode
from iquest_lsp.codeflow.syntax.changes import ChangeName
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind

#: What `entry_of` reads, of the tables `commits` (c) and `live` (l).
COLUMNS = (
    "c.id, c.oid, c.date, c.time, c.author, c.email, c.subject, c.body, c.kind, c.confidence, c.issues,"
    " c.reverts, c.merge, c.files, c.lines, c.objection, c.risk, c.depth, c.release, l.ord"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One commit as it is stored; `objection` says why a filter left it out, if one did."""

    key: int
    oid: str
    date: str
    time: int
    author: str
    email: str
    subject: str
    body: str
    kind: str
    confidence: float
    issues: str
    reverts: str
    merge: bool
    files: int
    lines: int
    objection: Objection | None
    risk: float
    depth: int
    release: str | None
    order: int


@dataclass(frozen=True, slots=True)
class SymbolEntry:
    """One stored change of a definition."""

    entry: Entry
    path: str
    name: str
    kind: str
    change: ChangeName
    signature: str
    old_signature: str
    effects: tuple[Effect, ...]
    old_path: str
    old_name: str
    inner: int
    deprecates: int


def entry_of(row: Sequence[Any]) -> Entry:
    """A commit from its columns."""
    values = list(row)
    for at in (4, 6, 7):  # author, subject, body
        values[at] = as_told(values[at])
    values[12] = bool(values[12])
    objections = [Objection(Ground(kind), tuple(map(as_told, told))) for kind, told in decode(values[15])]
    values[15] = objections[0] if objections else None
    values[18] = values[18] or None  # "" where no release has it
    return Entry(*values)


def symbol_entry_of(row: Sequence[Any]) -> SymbolEntry:
    """A change of a definition, whose columns follow those of its commit."""
    *entry, path, name, kind, change, signature, old_signature, effects, old_path, old_name, inner, deprecates = row
    told = tuple(Effect(EffectKind(effect), values) for effect, values in decode(effects))
    return SymbolEntry(
        entry_of(entry),
        path,
        name,
        kind,
        change,
        signature,
        old_signature,
        told,
        old_path,
        old_name,
        inner,
        deprecates,
    )
