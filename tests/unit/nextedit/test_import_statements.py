"""The import statements of a file."""

from __future__ import annotations

import pytest

from iquest_lsp.nextedit.import_statements import import_lines, imports_of, is_same_module, module_of
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


@pytest.mark.parametrize(
    ("statement", "module"),
    [
        ("from a.b import c", "a.b"),
        ("import os", "os"),
        ('import { one } from "./two";', "./two"),
        ("const { one } = require('./two.js')", "./two.js"),
        ("var fs = require( 'fs' );", "fs"),
    ],
)
def test_the_module_of_a_statement(statement: str, module: str) -> None:
    assert module_of(statement) == module


def test_scripts_may_leave_endings_out() -> None:
    assert is_same_module("./a.js", "./a")
    assert is_same_module("./../b", "../b.ts")
    assert not is_same_module("./a", "../a")
    assert not is_same_module("a.js", "a")
    assert is_same_module("a.b", "a.b")


def test_lines_of_imports_and_blank_ones_among_them() -> None:
    assert import_lines(parse("a.py", "import os\n\nfrom a import b\n\n\nb(os)\n")) == {0, 1, 2, 3}
