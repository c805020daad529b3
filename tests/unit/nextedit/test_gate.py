"""What is shown, in which order, and what is right when a history is replayed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from iquest_lsp.nextedit import gate
from iquest_lsp.nextedit.records import EditKind, NextEdit, Place, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import Sort

X, Y, Z = Sort.read("rename-x"), Sort.read("rename-y"), Sort.read("rename-z")
ITEM = NextEdit("src/a.py", 5, 0, "old", "new", EditKind.RENAME, Reason(ReasonKind.RENAMED, ("old", "new")), X)


def test_sorts_that_were_rarely_right_stay_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "precision", {X: 0.95, Y: 0.89, Z: 0.99}.__getitem__)
    found = [ITEM, replace(ITEM, line=6, sort=Y), replace(ITEM, sort=Z, new="newer"), replace(ITEM, line=8)]
    assert [(item.line, item.new, item.confidence) for item in gate.admitted(found)] == [
        (5, "newer", 0.99),
        (8, "new", 0.95),
    ]


def test_two_suggestions_never_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "precision", {X: 0.95, Z: 0.99}.__getitem__)
    found = [replace(ITEM, old="old text"), replace(ITEM, column=4, old="text", sort=Z)]
    assert [item.sort for item in gate.admitted(found)] == [Z]


def test_near_comes_before_far_and_code_before_its_tests_and_documents() -> None:
    paths = ["docs/a.md", "tests/test_a.py", "other/c.py", "src/b.py", "src/a.py"]
    items = [replace(ITEM, path=path) for path in paths] + [replace(ITEM, line=30), replace(ITEM, line=2)]
    assert [(item.path, item.line) for item in gate.in_order(items, "src/a.py", 10)] == [
        ("src/a.py", 30),
        ("src/a.py", 2),
        ("src/a.py", 5),
        ("src/b.py", 5),
        ("other/c.py", 5),
        ("tests/test_a.py", 5),
        ("docs/a.md", 5),
    ]


def test_what_was_refused_twice_is_made_nowhere() -> None:
    refused = gate.Refusals()
    refused.add(ITEM, "1")
    assert refused.holds(ITEM, "1")
    assert not refused.holds(ITEM, "2")
    refused.add(ITEM, "2")
    assert refused.holds(replace(ITEM, path="src/b.py"), "9")


def test_a_sort_that_was_never_seen_is_judged_by_its_parts() -> None:
    a1, a2, b1, b2 = (Sort.read(f"import-{mark}") for mark in ("a-1", "a-2", "b-1", "b-2"))
    parts = gate.fitted({a1: (9.0, 10.0), b1: (1.0, 10.0), a2: (10.0, 10.0)})
    assert gate.expected(a2, parts) > gate.expected(a1, parts) > gate.expected(b1, parts)
    assert gate.expected(b1, parts) < gate.expected(b2, parts)


def test_sorts_of_several_predictors_share_what_is_said_of_all() -> None:
    assert set(gate.parts_of(Sort.read("rename-own-done2+repeat-bare-1-far-passed1"))) == {
        "rename",
        "rename own",
        "rename done2",
        "rename done2 own",
        "all 3",
        "all own",
        "all own 3",
        "all of 2",
        "all passed1",
        "rename&repeat",
    }


def test_a_suggestion_too_unsure_to_be_made_is_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    sure, gone, unsure, bound = map(Sort.read, ("repeat-x", "gone-y", "rename-z", "import-x"))
    item = NextEdit("a.py", 5, 0, "old", "new", EditKind.RENAME, Reason(ReasonKind.RENAMED, ("old", "new")), sure)
    place = Place("b.py", 1, 2, EditKind.GONE, Reason(ReasonKind.GONE, ("old",)), gone)
    monkeypatch.setattr(gate, "place_precision", {sure: 0.95, gone: 0.91, unsure: 0.5, bound: 0.99}.__getitem__)
    found = gate.admitted_places(
        [item, replace(item, line=7, sort=unsure), replace(item, line=8, sort=bound)], [place], []
    )
    assert [(one.path, one.line, one.end, one.confidence) for one in found] == [
        ("a.py", 5, 5, 0.95),
        ("b.py", 1, 2, 0.91),
    ]
    assert gate.admitted_places([item], [place], [item]) == found[1:]
