"""What a name at a place of one file is."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.linking.names import NamesOfFile, names_of
from iquest_lsp.codeflow.syntax.linking.type_uses import TypeLines


def told(path: str, text: str, name: str, owner: str = "") -> tuple[str, str]:
    """What the last place of a name is, and what stands before it."""
    before, _, _ = text.rpartition(name)
    line, column = before.count("\n"), len(before.rpartition("\n")[2].encode())
    kind, _, on = NamesOfFile(path, text.encode()).use(line, column, owner)
    return kind, on


@pytest.mark.parametrize(
    ("path", "text", "name", "expected"),
    [
        ("a.py", "read(1)\n", "read", ("call", "")),
        ("a.py", "kit.read(1)\n", "read", ("call", "kit")),
        ("a.py", "a = kit.read\n", "read", ("use", "kit")),
        ("a.py", "f(read)\n", "read", ("use", "")),
        ("a.py", "read.other()\n", "read", ("use", "")),
        ("a.py", "ü; read(1)\n", "read", ("call", "")),
        # Definitions, comments, texts and variables of that name are no uses.
        ("a.py", "def read(): ...\n", "read", ("", "")),
        ("a.py", "# read\n", "read", ("", "")),
        ("a.py", "'read'\n", "read", ("", "")),
        ("a.py", "def f(read): ...\n", "read", ("bind", "")),
        ("a.py", "read = 1\n", "read", ("bind", "")),
        ("a.py", "for read in a: ...\n", "read", ("bind", "")),
        ("a.py", "f(read=1)\n", "read", ("", "")),
        ("a.ts", "new Kit().read(1)\n", "read", ("call", "Kit")),
        ("a.ts", "const { read } = a;\n", "read", ("bind", "")),
        ("a.ts", "const { read } = require('./a');\n", "read", ("use", "")),
        ("a.ts", "a = { read: 1 };\n", "read", ("", "")),
        ("a.go", "package a\n\nvar b = T{read: 1}\n", "read", ("", "")),
        ("a.go", "package a\n\nfunc f() { kit.Read() }\n", "Read", ("call", "kit")),
        ("a.rs", "fn f() { Kit::read(); }\n", "read", ("call", "Kit")),
        ("A.java", "class A { void f() { kit.read(); } }\n", "read", ("call", "kit")),
        ("a.cobol", "read\n", "read", ("use", "")),
    ],
)
def test_what_a_name_is(path: str, text: str, name: str, expected: tuple[str, str]) -> None:
    assert told(path, text, name) == expected


def test_a_keyword_is_used_where_its_owner_is_called() -> None:
    assert told("a.py", "Shop(read=1)\n", "read", "Shop") == ("use", "")
    assert told("a.py", "Other(read=1)\n", "read", "Shop") == ("", "")


def test_where_names_come_from() -> None:
    names = names_of("a.py", b"from kit import read\nimport os.path as p\nfrom more import *\n")
    assert names.sources("read") == {"kit", "more"}
    assert names.modules("p") == {"os.path"}
    assert names_of("a.txt", b"read").sources("read") is None


def test_members_are_told_apart_from_functions() -> None:
    names = names_of("a.py", b"class A:\n    def read(self): ...\n")
    assert names.defines("read", member=True)
    assert not names.defines("read", member=False)
    assert not names.defines("write", member=True)


def test_a_member_belongs_to_its_owner_by_what_the_file_says() -> None:
    names = names_of("a.py", b"def f(a: Shop, b: Other):\n    a.read()\n    b.read()\n    c.read()\n")
    owner = TypeLines(("Shop",))
    assert [names.owned(owner, on, 1, "read") for on in ("a", "b", "c")] == [True, False, None]
    assert names.owned(TypeLines(("Shop",), declared=frozenset({"ccc"})), "ccc", 1, "read") is True


def test_tests_inside_a_file_of_rust() -> None:
    names = names_of("a.rs", b"fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n")
    assert [names.is_test(line) for line in (0, 4)] == [False, True]
    assert names.within(4) == "tests.b"
