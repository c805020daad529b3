"""What lines import, and whether a module leads to a file."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.imports import import_lines, leads_to


@pytest.mark.parametrize(
    ("module", "path", "leads"),
    [
        ("/src/a.ts", "src/a.ts", True),
        ("/src/a.ts", "src/b.ts", False),
        ("/src/", "src/a.go", True),
        ("/src/", "src/inner/a.go", False),
        ("/./", "a.go", True),
    ],
)
def test_a_place_leads_to_its_file_or_folder(module: str, path: str, leads: bool) -> None:
    assert leads_to(module, path, "other.go") is leads


def test_the_lines_of_a_list_in_brackets_import_too() -> None:
    lines = ["from a import (", "    b,", ")", "c = 1", "import d", "import {", "  e,", "} from 'f'", "g()"]
    assert [*import_lines(lines)] == [lines[at] for at in (0, 1, 2, 4, 5, 6, 7)]


@pytest.mark.parametrize(
    "line", ["import os  # see the notes (1", "import {a} from './(b'; // {", "import a /* { */", 'import "a(b"']
)
def test_a_bracket_in_a_comment_or_a_text_opens_no_list(line: str) -> None:
    assert [*import_lines([line, "run()", "# (", "import b"])] == [line, "import b"]


def test_a_bracket_in_a_comment_ends_no_list() -> None:
    lines = ["from a import (  # these", "    b,  # 1)", "    # 2)", "    c,", ")", "run()"]
    assert [*import_lines(lines)] == lines[:-1]
