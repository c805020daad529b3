"""Rust: what lacks a part that a type was given."""

from __future__ import annotations

import pytest

from iquest_lsp.nextedit.records import Place
from tests.unit.nextedit.conftest import Look

POINT = "pub struct Point {\n    x: i32,\n    y: i32,\n}\n"
SHAPE = "pub enum Shape {\n    Round,\n    Square,\n}\n"
AREA = "pub trait Area {\n    fn area(&self) -> i32;\n    fn name(&self) -> String { String::new() }\n}\n"


def told(found: list[Place]) -> set[tuple[str, int, int, tuple[str, ...]]]:
    return {(item.path, item.line + 1, item.end + 1, item.reason.values) for item in found}


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        ("Point { x: 1, y: 2 }", True),
        ("geometry::Point { x, y }", True),
        ("Point { x: 1, ..old }", False),
        ("Point { x: 1, y: 2, z: 3 }", False),
        ("other::Point { left: 1 }", False),
    ],
)
def test_a_struct_is_built_with_all_its_fields(look: Look, text: str, is_told: bool) -> None:
    use = f"fn make() {{\n    let a = {text};\n}}\n"
    found = look({"p.rs": POINT, "use.rs": use}, {"p.rs": POINT.replace("y: i32,", "y: i32,\n    z: i32,")})
    assert told(found) == ({("use.rs", 2, 2, ("Point", "z"))} if is_told else set())


def test_a_type_builds_itself(look: Look) -> None:
    made = "    fn new() -> Self {\n        Self { x: 1, y: 2 }\n    }\n}\n"
    text = f"{POINT}impl Point {{\n{made}impl<T> Other<T> {{\n{made}"
    found = look({"p.rs": text}, {"p.rs": text.replace("y: i32,", "y: i32,\n    z: i32,")})
    assert told(found) == {("p.rs", 8, 8, ("Point", "z"))}


def test_types_are_found_behind_many_others(look: Look) -> None:
    text = "".join(f"struct S{at} {{ a: i32 }}\n" for at in range(20)) + POINT
    use = "fn f() -> Point { Point { x: 1, y: 2 } }\n"
    found = look({"p.rs": text, "use.rs": use}, {"p.rs": text.replace("y: i32,", "y: i32,\n    z: i32,")})
    assert told(found) == {("use.rs", 1, 1, ("Point", "z"))}


@pytest.mark.parametrize(
    ("last", "is_told"),
    [
        ("Shape::Square => 2,", True),
        ("_ => 2,", False),
        ("Shape::Square | Shape::Flat => 2,", False),
        ("Shape::SquareLike => 2,", False),
    ],
)
def test_a_match_names_all_cases(look: Look, last: str, is_told: bool) -> None:
    use = f"fn area(s: Shape) -> i32 {{\n    match s {{\n        Shape::Round => 1,\n        {last}\n    }}\n}}\n"
    found = look({"s.rs": SHAPE, "use.rs": use}, {"s.rs": SHAPE.replace("Square,", "Square,\n    Flat,")})
    assert told(found) == ({("use.rs", 2, 5, ("Shape", "Flat"))} if is_told else set())


def test_an_implementation_has_all_methods_without_a_body(look: Look) -> None:
    use = (
        "impl Area for Point {\n    fn area(&self) -> i32 { 1 }\n}\n"
        "impl Area for Line {\n    fn area(&self) -> i32 { 0 }\n    fn edge(&self) -> i32 { 1 }\n}\n"
        "impl Point {\n    fn area(&self) -> i32 { 1 }\n}\n"
    )
    method = "fn area(&self) -> i32;\n    fn edge(&self) -> i32;"
    found = look({"a.rs": AREA, "use.rs": use}, {"a.rs": AREA.replace("fn area(&self) -> i32;", method)})
    assert told(found) == {("use.rs", 1, 3, ("Area", "edge"))}
    with_body = AREA.replace("fn area(&self) -> i32;", "fn area(&self) -> i32;\n    fn edge(&self) -> i32 { 0 }")
    assert not look({"a.rs": AREA, "use.rs": use}, {"a.rs": with_body})
