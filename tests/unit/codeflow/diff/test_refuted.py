"""What is told as new or gone is not, where the other side of the diff has it: compared by whole lines."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.refuted import is_given_elsewhere, without_moved
from iquest_lsp.codeflow.facts import MAX_VALUE
from iquest_lsp.codeflow.git.commits import FileDiff, Hunk
from iquest_lsp.codeflow.syntax.changes import ChangeName, SymbolChange
from iquest_lsp.codeflow.syntax.definitions import PartKind
from iquest_lsp.codeflow.syntax.effects.effect import Effect
from iquest_lsp.codeflow.syntax.effects.line_effects import plain_effects
from iquest_lsp.codeflow.wording.effects import MAX_SHOWN, effect_words
from tests.unit.codeflow.made import diff_of

LONG = "self.registry.register(name, handler, priority=DEFAULT_PRIORITY, "
HUGE = LONG + "x" * (2 * MAX_VALUE) + ")"


def kept(added: str, removed: str) -> tuple[Effect, ...]:
    """What is still told of a line that comes into a definition, where another one goes elsewhere in the file."""
    told = SymbolChange("app.py", "run", "function", "body", effects=tuple(plain_effects([], [added])))
    hunks = Hunk(1, 0, 1, 1, (), (f"    {added}",)), Hunk(40, 1, 41, 0, (f"    {removed}",), ())
    [change] = without_moved([told], [FileDiff("app.py", "M", hunks=hunks)])
    return change.effects


@pytest.mark.parametrize("line", ["go()", LONG + "once=True)", HUGE])
def test_what_only_stands_elsewhere_is_not_new(line: str) -> None:
    assert kept(line, line) == ()


def test_lines_that_begin_alike_are_two() -> None:
    [effect] = kept(LONG + "once=True)", LONG + "once=False)")
    assert effect.values == (LONG + "once=True)",)
    assert effect_words(effect) == f"`{LONG[: MAX_SHOWN - 1]}…` is new"


def test_a_line_that_says_it_is_cut_is_not() -> None:
    """A line may end with the sign that marks a cut."""
    assert kept('print("Reading…")', 'print("Reading…")') == ()
    assert len(kept('title = "Reading…', 'title = "Reading files"')) == 1


def test_a_hostile_line_does_not_become_a_fact() -> None:
    [effect] = plain_effects([], [HUGE])
    assert len(effect.values[0]) == MAX_VALUE


BUILD = diff_of("CMakeLists.txt", "a()\n", "a()\ntarget_compile_definitions(kit PUBLIC KIT_LOCALE)\n")


@pytest.mark.parametrize(
    ("path", "name", "kind", "change", "expected"),
    [
        ("a.h", "KIT_LOCALE", "constant", "removed", True),
        ("a.h", "KIT_LOCAL", "constant", "removed", False),
        ("a.h", "snprintf", "function", "removed", True),
        ("a.h", "kit_printf", "function", "removed", False),
        ("a.h", "snprintf", "function", "signature", False),
        ("a.py", "open", "function", "removed", False),
    ],
)
def test_a_name_that_is_there_still(path: str, name: str, kind: PartKind, change: ChangeName, expected: bool) -> None:
    assert is_given_elsewhere(SymbolChange(path, name, kind, change), name, [BUILD]) is expected
