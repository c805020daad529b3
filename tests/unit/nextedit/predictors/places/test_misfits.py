"""Calls that do not fit any more."""

from __future__ import annotations

import pytest

from iquest_lsp.nextedit.records import Place, ReasonKind
from tests.unit.nextedit.conftest import Look, Think, places

MODULE = "def area(width, height):\n    return width * height\n\n\ndef twice(width):\n    return area(width, 2)\n"
CALLS = (
    "from shapes import area\n\n\ndef show(w):\n    print(area(w, 2))\n    print(area(w, height=1))\n"
    "    print(area(*w))\n    print(area(w, 2, 3, 4))\n    return area(\n        w,\n        2,\n    )\n"
)


def lines(found: list[Place]) -> set[tuple[str, int, int, str]]:
    calls = [item for item in found if item.reason.kind is ReasonKind.MISFIT]
    return {(item.path, item.line + 1, item.end + 1, item.reason.kind.value) for item in calls}


def test_calls_that_give_too_little_are_told_without_a_value(look: Look) -> None:
    found = look({"shapes.py": MODULE, "show.py": CALLS}, {"shapes.py": MODULE.replace("height)", "height, unit)", 1)})
    assert lines(found) == {
        ("shapes.py", 6, 6, "misfit"),
        ("show.py", 5, 5, "misfit"),
        ("show.py", 6, 6, "misfit"),
        ("show.py", 9, 12, "misfit"),
    }


@pytest.mark.parametrize("head", ["width, height, unit=1)", "width: float, height: float)", "*sides)"])
def test_calls_that_still_fit_are_no_places(look: Look, head: str) -> None:
    module = MODULE.replace(", height=1", "")
    calls = CALLS.replace("    print(area(w, height=1))\n", "")
    found = look({"shapes.py": module, "show.py": calls}, {"shapes.py": module.replace("width, height)", head, 1)})
    assert not lines(found)


def test_a_name_that_a_call_gives_is_known_no_more(look: Look) -> None:
    found = look({"shapes.py": MODULE, "show.py": CALLS}, {"shapes.py": MODULE.replace("width, height)", "w, h)", 1)})
    assert lines(found) == {("show.py", 6, 6, "misfit")}


def test_a_head_of_several_forms_is_left_alone(look: Look) -> None:
    forms = "from typing import overload\n\n\n@overload\ndef area(w: int) -> int: ...\n@overload\n"
    forms += "def area(w: str) -> str: ...\ndef area(w):\n    return w\n\n\nx = area(1)\n"
    assert not look({"a.py": forms}, {"a.py": forms.replace("w: str", "w: str, unit: int")})


def test_a_base_is_no_parameter(look: Look, think: Think) -> None:
    module = "class Shape(Base):\n    pass\n\n\nx = Shape(1)\n"
    assert not places(think({"a.py": module}, {"a.py": module.replace("Base", "Base, Other")}), "signature")


def test_an_arrow_in_a_type_ends_no_parameters(look: Look) -> None:
    module = "export const area = (w: number, then: (x: number) => void, unit?: (y: number) => void) => w;\n"
    module += "export const x = area(1, () => {});\n"
    assert not look({"a.ts": module}, {"a.ts": module.replace("unit?", "scale?")})
    assert lines(look({"b.ts": module}, {"b.ts": module.replace("unit?", "unit")})) == {("b.ts", 2, 2, "misfit")}


@pytest.mark.parametrize(
    ("path", "before", "old", "new", "expected"),
    [
        (
            "a.go",
            "package a\n\nfunc area(w int) int {\n\treturn w\n}\n\nfunc f() {\n\tx := area(1)\n\tarea(2)\n}\n",
            "(w int) int",
            "(w int) (int, error)",
            {("a.go", 8, 8, "misfit")},
        ),
        (
            "a.rs",
            "fn area(w: u8) -> u8 {\n    w\n}\n\nfn f() -> u8 {\n    area(1) + 1\n}\n",
            "-> u8 {\n    w",
            "-> Result<u8, E> {\n    Ok(w)",
            {("a.rs", 6, 6, "misfit")},
        ),
        (
            "b.go",
            "package a\n\nfunc area(w int) int {\n\treturn w\n}\n\nfunc f() {\n\tx := area(1)\n\tuse(x)\n}\n",
            "(w int) int",
            "(w int) (r int)",
            set(),
        ),
    ],
)
def test_calls_that_get_other_results_are_places(
    look: Look, path: str, before: str, old: str, new: str, expected: set[tuple[str, int, int, str]]
) -> None:
    assert lines(look({path: before}, {path: before.replace(old, new, 1)})) == expected
