"""Definitions split, merged, moved and renamed."""

from __future__ import annotations

from iquest_lsp.codeflow.git.commits import FileDiff
from iquest_lsp.codeflow.past.patterns import Pattern, patterns_of
from iquest_lsp.codeflow.syntax.changes import SymbolChange


def moved(name: str, old_name: str, path: str = "b.py", old_path: str = "a.py", kind: str = "method") -> SymbolChange:
    return SymbolChange(path, name, kind, "moved", old_path=old_path, old_name=old_name)


def test_nothing_is_no_pattern() -> None:
    assert patterns_of([], []) == []
    assert patterns_of([SymbolChange("a.py", "f", "function", "body")], [FileDiff("a.py", "M")]) == []


def test_renames_of_definitions_and_files() -> None:
    change = SymbolChange("a.py", "load", "function", "renamed", old_name="read")
    files = [FileDiff("b.py", "R", "c.py"), FileDiff("d.py", "C", "e.py")]
    assert patterns_of([change], files) == [
        Pattern("rename", "a.py::load", ("read",)),
        Pattern("file-rename", "b.py", ("c.py",)),
    ]


def test_a_class_whose_members_go_to_two_new_ones_is_split() -> None:
    changes = [
        SymbolChange("a.py", "Shop", "class", "removed"),
        SymbolChange("b.py", "Store", "class", "added"),
        SymbolChange("b.py", "Till", "class", "added"),
        moved("Store.read", "Shop.read"),
        moved("Till.pay", "Shop.pay"),
    ]
    assert Pattern("split", "a.py::Shop", ("Store", "Till")) in patterns_of(changes, [])


def test_two_classes_whose_members_come_together_are_merged() -> None:
    changes = [
        SymbolChange("a.py", "Store", "class", "removed"),
        SymbolChange("a.py", "Till", "class", "removed"),
        SymbolChange("b.py", "Shop", "class", "added"),
        moved("Shop.read", "Store.read"),
        moved("Shop.pay", "Till.pay"),
    ]
    assert Pattern("merge", "b.py::Shop", ("Store", "Till")) in patterns_of(changes, [])


def test_a_file_whose_definitions_go_to_two_files_is_split() -> None:
    changes = [moved("f", "f", "b.py", kind="function"), moved("g", "g", "c.py", kind="function")]
    found = patterns_of(changes, [])
    assert Pattern("file-split", "a.py", ("b.py", "c.py")) in found
    assert Pattern("move", "b.py::f", ("a.py::f",)) in found
    # What moves within its file, or all to one, splits none.
    assert not any(item.kind == "file-split" for item in patterns_of(changes[:1], []))
