"""Calls and declarations after a definition's parameters changed."""

from __future__ import annotations

import pytest

from iquest_lsp.nextedit.predictors.changed_heads import CallRepair, plan_of
from tests.unit.nextedit.conftest import Think, places


@pytest.mark.parametrize(
    ("old", "new", "plan"),
    [
        ("def f(a, b)", "def f(b)", CallRepair(removed=((0, "a"),), before=2)),
        ("def f(self, a)", "def f(self, a, b)", CallRepair(added=((1, "b"),), before=1)),
        ("def f(a)", "def f(a, b=1)", None),
        ("def f(a, b)", "def f(b, a)", CallRepair(order=(1, 0), before=2)),
        ("def f(a, b)", "def f(a, c)", CallRepair(renamed=(("b", "c"),), before=2)),
        ("func (s *T) f(a int)", "func (s *T) f(ctx C, a int)", CallRepair(added=((0, "ctx"),), before=1)),
        ("func f(a []int)", "func f(a []int, b map[string]int)", CallRepair(added=((1, "b"),), before=1)),
        ("f({a, b}, c)", "f({a, b}, c, d)", None),
        ("def f(a, b)", "def f(c)", None),
        ("class A", "class A(B)", None),
        ("def has(cl)", "def has(cls)", CallRepair(renamed=(("cl", "cls"),), before=1)),
        ("def f(self, a)", "def f(this, a)", CallRepair(renamed=(("self", "this"),), before=2)),
    ],
)
def test_what_calls_have_to_do(old: str, new: str, plan: CallRepair | None) -> None:
    assert plan_of(old, new) == plan


MODULE = "def area(width, height, unit):\n    return width * height\n"
CALLS = (
    "from shapes import area\n\n\ndef show(w, unit):\n    print(area(w, 2, unit))\n"
    "    return area(height=1, width=2, unit=3)\n"
)


def test_an_argument_goes_with_its_parameter(think: Think) -> None:
    found = think(
        {"shapes.py": MODULE, "show.py": CALLS}, {"shapes.py": MODULE.replace("width, height, unit", "width, height")}
    )
    assert places(found, "signature") == {("show.py", 5, ", unit", ""), ("show.py", 6, ", unit=3", "")}


def test_a_keyword_takes_its_parameters_new_name(think: Think) -> None:
    found = think(
        {"shapes.py": MODULE, "show.py": CALLS}, {"shapes.py": MODULE.replace("height, unit", "height, scale")}
    )
    assert places(found, "signature") == {("show.py", 6, "unit", "scale")}


def test_a_new_argument_is_what_is_called_so_around_the_call(think: Think) -> None:
    before = "def area(w):\n    return w\n"
    calls = (
        "from shapes import area\n\n\ndef show(w, unit):\n    return area(w)\n\n\ndef hide(w):\n    return area(w)\n"
    )
    found = think({"shapes.py": before, "show.py": calls}, {"shapes.py": "def area(w, unit):\n    return w\n"})
    assert places(found, "signature") == {("show.py", 5, "", ", unit")}


def test_arguments_follow_the_parameters_order(think: Think) -> None:
    found = think(
        {"a.go": "package a\n\nfunc area(w int, h int) int {\n\treturn w\n}\n\nfunc main() {\n\tarea(1, 2)\n}\n"},
        {"a.go": "package a\n\nfunc area(h int, w int) int {\n\treturn w\n}\n\nfunc main() {\n\tarea(1, 2)\n}\n"},
    )
    assert places(found, "signature") == {("a.go", 8, "1, 2", "2, 1")}


def test_a_header_declares_what_is_defined(think: Think) -> None:
    found = think(
        {"a.c": '#include "a.h"\nint area(int w, int h) {\n  return w;\n}\n', "a.h": "int area(int w, int h);\n"},
        {"a.c": '#include "a.h"\nint area(int w, long h) {\n  return w;\n}\n'},
    )
    assert ("a.h", 1, "int area(int w, int h)", "int area(int w, long h)") in places(found, "signature")


@pytest.mark.slow
def test_what_a_call_may_leave_out_is_given_where_the_changes_made_it(think: Think) -> None:
    module = "def area(width):\n    return width\n"
    calls = (
        "from shapes import area\n\n\ndef show(w, unit):\n    return area(w)\n\n\ndef hide(w):\n    return area(w)\n"
    )
    wider = module.replace("(width)", "(width, unit=1)")
    assert places(think({"shapes.py": module, "show.py": calls}, {"shapes.py": wider}), "signature") == set()
    found = think(
        {"shapes.py": module, "show.py": calls},
        {"shapes.py": wider, "show.py": calls.replace("hide(w)", "hide(w, unit)")},
    )
    assert places(found, "signature") == {("show.py", 9, "", ", unit")}


def test_several_new_arguments_go_in_together(think: Think) -> None:
    module = "def area(w):\n    return w\n"
    calls = "from shapes import area\n\n\ndef show(w, unit, scale):\n    return area(w)\n"
    found = think({"shapes.py": module, "show.py": calls}, {"shapes.py": module.replace("(w)", "(w, unit, scale)")})
    assert places(found, "signature") == {("show.py", 5, "", ", unit, scale")}


def test_what_goes_by_its_name_only_is_given_so(think: Think) -> None:
    module = "def area(w):\n    return w\n"
    calls = "from shapes import area\n\n\ndef show(w, unit):\n    return area(w)\n"
    found = think({"shapes.py": module, "show.py": calls}, {"shapes.py": module.replace("(w)", "(w, *, unit)")})
    assert places(found, "signature") == {("show.py", 5, "", ", unit=unit")}


def test_the_same_head_in_another_class_follows(think: Think) -> None:
    part = "class {0}(Base):\n    def open_file(self, name: str) -> File:\n        return {0}File(name)\n\n\n"
    before = "".join(part.format(name) for name in ("One", "Two"))
    after = before.replace("name: str)", "name: str, mode: str)", 1)
    found = places(think({"a.py": before, "b.py": before}, {"a.py": after}), "signature")
    head, new = "def open_file(self, name: str) -> File", "def open_file(self, name: str, mode: str) -> File"
    assert found == {("a.py", 7, head, new), ("b.py", 2, head, new), ("b.py", 7, head, new)}
