"""Commits and changes of definitions as the store gives them back."""

from __future__ import annotations

from iquest_lsp.codeflow.diff.filters import Ground, Objection
from iquest_lsp.codeflow.past.entries import COLUMNS, entry_of, symbol_entry_of
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind

ROW = (
    1,
    "a" * 40,
    "2023-11-14",
    5,
    "Ada",
    "ada@x.org",
    "Fix it",
    "",
    "fix",
    0.9,
    "#1",
    "",
    0,
    2,
    10,
    "",
    0.5,
    3,
    "",
    7,
)


def test_a_commit_has_a_value_for_each_column() -> None:
    assert len(ROW) == COLUMNS.count(",") + 1
    entry = entry_of(ROW)
    assert (entry.key, entry.oid, entry.order) == (1, "a" * 40, 7)
    assert (entry.merge, entry.objection, entry.release) == (False, None, None)


def test_the_objection_of_a_filter_comes_back() -> None:
    row = list(ROW)
    row[15], row[18] = '[["bot","kit"]]', "v1.0"
    entry = entry_of(row)
    assert entry.objection == Objection(Ground.BOT, ("kit",))
    assert entry.release == "v1.0"


def test_a_change_of_a_definition_follows_its_commit() -> None:
    change = ("a.py", "read", "function", "body", "read(a)", "", '[["calls","open"]]', "", "", 0, 1)
    found = symbol_entry_of((*ROW, *change))
    assert found.entry == entry_of(ROW)
    assert (found.path, found.name, found.deprecates) == ("a.py", "read", 1)
    assert found.effects == (Effect(EffectKind.CALLS, ("open",)),)
