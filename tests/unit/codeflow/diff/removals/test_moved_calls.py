"""A call that moved into a function made of a part of another, or out of one that is gone, is told once."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.removals.moved_calls import without_moved_calls
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind
from tests.unit.codeflow.answers.conftest import Case, is_told_of
from tests.unit.codeflow.conftest import Script

CALLS, NO_CALLS, CHECKS = EffectKind.CALLS, EffectKind.CALLS_NO_MORE, EffectKind.CHECKS_NO_MORE


def _told(item: SymbolChange, *others: SymbolChange) -> list[tuple[EffectKind, tuple[str, ...]]]:
    found = without_moved_calls([item, *others])[0]
    return [(effect.kind, effect.values) for effect in found.effects]


def test_what_went_into_a_new_function_is_not_gone() -> None:
    lines = ("def _wind(self):", "if tape is None:", "spool()")
    helper = SymbolChange("a.py", "Reel._wind", "method", "added", lines=lines)
    effects = (Effect(NO_CALLS, ("spool", "close")), Effect(CHECKS, ("tape is None",)))
    item = SymbolChange("a.py", "Reel.run", "method", "body", effects=effects, lines=("self._wind()",))
    assert _told(item, helper) == [(NO_CALLS, ("close",))]
    elsewhere = SymbolChange("a.py", "Reel.run", "method", "body", effects=effects, lines=("self._turn()",))
    assert _told(elsewhere, helper) == [(NO_CALLS, ("spool", "close")), (CHECKS, ("tape is None",))]


def test_what_came_out_of_a_function_that_is_gone_is_not_new() -> None:
    gone = SymbolChange("a.py", "wind", "function", "removed", lines=("def wind():", "spool()"))
    effects = (Effect(CALLS, ("spool", "close")), Effect(NO_CALLS, ("wind",)))
    item = SymbolChange("a.py", "run", "function", "body", effects=effects)
    assert _told(item, gone) == [(CALLS, ("close",)), (NO_CALLS, ("wind",))]


def test_a_long_word_is_read_once() -> None:
    helper = SymbolChange("a.py", "_wind", "function", "added", lines=("def _wind():", "spool()"))
    lines = ("a" * 200_000, f"_wind{' ' * 50_000}()")
    item = SymbolChange("a.py", "run", "function", "body", effects=(Effect(NO_CALLS, ("spool",)),), lines=lines)
    assert _told(item, helper) == []
    assert _told(item) == [(NO_CALLS, ("spool",))]


RUN = """def run(tape):
    {}
    return tape
"""
SCRIPT = """export function run(tape) {{
  {}
  return tape;
}}
"""
CASES = [
    Case(
        "a call that moved into an inner function",
        {"a.py": RUN.format("tape = spool(tape, 1)")},
        {"a.py": RUN.format("def wound():\n        return spool(tape, 1)\n    tape = hand(wound)")},
        told=("hand",),
        untold=("no longer calls `spool`",),
    ),
    Case(
        "and into an arrow function",
        {"a.ts": SCRIPT.format("tape = spool(tape, 1);")},
        {"a.ts": SCRIPT.format("tape = hand(() => {\n    return spool(tape, 1);\n  });")},
        told=("hand",),
        untold=("no longer calls `spool`",),
    ),
    Case(
        "a function that is handed on instead of being called",
        {"a.py": RUN.format("tape = [spool(item) for item in tape]\n    close(tape)")},
        {"a.py": RUN.format("tape = list(map(spool, tape))")},
        told=("no longer calls `close`",),
        untold=("no longer calls `spool`", "and `spool`"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_calls_that_only_moved(script: Script, case: Case) -> None:
    is_told_of(script, case)
