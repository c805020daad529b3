"""Calls get the arguments that their definition takes now."""

from __future__ import annotations

import pytest

from tests.unit.nextedit.conftest import Think, places

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


def test_arguments_with_lines_of_their_own_get_another_line(think: Think) -> None:
    before = "def area(w):\n    return w\n"
    calls = "from shapes import area\n\n\ndef show(w, unit):\n    x = area(\n        w{}\n    )\n    return x\n"
    after = {"shapes.py": "def area(w, unit):\n    return w\n"}
    found = think({"shapes.py": before, "a.py": calls.format(","), "b.py": calls.format("")}, after)
    assert places(found, "signature") == {("a.py", 7, "", "        unit,\n"), ("b.py", 6, "", ",\n        unit")}
