"""The parameters of functions whose languages have no grammar here."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.heads import head_effects, holds, relaid
from iquest_lsp.codeflow.wording.effects import effect_words


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("def read(a)\n  a\nend", "def read(a, b = 1)\n  a\nend", ["takes the new parameter `b`"]),
        ("def read(a, b)\nend", "def read(a)\nend", ["no longer takes `b`"]),
        ("fun read(\n  a: Int,\n) {\n}", "fun read(\n  a: Int,\n  b: Int,\n) {\n}", ["takes the new parameter `b`"]),
        ("int Read(A a) {", "int Read(B a) {", ["`A a` becomes `B a`"]),
        # Who may call it is told beside the parameters; where more of the head changes, the lines say it.
        (
            "private int Read(int a) {",
            "public int Read(int a, int b) {",
            ["takes the new parameter `b`", "is marked `public`", "is no longer marked `private`"],
        ),
        ("private int Read(int a) {", "public long Read(int a, int b) {", []),
        ("fun read(a: Int) = a", "fun read(b: Int) = b", []),
        ("def read\nend", "def read(a)\nend", []),
        ("def read(a\nend", "def read(a, b\nend", []),
        # What is returned, and what is said of the function behind its parameters.
        ("fun read(a: A): B {", "fun read(a: A): C {", ["returns `C` instead of `B`"]),
        ("func read(a: A) async {", "func read(a: A) {", ["is no longer marked `async`"]),
        # What a constructor calls first is no type, nor is what is asked of type parameters.
        ("public Read(int a) : base(a) {", "public Read(int a) : base(a, 1) {", ["`base(a)` becomes `base(a, 1)`"]),
        (
            "public Read(int a) : base(a)",
            "public Read(int a, int b) : base(a, b)",
            ["takes the new parameter `b`", "`base(a)` becomes `base(a, b)`"],
        ),
        ("public Read(int a) : base(a) {", "public Read(int a, int b) {", []),
        (
            "fun <T> read(a: T): List<T> where T : A {",
            "fun <T> read(a: T): List<T> where T : B {",
            ["`where T : A` becomes `where T : B`"],
        ),
        (
            "fun <T> read(a: T): List<T> where T : A {",
            "fun <T> read(a: T): Set<T> where T : A {",
            ["returns `Set<T>` instead of `List<T>`"],
        ),
        # In PHP it may return something all the same.
        ("function read($a)", "function read($a, $b): int", []),
        ("", "", []),
    ],
)
def test_what_becomes_of_the_parameters(before: str, after: str, told: list[str]) -> None:
    name = "Box.Read" if "Read" in before else "Box.read"
    found, lines = head_effects(name, before.split("\n"), after.split("\n"))
    assert [effect_words(item) for item in found] == told
    assert bool(lines) == bool(told)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("class Box : A {}", "class Box : B { }", ["`A` becomes `B`"]),
        ("class Box<T> : A {", "class Box<T> : B {", ["`A` becomes `B`"]),
        ("class Box : (A) -> B, C {", "class Box : (A) -> B, D {", ["`C` becomes `D`"]),
        ("call(Box : A)", "call(Box : B)", []),
    ],
)
def test_what_a_type_is_derived_from(before: str, after: str, told: list[str]) -> None:
    found, _ = head_effects("Box", [before], [after], "class")
    assert [effect_words(item) for item in found] == told


@pytest.mark.parametrize("kind", ["class", "method"])
@pytest.mark.parametrize(
    "text",
    ["class Box : A{}// one", "class Box(a: A): {}x = {{", "class Box{}x", "class Box<{}>{}x", "Box(a){}async{}="],
)
def test_a_line_of_blanks_is_read_once(kind: str, text: str) -> None:
    lines = [text.replace("{}", " " * 30_000)]
    assert head_effects("Box", lines, [f"{lines[0]}1"], kind)[1] in (set(), {lines[0], f"{lines[0]}1"})


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("class Box(val a: A, b: B)", "class Box(\n    val a: A,\n    b: B,\n)", True),
        ("def read(a)\nend", "def read( a )\nend", False),
        ("class Box(val a: A)", "class Box(\n    val a: B,\n)", False),
        ("class Box(val a: A)", "class Box(val a: A)", False),
        ("class Box(val a: A)", "class Box(\n    val a: A,\n) : Base()", False),
        ("class Box", "class Box(\n)", False),
    ],
)
def test_a_head_that_stands_on_other_lines(before: str, after: str, same: bool) -> None:
    assert bool(relaid("Box", before.split("\n"), after.split("\n"))) is same


@pytest.mark.parametrize(
    ("name", "owner", "text", "held"),
    [
        ("a", "Box", "class Box(\n    private val a: A,\n)", True),
        ("a", "Box", "class Box(a: A)", False),
        ("a", "Box", "class Box\ninternal constructor(val a: A)", True),
        ("$a", "Box.__construct", "public function __construct(private ?A $a)", True),
        ("$a", "Box.__construct", "public function __construct(?A $a)", False),
        ("a", "Box", "class Box", False),
    ],
)
def test_a_property_that_a_constructor_declares(name: str, owner: str, text: str, held: bool) -> None:
    assert holds(name, owner, text.split("\n")) is held
