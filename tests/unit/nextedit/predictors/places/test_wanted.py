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


@pytest.mark.parametrize(
    ("path", "before", "old", "new"),
    [
        ("a.py", PYTHON, "    return", "    with open(x) as (left, right):\n        return left\n    return"),
        ("a.py", PYTHON, "    return", "    match x:\n        case [_, *rest]:\n            return rest\n    return"),
        ("a.py", PYTHON, "def f(x)", "def f[Key](x: Key)"),
        ("a.ts", SCRIPT, "return a(x);", "try { return a(x); } catch (problem) { throw problem; }"),
        ("a.ts", SCRIPT, "f(x: number)", "f<Kind>(x: Kind)"),
        ("a/b/Shop.java", JAVA, "names;", "names;\n  <Item> Item first(List<Item> all) { return all.get(0); }"),
        ("a/b/Shop.java", JAVA, "names;", "names;\n  void f() { try { g(); } catch (ClassCastException e) { } }"),
        ("a/b/Shop.java", JAVA, "names;", "names;\n  enum Light {\n    Green,\n    Amber;\n  }"),
        ("a/b/Shop.java", JAVA, "names;", "names;\n  enum Light { Green, Amber }"),
        ("shop/a.go", GO, "Println(1)", 'Println(1)\n\tlogger.Info("x")'),
        ("shop/a.go", GO, "Println(1)", 'Println(1)\n\tstore.Get("x")'),
        ("shop/a.go", GO.replace('\t"fmt"', '\t"fmt"\n\t. "kit/all"'), "Println(1)", 'Println(1)\n\tledger.Add("x")'),
    ],
)
def test_a_name_that_is_bound_in_another_way_is_not_wanted(
    look: Look, path: str, before: str, old: str, new: str
) -> None:
    knowing = {
        "shop/b.go": "package a\n\nvar logger = slog.Default()\n\nvar (\n\tstore Store\n)\n",
        "other.py": "from m import left, rest, Key\n",
        "other.ts": "import { problem, Kind } from './m.js';\n",
        "a/c/Other.java": "package a.c;\n\nimport m.Item;\nimport m.Green;\n",
    }
    assert told(look({path: before, **knowing}, {path: before.replace(old, new, 1)})) == set()
