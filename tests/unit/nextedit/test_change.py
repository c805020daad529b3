"""A changed file as the predictors see it."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.reading import ChangedText
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.records import Edit

BEFORE = "def read(a):\n    return a\n\n\ndef f():\n    return read(1)\n"
AFTER = BEFORE.replace("def read", "def load")


def change(before: str, after: str, path: str = "a.py", known: tuple[Edit, ...] | None = None) -> Change:
    return Change(ChangedText(path, before, after), known)


def test_a_change_has_its_edits_its_names_and_its_definitions() -> None:
    made = change(BEFORE, AFTER)
    assert made.edits == (Edit("a.py", 0, ("def read(a):",), ("def load(a):",), 0),)
    assert [(item.old, item.new) for item in made.renamings] == [("read", "load")]
    assert [(item.name, item.change) for item in made.symbols] == [("load", "renamed")]
    assert [made.is_changed(line) for line in (0, 1)] == [True, False]


def test_what_is_known_is_not_looked_for() -> None:
    known = (Edit("a.py", 1, ("x",), ("y",), 1),)
    assert change(BEFORE, AFTER, known=known).edits == known


@pytest.mark.parametrize(("before", "after"), [("", ""), (BEFORE, BEFORE)])
def test_nothing_changed(before: str, after: str) -> None:
    made = change(before, after)
    assert (made.edits, made.renamings, made.symbols) == ((), (), ())


def test_without_a_grammar_there_are_no_definitions() -> None:
    made = change("a b\n", "a c\n", "a.cobol")
    assert made.symbols == ()
    assert [(item.old, item.new) for item in made.renamings] == [("b", "c")]
