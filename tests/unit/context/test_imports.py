from __future__ import annotations

import pytest

from iquest_lsp.context.imports import ModuleTable

RESOLVED = [
    ("src/pkg/a.py", ".b", ["src/pkg/b.py"], "src/pkg/b.py"),
    ("src/pkg/a.py", "..other.c", ["src/other/c.py"], "src/other/c.py"),
    ("src/pkg/a.py", ".", ["src/pkg/__init__.py"], "src/pkg/__init__.py"),
    ("tests/test_a.py", "pkg.a", ["src/pkg/a.py", "src/pkg/a/b.py"], "src/pkg/a.py"),
    ("app/main.py", "pkg", ["pkg/__init__.py"], "pkg/__init__.py"),
    ("tools/run.py", "helper", ["tools/helper.py"], "tools/helper.py"),
    ("web/a.ts", "./b", ["web/b.ts", "web/b.js"], "web/b.ts"),
    ("web/a.ts", "./b.js", ["web/b.ts"], "web/b.ts"),
    ("web/a.tsx", "../lib", ["lib/index.ts"], "lib/index.ts"),
    ("web/a.ts", "@/x/y", ["src/x/y.ts"], "src/x/y.ts"),
    ("c/a.c", "a.h", ["c/a.h"], "c/a.h"),
    ("c/a.c", "lib/b.h", ["include/lib/b.h"], "include/lib/b.h"),
    ("c/a.c", "deep/d.h", ["third/deep/d.h"], "third/deep/d.h"),
    ("j/src/main/java/p/A.java", "p.q.B", ["j/src/main/java/p/q/B.java"], "j/src/main/java/p/q/B.java"),
    ("j/p/A.java", "p.B.method", ["j/p/B.java"], "j/p/B.java"),
    ("r/src/main.rs", "crate::x::Y", ["r/src/x.rs"], "r/src/x.rs"),
    ("r/src/lib.rs", "self::m", ["r/src/m/mod.rs"], "r/src/m/mod.rs"),
    ("g/cmd/main.go", "example.com/g/store", ["g/store/s.go"], "g/store/s.go"),
]


@pytest.mark.parametrize(("path", "name", "files", "expected"), RESOLVED)
def test_imports_are_resolved(path: str, name: str, files: list[str], expected: str) -> None:
    table = ModuleTable()
    for file in [path, *files, "unrelated/z.py"]:
        table.add(file)
    assert table.resolve(path, name) == (expected,)


def test_what_lies_outside_resolves_to_nothing() -> None:
    table = ModuleTable()
    for file in ("a.py", "b.ts", "c.c", "d.go", "E.java", "f.rs", "g.txt"):
        table.add(file)
        assert table.resolve(file, "numpy.linalg") == ()
        assert table.resolve(file, "") == ()


def test_a_removed_file_is_no_longer_found() -> None:
    table = ModuleTable()
    table.add("a.py")
    table.add("b.py")
    table.remove("b.py")
    table.remove("never.py")
    assert table.resolve("a.py", "b") == ()
