"""A file's hunks read as changes of its definitions."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.changes import SymbolChange, link_moves, symbol_changes
from iquest_lsp.codeflow.syntax.effects.effect import EffectKind
from tests.unit.codeflow.made import diff_of

READ = "def read(a):\n    b = a + 1\n    return b\n"


def changes(before: str | None, after: str | None, path: str = "a.py") -> list[SymbolChange]:
    texts = [None if text is None else text.encode() for text in (before, after)]
    return symbol_changes(diff_of(path, before, after), *texts)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "", []),
        (READ, READ, []),
        (None, READ, [("read", "added")]),
        (READ, None, [("read", "removed")]),
        (READ, READ.replace("+ 1", "+ 2"), [("read", "body")]),
        (READ, READ.replace("(a)", "(a, c)"), [("read", "signature")]),
        (READ, READ.replace("a + 1", "a+1"), [("read", "format-only")]),
        (READ, READ.replace("    b =", "    # why\n    b ="), [("read", "doc")]),
        (READ, READ.replace("def read", "def load"), [("load", "renamed")]),
        (READ, f"{READ}\n\ndef write(a):\n    return a\n", [("write", "added")]),
        (READ.replace("\n", "\r\n"), READ.replace("\n", "\r\n").replace("+ 1", "+ 2"), [("read", "body")]),
        # What stands outside of all definitions is none of theirs.
        (f"import os\n\n\n{READ}", f"import sys\n\n\n{READ}", []),
    ],
)
def test_what_happens_to_definitions(before: str | None, after: str | None, expected: list[tuple[str, str]]) -> None:
    assert [(item.name, item.change) for item in changes(before, after)] == expected


def test_a_test_changes_as_a_test() -> None:
    test = "def test_read():\n    assert read(1) == 2\n"
    assert [item.change for item in changes(test, test.replace("2", "3"), "tests/test_a.py")] == ["test"]


def test_members_come_with_their_class() -> None:
    found = changes("", "class Shop:\n    def read(self):\n        return 1\n")
    assert [(item.name, item.inner) for item in found] == [("Shop", False), ("Shop.read", True)]


def test_a_namespace_that_comes_with_a_file_is_told_by_what_it_holds() -> None:
    text = "namespace kit {\nnamespace inner {\nclass reel {\n  int turn() { return 1; }\n};\n}\nint pull();\n}\n"
    for before, after, change in (("", text, "added"), (text, "", "removed")):
        told = changes(before, after, "a.hpp")
        assert [(item.name, item.change, item.inner) for item in told] == [
            ("kit.inner.reel", change, False),
            ("kit.inner.reel.turn", change, True),
        ]
    empty = "namespace kit {\n}\n"
    assert [item.name for item in changes("", empty, "a.hpp")] == ["kit"]


def test_a_member_of_a_renamed_class_is_not_renamed_itself() -> None:
    body = "    def read(self):\n        return self.a\n\n    def write(self):\n        self.a = 1\n"
    found = changes(f"class Shop:\n{body}", f"class Store:\n{body}")
    assert [(item.name, item.change, item.old_name) for item in found] == [("Store", "renamed", "Shop")]


def test_another_form_of_a_definition_changes_it() -> None:
    one = "function read(a: number): void;\n"
    found = changes(one, f"{one}function read(a: string): void;\n", "a.ts")
    assert [(item.name, item.change, [effect.kind for effect in item.effects]) for item in found] == [
        ("read", "body", [EffectKind.OTHER_FORM])
    ]


def test_a_file_that_no_grammar_reads_has_no_definitions() -> None:
    assert changes("a", "b", "a.cobol") == []
    assert symbol_changes(diff_of("a.py", "\xff", "\xfe"), b"\xff\x00(", b"\xfe\x00)") == []


def test_what_goes_here_and_comes_there_has_moved() -> None:
    gone, come = changes(READ, None, "a.py"), changes(None, READ, "b.py")
    (moved,) = link_moves([*gone, *come])
    assert (moved.change, moved.path, moved.origin) == ("moved", "b.py", "a.py::read")
    other = changes(None, "def read(x):\n    while x:\n        x = pop(x)\n    yield x\n", "b.py")
    assert {item.change for item in link_moves([*gone, *other])} == {"removed", "added"}


def test_a_change_that_holds_a_secret_is_told_without_its_code() -> None:
    item = changes(READ, READ.replace("+ 1", "+ 2"))[0].withheld()
    assert (item.signature, item.lines, [effect.kind for effect in item.effects]) == ("", (), [EffectKind.WITHHELD])
