"""Whether two texts are the same code, laid out otherwise."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.effects.layout import same_code, squashed


@pytest.mark.parametrize(
    ("language", "before", "after", "same"),
    [
        ("python", "f(a, b)\n", "f(\n    a,\n    b,\n)\n", True),
        ("python", "a = 'b'\n", 'a = "b"\n', True),
        ("python", "a = 1\r\n", "a = 1\n", True),
        # Nothing changes, something does, or the indentation means something.
        ("python", "a\n", "a\n", False),
        ("python", "a = 1\n", "a = 2\n", False),
        ("python", "if a:\n    b\nc\n", "if a:\n    b\n    c\n", False),
        ("python", "a = 'b c'\n", "a = 'bc'\n", False),
        ("python", "", "", False),
        ("javascript", "f(a)\n", "f(a);\n", True),
        ("javascript", "a && b\n", "a & b\n", False),
        ("typescript", "type A =\n  | B\n  | C\n", "type A = B | C\n", True),
        ("go", "f(a,b)\n", "f(a, b)\n", True),
        ("cobol", "a b\n", "a  b\n", False),
        # Braces around what they need not be around, and those that hold more, or another branch.
        ("javascript", "if (a) b()\nc()\n", "if (a) { b() }\nc()\n", True),
        ("javascript", "if (a) b()\nc()\n", "if (a) { b(); c() }\n", False),
        ("javascript", "if (a) if (b) c(); else d()\n", "if (a) { if (b) c() } else d()\n", False),
        ("typescript", "const f = a => g(a)\n", "const f = (a) => {\n  return g(a)\n}\n", True),
        ("typescript", "const f = (a) => g(a)\n", "const f = (a) => {\n  g(a)\n}\n", False),
        ("java", "class A { void f() { if (a) b(); } }", "class A { void f() { if (a) { b(); } } }", True),
        # White space in a text is a part of it.
        ("rust", 'fn f() { g!(" {:02x}", i); }', 'fn f() { g!("{:02x}", i); }', False),
        ("javascript", "a = ` b`\n", "a = `b`\n", False),
        ("c", 'char *a = " b";\n', 'char *a = "b";\n', False),
        # The last expression of a block is its value.
        ("rust", "fn f() -> u8 { g() }", "fn f() -> u8 { g(); }", False),
    ],
)
def test_only_layout_differs(language: str, before: str, after: str, same: bool) -> None:
    assert same_code(language, before.encode(), after.encode()) is same
    assert same_code(language, after.encode(), before.encode()) is same


def test_bytes_that_are_no_text_are_compared_too() -> None:
    assert same_code("python", b"a = '\xff'", b"a  = '\xff'")


def test_a_squashed_text_has_no_layout() -> None:
    assert squashed("a(\n  'b',\n)") == squashed('a("b")')
    assert squashed("") == ""
