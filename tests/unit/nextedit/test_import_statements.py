"""The import statements of a file."""

from __future__ import annotations

import pytest

from iquest_lsp.nextedit.import_statements import import_lines, imports_of
from iquest_lsp.nextedit.parsed import parse


@pytest.mark.parametrize(
    ("path", "text", "bound"),
    [
        ("a.py", "import os.path\nfrom a.b import c, d as e\n", [("os", 1), ("c", 2), ("e", 2)]),
        ("a.ts", 'import one, { two, three as four } from "./five";\n', [("one", 3), ("two", 3), ("four", 3)]),
        ("a.js", 'const { one, two } = require("./three");\n', [("one", 2), ("two", 2)]),
        ("a.go", 'package a\n\nimport (\n\t"net/http"\n\tmine "a/v2"\n)\n', [("http", 1), ("mine", 1)]),
        ("A.java", "import a.b.One;\nimport a.c.*;\n", [("One", 1)]),
        ("a.rs", "use crate::one::Two;\n", [("Two", 1)]),
    ],
)
def test_names_that_statements_bind(path: str, text: str, bound: list[tuple[str, int]]) -> None:
    found = imports_of(parse(path, text))
    assert sorted((item.name, item.several) for item in found) == sorted(bound)


def test_lines_of_imports_and_blank_ones_among_them() -> None:
    assert import_lines(parse("a.py", "import os\n\nfrom a import b\n\n\nb(os)\n")) == {0, 1, 2, 3}
