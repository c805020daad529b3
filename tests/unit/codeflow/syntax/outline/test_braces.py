"""How many braces are open where each line of a file begins."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.outline.braces import balanced, depths_of, is_directive


@pytest.mark.parametrize(
    ("language", "text", "depths"),
    [
        ("cs", "", [0, 0]),
        ("cs", "class A {\n  void F() { }\n}", [0, 1, 1, 0]),
        ("cs", "class A {\r\n}\r", [0, 1, 0]),
        # Braces in texts, in characters and in comments are none.
        ("cs", "a(\"{\");\nb('{');\nc(); // {\n/* { */ d();", [0, 0, 0, 0, 0]),
        ("cs", 'a("\\"{");', [0, 0]),
        ("kt", 'val a = """\n{\n"""\nfun b() {\n}', [0, 0, 0, 0, 1, 0]),
        ("kt", "/* {\n { */ fun b() {\n}", [0, 0, 1, 0]),
        ("kt", "/*/ {\n*/", [0, 0, 0]),
        ("tf", 'a {\n  # }\n  b = "x" # {\n}', [0, 1, 1, 1, 0]),
        ("php", "f($#a); # {", [0, 0]),
        # What does not match tells nothing.
        ("cs", "}", []),
        ("cs", "{", []),
        ("cs", "}{", []),
        ("kt", '"""\n{', [0, 0, 0]),
    ],
)
def test_open_braces_are_counted_outside_of_texts_and_comments(language: str, text: str, depths: list[int]) -> None:
    assert depths_of(text.split("\n"), language) == depths
    assert balanced(text.split("\n"), language) is bool(depths)


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("#if DEBUG", True),
        ("  # endregion", True),
        ("#ifdef", True),
        ("#include <a>", False),
        ("# iffy", False),
        ("if a", False),
        ("", False),
    ],
)
def test_lines_of_the_preprocessor_are_told(line: str, is_one: bool) -> None:
    assert is_directive(line) is is_one
