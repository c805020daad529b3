"""What a module's syntax holds beside its definitions."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.outline.statements import MAX_SOURCE, statements

Parts = set[tuple[str, str, int, int]]


def parts(language: str, source: bytes) -> Parts:
    return {(item.kind, item.name, item.start, item.end) for item in statements(language, source, "mod")}


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("python", "import os\nfrom a import b\n", {("imports", "mod", 0, 2)}),
        ("python", "A = [\n    1,\n]\n", {("assignment", "A", 0, 3)}),
        (
            "javascript",
            "describe('a shop', () => {\n  it('reads', () => {});\n});\n",
            {("suite", "a shop", 0, 3), ("test", "a shop > reads", 1, 2)},
        ),
        ("go", 'package a\n\nimport "os"\n', {("imports", "mod", 0, 3)}),
        ("rust", "use a::b;\nconst C: u8 = 1;\n", {("imports", "mod", 0, 1), ("variable", "C", 1, 2)}),
        # A chain of calls is called by its first one.
        ("javascript", "one(a, 'b')\n  .two('c')\n  .three('d');\n", {("call", "one(a, 'b')", 0, 3)}),
        ("javascript", "one.two('c');\n", {("call", "one.two", 0, 1)}),
        ("python", "one(a).two().three(b)\n", {("call", "one(a)", 0, 1)}),
        ("c", "#include <a.h>\n#define B 1\n", {("imports", "mod", 0, 1)}),
    ],
)
def test_parts_beside_definitions(language: str, text: str, expected: Parts) -> None:
    assert expected <= parts(language, text.encode())


@pytest.mark.parametrize(
    "source", [b"", b"\xff\xfe\x00", b"(" * 5000, b"a" * 10_000, b"'''", b"\r\n" * 100, b"a" + b"(1).b" * 5000]
)
@pytest.mark.parametrize("language", ["python", "javascript", "go", "c"])
def test_any_text_is_read_and_parts_lie_within_it(language: str, source: bytes) -> None:
    rows = source.count(b"\n") + 1
    assert all(0 <= start < end <= rows for _, _, start, end in parts(language, source))


def test_what_is_too_large_or_has_no_grammar_has_no_parts() -> None:
    assert statements("python", b"A = 1\n" + b" " * MAX_SOURCE, "mod") == ()
    assert statements("cobol", b"A = 1\n", "mod") == ()
