"""A diff in numbers."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.intents.shape import shape_of
from iquest_lsp.codeflow.git.commits import FileDiff
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.paths import Category
from tests.unit.codeflow.made import diff_of


def test_nothing_has_no_shape() -> None:
    shape = shape_of([])
    assert (shape.files, shape.added, shape.removed, shape.symbols) == (0, 0, 0, None)
    assert not shape.comments_only
    assert not shape.format_only


def test_files_and_lines_are_counted() -> None:
    files = [
        diff_of("a.py", None, "a\nb\n"),
        diff_of("b.py", "a\n", None),
        FileDiff("c.py", "R", "d.py"),
        FileDiff("e.png", "M", added=-1, removed=-1),
    ]
    shape = shape_of(files)
    assert (shape.files, shape.new_code, shape.deleted, shape.pure_renames, shape.moved_files) == (4, 1, 1, 1, 1)
    assert (shape.added, shape.removed) == (2, 1)
    assert shape.categories[Category.SOURCE] == 4


@pytest.mark.parametrize(
    ("before", "after", "comments", "layout"),
    [
        ("# a\n", "# b\n", True, False),
        ("f(a, b)\n", "f(\n    a,\n    b,\n)\n", False, True),
        ("a = 1\n", "a = 2\n", False, False),
        ("a = 'x'\n", 'a = "x"\n', False, True),
    ],
)
def test_what_only_comments_or_layout_change(before: str, after: str, comments: bool, layout: bool) -> None:
    shape = shape_of([diff_of("a.py", before, after)])
    assert (shape.comments_only, shape.format_only) == (comments, layout)


def test_a_comment_that_is_opened_changes_code() -> None:
    assert not shape_of([diff_of("a.c", "int a;\n", "/* now\nint a;\n")]).comments_only


def test_one_name_that_becomes_another_throughout() -> None:
    before, after = "old(1)\nx = old(2)\n", "new(1)\nx = new(2)\n"
    assert shape_of([diff_of("a.py", before, after)]).renamed_words
    assert not shape_of([diff_of("a.py", before, after.replace("new(2)", "other(2)"))]).renamed_words


def test_checks_speed_versions_and_moved_lines() -> None:
    assert shape_of([diff_of("a.py", "", "if a is None:\n    return None\n")]).guards == 2
    assert shape_of([diff_of("a.py", "", "@lru_cache\n# lru_cache\n")]).speeds == 1
    assert shape_of([diff_of("a.py", "version = '1.0'\n", "version = '1.1'\n")]).versions_only
    moved = shape_of([diff_of("a.py", "long_line_one\nrest\n", ""), diff_of("b.py", "", "long_line_one\n")])
    assert moved.moved_lines == 1.0


def test_definitions_are_counted_by_what_happens_to_them() -> None:
    changes = [
        SymbolChange("a.py", "read", "function", "added"),
        SymbolChange("a.py", "_hidden", "function", "added", public=False),
        SymbolChange("a.py", "SIZE", "variable", "body"),
        SymbolChange("a.py", "A.b", "function", "added", inner=True),
        SymbolChange("a.py", "f", "function", "signature", old_signature="def f()", signature="def f(a)"),
    ]
    symbols = shape_of([diff_of("a.py", "", "x\n")], changes).symbols
    assert symbols is not None
    assert (symbols["added"], symbols["private-added"], symbols["value"], symbols["body"]) == (2, 1, 1, 0)
    assert symbols["takes"] == 1
