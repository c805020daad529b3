"""Imports among which one is missing."""

from __future__ import annotations

import pytest

from iquest_lsp.nextedit.records import Place, ReasonKind
from tests.unit.nextedit.conftest import Look

JAVA = "package a.b;\n\nimport java.util.List;\n\nclass Shop {\n  List<String> names;\n}\n"
KNOWING = {"a/c/Other.java": "package a.c;\n\nimport java.util.Deque;\n\nclass Other {\n  Deque<String> names;\n}\n"}
SCRIPT = "import { a } from './a.js';\n\nexport function f(x: number) {\n  return a(x);\n}\n"
PYTHON = "import os\n\n\ndef f(x):\n    return os.path.join(x)\n"
GO = 'package a\n\nimport (\n\t"fmt"\n)\n\nfunc f() {\n\tfmt.Println(1)\n}\n'
RUST = "use std::fmt::Display;\n\nfn f<T: Display>(x: T) -> String {\n    x.to_string()\n}\n"


def told(found: list[Place]) -> set[tuple[str, int, str]]:
    return {
        (item.reason.values[0], item.line + 1, item.sort.clues[0].marks[-1])
        for item in found
        if item.reason.kind is ReasonKind.NOT_IMPORTED
    }


@pytest.mark.parametrize(
    ("path", "before", "old", "new", "name", "line", "how"),
    [
        ("a/b/Shop.java", JAVA, "names;", "names;\n  Deque<String> last;", "Deque", 3, "known"),
        ("a/b/Shop.java", JAVA, "names;", "names;\n  Ledger last;", "Ledger", 3, "fresh"),
        ("a.ts", SCRIPT, "a(x)", "trim(a(x))", "trim", 1, "fresh"),
        ("a.py", PYTHON, "join(x)", "join(re.escape(x))", "re", 1, "fresh"),
        ("a.go", GO, "Println(1)", "Println(strings.ToUpper(``))", "strings", 4, "fresh"),
        ("a.rs", RUST, "x.to_string()", "Rope::from(x)", "Rope", 1, "fresh"),
    ],
)
def test_a_name_that_nothing_binds_is_wanted_among_the_imports(
    look: Look, path: str, before: str, old: str, new: str, name: str, line: int, how: str
) -> None:
    assert told(look({path: before, **KNOWING}, {path: before.replace(old, new, 1)})) == {(name, line, how)}


@pytest.mark.parametrize(
    ("path", "before", "old", "new"),
    [
        ("a/b/Shop.java", JAVA, "names;", "names;\n  Runnable last = Integer::new;"),  # the language's own
        ("a/b/Shop.java", JAVA, "names;", "names;\n  Till till;"),  # of the same package
        ("a/b/Shop.java", JAVA, "List;", "*;\nimport java.util.List;"),  # everything is imported
        ("a.ts", SCRIPT, "a(x)", "JSON.stringify(x)"),
        ("a.ts", SCRIPT, "(x: number)", "({ size }: { size: number }, x = size)"),
        ("a.go", GO, "fmt.Println(1)", "var buf bag\n\tbuf.Write(buf)"),
        ("a.rs", RUST, "x.to_string()", "Some(Vec::new()).x()"),
        ("a.py", PYTHON, "import os\n", "from units import (\n    os,\n    width,\n)\n\n__all__ = ['width']\n"),
        ("a.py", PYTHON, "import os\n", "import os\n\nif os:\n    from sqlite3 import Cursor\n"),
        ("a.txt", "a\n", "a", "B"),
    ],
)
def test_what_needs_no_import_is_not_wanted(look: Look, path: str, before: str, old: str, new: str) -> None:
    beside = {"a/b/Till.java": "package a.b;\n\nclass Till {}\n"}
    assert not told(look({path: before, **beside}, {path: before.replace(old, new, 1)}))
