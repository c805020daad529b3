"""Uses of what a function has no more."""

from __future__ import annotations

import pytest

from iquest_lsp.nextedit.records import Reason, ReasonKind
from tests.unit.nextedit.conftest import Look

PYTHON = (
    "def show(width, unit):\n    total = width * 2\n    print(total)\n    print(f'{unit}')\n    return total, unit\n"
    "\n\ndef other(unit):\n    return unit\n"
)
GO = (
    "package a\n\nfunc show(width int, unit string) string {\n\tif width > 0 {\n\t\treturn unit\n\t}\n"
    "\treturn p.unit\n}\n"
)
RUST = "fn show(width: u8, unit: &str) -> String {\n    let total = width;\n    format(total, unit)\n}\n"
SCRIPT = "export function show(width: number, unit: string) {\n  return { unit: width + unit };\n}\n"


def told(look: Look, path: str, before: str, after: str) -> set[tuple[int, str]]:
    found = look({path: before}, {path: after})
    reasons = {Reason(ReasonKind.GONE, item.reason.values) for item in found}
    assert {item.reason for item in found} == reasons
    return {(item.line + 1, item.reason.values[0]) for item in found}


@pytest.mark.parametrize(
    ("path", "before", "old", "new", "lines"),
    [
        ("a.py", PYTHON, "show(width, unit)", "show(width)", {(4, "unit"), (5, "unit")}),
        ("a.py", PYTHON, "total = width", "area = width", {(3, "total"), (5, "total")}),
        ("a.go", GO, ", unit string", "", {(5, "unit")}),
        ("a.rs", RUST, ", unit: &str", "", {(3, "unit")}),
        ("a.ts", SCRIPT, ", unit: string", "", {(2, "unit")}),
    ],
)
def test_uses_of_a_name_that_went_are_told(
    look: Look, path: str, before: str, old: str, new: str, lines: set[tuple[int, str]]
) -> None:
    assert told(look, path, before, before.replace(old, new, 1)) == lines


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("show(width, unit)", "show(unit, width)"),  # still there
        ("show(width, unit):\n", "show(width):\n    unit = read()\n"),  # bound otherwise
        ("def show(width, unit):\n", "from units import unit\n\n\ndef show(width):\n"),  # the file's
        ("def show(width, unit):\n    total = width * 2\n", "def show(width):\n    total = 3\n    unit = 1\n"),
    ],
)
def test_a_name_that_is_bound_somewhere_is_none(look: Look, old: str, new: str) -> None:
    assert not told(look, "a.py", PYTHON, PYTHON.replace(old, new, 1))


@pytest.mark.parametrize(
    ("path", "before", "old", "new"),
    [
        ("a.py", "def f(a):\n    id = a\n    print(id)\n", "    id = a\n", "    pass\n"),  # it is a function again
        ("a.py", "from m import *\n\n\ndef f(a):\n    total = a\n    print(total)\n", "    total = a\n", ""),
        ("a.go", "package a\n\nfunc f() error {\n\tlast := g()\n\treturn last\n}\n", "\tlast := g()\n", "\tg()\n"),
        ("A.java", "class A extends B {\n  int f(int count) {\n    return count;\n  }\n}\n", "int count", ""),
        ("a.js", "function f() {\n  const name = 1;\n  return name;\n}\n", "  const name = 1;\n", "  g();\n"),
    ],
)
def test_a_name_that_then_means_something_else_has_not_gone(
    look: Look, path: str, before: str, old: str, new: str
) -> None:
    other = {"b.go": "package a\n\nvar last error\n"}
    assert not look({path: before, **other}, {path: before.replace(old, new, 1)})
