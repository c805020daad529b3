"""Places to look at: calls that do not fit any more, uses of what was taken away, and what is too unsure as an edit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from iquest_lsp.nextedit import gate
from iquest_lsp.nextedit.records import EditKind, NextEdit, Place, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import Sort
from tests.unit.nextedit.conftest import Look, Think, places

MODULE = "def area(width, height):\n    return width * height\n\n\ndef twice(width):\n    return area(width, 2)\n"
CALLS = (
    "from shapes import area\n\n\ndef show(w):\n    print(area(w, 2))\n    print(area(w, height=1))\n"
    "    print(area(*w))\n    print(area(w, 2, 3, 4))\n    return area(\n        w,\n        2,\n    )\n"
)


def lines(found: list[Place]) -> set[tuple[str, int, int, str]]:
    return {(item.path, item.line + 1, item.end + 1, item.reason.kind.value) for item in found}


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
    assert not look({"shapes.py": module, "show.py": calls}, {"shapes.py": module.replace("width, height)", head, 1)})


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


def test_uses_of_what_is_gone_are_told(look: Look) -> None:
    found = look(
        {"shapes.py": MODULE, "show.py": CALLS, "other.py": "def other(area):\n    return area(1)\n"},
        {"shapes.py": MODULE.partition("\n\n\n")[2]},
    )
    assert {item.path for item in found} == {"shapes.py", "show.py"}
    assert {item.reason for item in found} == {Reason(ReasonKind.GONE, ("area",))}


@pytest.mark.parametrize("moved", ["def area(width, height):\n    return 1\n", "area = lambda width, height: 1\n"])
def test_what_another_file_defines_now_is_not_gone(look: Look, moved: str) -> None:
    rest = MODULE.partition("\n\n\n")[2]
    assert not look({"shapes.py": MODULE, "show.py": CALLS}, {"shapes.py": rest, "sides.py": moved})
    assert not look({"shapes.py": rest}, {"shapes.py": "from sides import area\n" + rest})


def test_arguments_with_lines_of_their_own_get_another_line(think: Think) -> None:
    before = "def area(w):\n    return w\n"
    calls = "from shapes import area\n\n\ndef show(w, unit):\n    x = area(\n        w{}\n    )\n    return x\n"
    after = {"shapes.py": "def area(w, unit):\n    return w\n"}
    found = think({"shapes.py": before, "a.py": calls.format(","), "b.py": calls.format("")}, after)
    assert places(found, "signature") == {("a.py", 7, "", "        unit,\n"), ("b.py", 6, "", ",\n        unit")}


def test_a_suggestion_too_unsure_to_be_made_is_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    sure, gone, unsure, alike = map(Sort.read, ("rename-x", "gone-y", "rename-z", "repeat-x"))
    item = NextEdit("a.py", 5, 0, "old", "new", EditKind.RENAME, Reason(ReasonKind.RENAMED, ("old", "new")), sure)
    place = Place("b.py", 1, 2, EditKind.GONE, Reason(ReasonKind.GONE, ("old",)), gone)
    monkeypatch.setattr(gate, "place_precision", {sure: 0.95, gone: 0.91, unsure: 0.5, alike: 0.99}.__getitem__)
    found = gate.admitted_places(
        [item, replace(item, line=7, sort=unsure), replace(item, line=8, sort=alike)], [place], []
    )
    assert [(one.path, one.line, one.end, one.confidence) for one in found] == [
        ("a.py", 5, 5, 0.95),
        ("b.py", 1, 2, 0.91),
    ]
    assert gate.admitted_places([item], [place], [item]) == found[1:]


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
