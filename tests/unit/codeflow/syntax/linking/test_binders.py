"""Whether a variable begins where a name stands."""

from __future__ import annotations

import pytest

from iquest_lsp import grammars
from iquest_lsp.codeflow.syntax.linking.binders import is_bound, is_field_key


@pytest.mark.parametrize(
    ("path", "text", "bound"),
    [
        ("a.py", "name = 1\n", True),
        ("a.py", "a, name = f()\n", True),
        ("a.py", "def f(name): ...\n", True),
        ("a.py", "a = name\n", False),
        ("a.py", "for name in a: ...\n", True),
        ("a.ts", "const { name } = a;\n", True),
        ("a.ts", "const { name: b } = a;\n", False),
        ("a.ts", "const { b = name } = a;\n", False),
        # A module gives it, which is no variable of its own.
        ("a.ts", "const { name } = require('./a');\n", False),
        ("a.go", "package a\n\nfunc f() { name := 1 }\n", True),
    ],
)
def test_where_a_variable_begins(path: str, text: str, *, bound: bool) -> None:
    tree = grammars.tree(grammars.language_of(path), text.encode())
    assert tree is not None
    at = text.encode().index(b"name")
    node = tree.root_node.descendant_for_byte_range(at, at + 4)
    assert node is not None
    assert is_bound(node) is bound


@pytest.mark.parametrize(
    ("value", "key"), [("T{name: 1}", True), ("map[string]int{name: 1}", False), ("T{other: name}", False)]
)
def test_a_key_of_a_struct_is_a_field(value: str, *, key: bool) -> None:
    text = f"package a\n\nvar b = {value}\n".encode()
    tree = grammars.tree("go", text)
    assert tree is not None
    at = text.index(b"name")
    node = tree.root_node.descendant_for_byte_range(at, at + 4)
    assert node is not None
    assert is_field_key(node) is key
