"""What a diff alone speaks for."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.intents.kinds import KINDS, IntentReason, Sign
from iquest_lsp.codeflow.diff.intents.shape import shape_of
from iquest_lsp.codeflow.diff.intents.shape_kind import is_layout, shape_kind
from iquest_lsp.codeflow.git.commits import FileDiff
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind
from tests.unit.codeflow.made import diff_of


def change(what: str, name: str = "read", **more: object) -> SymbolChange:
    return SymbolChange("a.py", name, "function", what, **more)  # type: ignore[arg-type]


CODE = diff_of("a.py", "a = f(b)\n", "a = g(b)\n")


@pytest.mark.parametrize(
    ("files", "changes", "kind"),
    [
        ([], None, None),
        ([diff_of("README.md", "a\n", "b\n")], None, "docs"),
        ([diff_of("tests/test_a.py", "a\n", "b\n")], None, "test"),
        ([diff_of(".github/workflows/a.yml", "a: b\n", "a: c\n")], None, "ci"),
        ([diff_of("Makefile", "a:\n", "b:\n")], None, "build"),
        ([diff_of("a.py", "__version__ = '1.0'\n", "__version__ = '1.1'\n")], None, "release"),
        ([FileDiff("a.py", "R", "b.py")], None, "refactor"),
        ([diff_of("a.py", "f(a,b)\n", "f(a, b)\n")], None, "style"),
        ([diff_of("a.py", "# a\n", "# b\n")], None, "docs"),
        ([diff_of("a.py", None, "a = f()\n")], None, "feature"),
        ([CODE], None, None),
        ([CODE], [change("added")], "feature"),
        ([CODE], [change("body")], "fix"),
        ([CODE], [change("body", deprecates=True)], "deprecate"),
        ([CODE], [change("doc")], "docs"),
        ([CODE], [change("format-only")], "style"),
        ([CODE], [change("moved"), change("moved", "write")], "refactor"),
        ([CODE], [], None),
    ],
)
def test_a_diff_speaks_for_a_kind(files: list[FileDiff], changes: list[SymbolChange] | None, kind: str | None) -> None:
    found = shape_kind(shape_of(files, changes))
    assert (found and found[0]) == kind
    if found is not None:
        assert found[0] in KINDS
        assert 0 < found[1] <= 1


def test_what_is_renamed_beside_other_work_tells_no_purpose() -> None:
    renamed = change("renamed", "swap_bytes", old_name="swap")
    caller = change("body", effects=(Effect(EffectKind.CALLS, ("swap_bytes",)),))
    other = change("body", "write", effects=(Effect(EffectKind.CALLS, ("is_little_endian",)),))
    assert shape_kind(shape_of([CODE], [renamed, caller])) == (
        "refactor",
        0.75,
        IntentReason(Sign.DEFINITIONS_MOVED),
    )
    found = shape_kind(shape_of([CODE], [renamed, other]))
    assert found is not None
    assert found[0] != "refactor"


def test_what_a_module_does_not_export_is_no_feature() -> None:
    made = SymbolChange("a.ts", "stateOf", "function", "added", lines=("const stateOf = (a) => {", "return a", "}"))
    shown = SymbolChange("a.ts", "stateOf", "function", "added", lines=("export const stateOf = (a) => {", "}"))
    assert shape_kind(shape_of([diff_of("a.ts", "a\n", "b\nc\n")], [made])) is None
    assert shape_kind(shape_of([diff_of("a.ts", "a\n", "b\nc\n")], [shown])) is not None


def test_a_parameter_that_is_called_otherwise_is_no_more_than_before() -> None:
    before, after = "def read(event)", "def read(value)"
    changed = change("signature", signature=after, old_signature=before)
    found = shape_kind(shape_of([diff_of("a.py", "a\n", "b\nc\nd\n")], [changed]))
    assert found is None or found[0] != "feature"
    taking = change("signature", signature="def read(value, end)", old_signature=before)
    assert shape_kind(shape_of([diff_of("a.py", "a\n", "b\nc\nd\n")], [taking])) == (
        "feature",
        0.45,
        IntentReason(Sign.TAKES_MORE),
    )


def test_only_layout_is_told_by_the_trees() -> None:
    assert is_layout(shape_of([CODE], [change("format-only")]))
    assert not is_layout(shape_of([CODE], [change("format-only"), change("body", "write")]))
    assert not is_layout(shape_of([CODE]))
