"""The files of a diff, and which changes of definitions a reader wants to see."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.changed_files import ChangedFile, is_of_words, worth_showing
from iquest_lsp.codeflow.git.commits import FileDiff
from iquest_lsp.codeflow.syntax.changes import ChangeName, SymbolChange
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind


@pytest.mark.parametrize(
    ("status", "told", "old_path"),
    [
        ("A", "added", ""),
        ("D", "deleted", ""),
        ("R", "renamed", "b"),
        ("C", "copied", "b"),
        ("T", "type-changed", ""),
        ("U", "conflicted", ""),
        ("X", "modified", ""),
    ],
)
def test_a_file_has_its_status_in_words(status: str, told: str, old_path: str) -> None:
    found = ChangedFile.of(FileDiff("a", status, "b", added=3, removed=1), [])
    assert (found.status, found.old_path, found.added, found.removed, found.binary) == (told, old_path, 3, 1, False)


def test_a_binary_file_has_no_lines() -> None:
    found = ChangedFile.of(FileDiff("a.png", "M", added=-1, removed=-1), [])
    assert (found.added, found.removed, found.binary) == (0, 0, True)


def test_parts_of_whole_definitions_and_classes_that_change_in_their_methods_are_left_out() -> None:
    outer = SymbolChange("a.py", "Shop", "class", "body")
    method = SymbolChange("a.py", "Shop.read", "function", "body")
    inner = SymbolChange("a.py", "New.read", "function", "added", inner=True)
    assert worth_showing([outer, method, inner]) == [method]
    assert worth_showing([outer]) == [outer]
    telling = SymbolChange("a.py", "Shop", "class", "body", effects=(Effect(EffectKind.CALLS, ("f",)),))
    assert worth_showing([telling, method]) == [telling, method]


@pytest.mark.parametrize(
    ("change", "effects", "expected"),
    [
        ("doc", (), True),
        ("format-only", (), True),
        ("body", (Effect(EffectKind.TEXTS_ONLY),), True),
        ("body", (Effect(EffectKind.TEXTS_ONLY), Effect(EffectKind.CALLS, ("f",))), False),
        ("body", (), False),
        ("added", (), False),
    ],
)
def test_other_words_are_no_other_behaviour(change: ChangeName, effects: tuple[Effect, ...], expected: bool) -> None:
    assert is_of_words(SymbolChange("a.py", "f", "function", change, effects=effects)) is expected
