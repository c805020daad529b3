"""The natural unit at a cursor, in several languages, in whole code and in code under way."""

from __future__ import annotations

import pytest

from iquest_lsp.completion.syntax import Extent, Unit, unit_at
from tests.unit.completion.places import at

BLOCK, STATEMENT, LINE, TEXT = Extent.BLOCK, Extent.STATEMENT, Extent.LINE, Extent.TEXT


@pytest.mark.parametrize(
    ("path", "code", "expected"),
    [
        ("a.py", "def f(x):\n    ‸\n\n\ndef g():\n    pass\n", Unit(BLOCK, 0)),
        ("a.py", "def f(x):‸\n\n\ndef g():\n    pass\n", Unit(BLOCK, 0)),
        ("a.py", "class A:\n    def f(self):\n        ‸\n\n    def g(self):\n        pass\n", Unit(BLOCK, 4)),
        ("a.py", "def f(\n    x,\n):\n    ‸\n", Unit(BLOCK, 0)),
        ("a.py", "def f(x):\n    # what it does\n    ‸\n", Unit(BLOCK, 0)),
        ("a.py", "for x in y:\n    if x:\n        ‸\n    print(x)\n", Unit(BLOCK, 4)),
        ("a.py", "def f(x):\n    y = x\n    ‸\n", Unit(STATEMENT)),
        ("a.py", "def f(x):\n    ‸\n    return x\n", Unit(STATEMENT)),
        ("a.py", "def f(x):\n    return ‸\n", Unit(STATEMENT)),
        ("a.py", "x = {\n    'a':‸\n}\n", Unit(STATEMENT)),
        ("a.py", "f(a, ‸)\n", Unit(LINE)),
        ("a.py", "f(‸, b)\n", Unit(LINE)),
        ("a.py", "x = 1  # and ‸\n", Unit(TEXT)),
        ("a.py", 'def f():\n    """Says ‸\n    """\n', Unit(TEXT)),
        ("a.py", "x = 'some ‸'\n", Unit(TEXT)),
        ("a.py", "x = f'some {a‸}'\n", Unit(LINE)),
        ("a.py", "if x:\n    a()\nelse:\n    ‸\n", Unit(BLOCK, 0)),
        ("a.js", "function f(x) {\n    ‸\n}\n", Unit(BLOCK, 0)),
        ("a.js", "class A {\n    f() {\n        ‸\n    }\n}\n", Unit(BLOCK, 4)),
        ("a.ts", "const f = (x: number) => {\n  ‸\n};\n", Unit(BLOCK, 0)),
        ("a.js", "const x = {\n    a: ‸\n};\n", Unit(STATEMENT)),
        ("a.go", "func f(x int) int {\n\t‸\n}\n", Unit(BLOCK, 0)),
        ("a.go", "func f(x int) int {\n\ty := x\n\t‸\n}\n", Unit(STATEMENT)),
        ("a.rs", "fn f(x: i32) -> i32 {\n    ‸\n}\n", Unit(BLOCK, 0)),
        ("a.c", "int f(int x) {\n    ‸\n}\n", Unit(BLOCK, 0)),
        ("a.c", "int f(int x)\n{\n    ‸\n}\n", Unit(BLOCK, 0)),
        ("a.cpp", "void f() {\n    // ‸\n}\n", Unit(TEXT)),
        ("a.java", "class A {\n    int f() {\n        ‸\n    }\n}\n", Unit(BLOCK, 4)),
        ("a.js", "function f(x) {\n    ‸\n", Unit(BLOCK, 0)),
        ("a.go", "func f(x int) int {\n\tif x > 0 {\n\t\t‸", Unit(BLOCK, 1)),
        ("a.ts", "function f(x: number) {\n  if (x) {\n    ‸", Unit(BLOCK, 2)),
        ("a.rs", "fn f(x: u32) -> u32 {\n    if x > 0 {\n        ‸", Unit(BLOCK, 4)),
        ("a.c", "int f(int x) {\n    if (x) {\n        ‸", Unit(BLOCK, 4)),
        ("a.java", "class A {\n  int f(int x) {\n    if (x > 0) {\n      ‸", Unit(BLOCK, 4)),
        ("a.js", "each((x) => {\n  if (x) {\n    ‸", Unit(BLOCK, 2)),
        ("a.rb", "def f(x)\n  ‸\n", Unit(STATEMENT)),
        ("a.lua", "x = {‸", Unit(BLOCK, 0)),
        ("a.py", "‸", Unit(STATEMENT)),
    ],
)
def test_unit(path: str, code: str, expected: Unit) -> None:
    assert unit_at(at(code, path)) == expected


def test_a_place_deep_in_a_long_file_is_read_as_in_a_short_one() -> None:
    filler = "".join(f"def g{number}(a):\n    return a + {number}\n\n\n" for number in range(3000))
    assert unit_at(at(filler + "def f(x):\n    ‸\n\n\n" + filler)) == Unit(BLOCK, 0)
