"""What modules and classes declare, by name."""

from __future__ import annotations

import pytest
from tree_sitter import Node

from iquest_lsp import grammars
from iquest_lsp.codeflow.syntax.linking.chains.declarations import (
    bases,
    declared,
    exported_by_default,
    is_read,
    members,
    results,
    says_nothing,
)
from iquest_lsp.grammars import text_of


def root_of(language: str, text: str) -> Node:
    """The root of a text's tree."""
    tree = grammars.tree(language, text.encode())
    assert tree is not None
    return tree.root_node


@pytest.mark.parametrize(
    ("language", "text", "names"),
    [
        ("python", "class A: ...\n@b\ndef c(): ...\nd = 1\ne: int = 2\nif f:\n    g = 3\n", ["A", "c", "d", "e", "g"]),
        ("python", "def a():\n    b = 1\n", ["a"]),
        ("typescript", "export const a = 1, b = 2;\nexport class C {}\nnamespace D {}\ntype E = C;\n", [*"CDEab"]),
        ("typescript", "export default interface A {}\nfunction b() { const c = 1 }\n", ["A", "b"]),
    ],
)
def test_names_of_a_module(language: str, text: str, names: list[str]) -> None:
    assert sorted(declared(root_of(language, text))) == names


@pytest.mark.parametrize(
    ("language", "head", "found"),
    [
        ("python", "class A(B, kit.C, D[int], metaclass=M): ...\n", ["B", "kit.C", "D"]),
        ("python", "class A: ...\n", []),
        ("typescript", "class A<T> extends kit.B<T> implements C, D<T> {}\n", ["kit.B", "C", "D<T>"]),
        ("typescript", "interface A extends B, kit.C<D> {}\n", ["B", "kit.C<D>"]),
        ("javascript", "class A extends B {}\n", ["B"]),
    ],
)
def test_what_a_class_is_derived_from(language: str, head: str, found: list[str]) -> None:
    (items,) = declared(root_of(language, head)).values()
    assert [text_of(base) for base in bases(items[0])] == found


@pytest.mark.parametrize(
    ("language", "text", "name", "kinds"),
    [
        ("python", "class A:\n    x: int = 1\n    @property\n    def p(self): ...\n", "x", ["assignment"]),
        ("python", "class A:\n    x: int = 1\n    @property\n    def p(self): ...\n", "p", ["function_definition"]),
        ("typescript", "class A { x = 1; m() {} }\n", "x", ["public_field_definition"]),
        ("typescript", "class A { constructor(readonly x: B, y: C) {} }\n", "x", ["required_parameter"]),
        ("typescript", "class A { constructor(readonly x: B, y: C) {} }\n", "y", []),
        ("typescript", "interface A { x?: B; m(): C }\n", "m", ["method_signature"]),
    ],
)
def test_what_declares_a_member(language: str, text: str, name: str, kinds: list[str]) -> None:
    (item,) = declared(root_of(language, text))["A"]
    assert [member.type for member in members(item, name)] == kinds


def test_what_a_property_is() -> None:
    (item,) = declared(root_of("python", "class A:\n    @functools.cached_property\n    def p(self): ...\n"))["A"]
    assert [is_read(member) for member in members(item, "p")] == [True]
    (item,) = declared(root_of("typescript", "class A { get p() { return 1 } q() {} }\n"))["A"]
    assert [is_read(member) for name in "pq" for member in members(item, name)] == [True, False]


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("python", "def f(a):\n    if a:\n        return b\n    return c()\n", ["b", "c()"]),
        ("python", "def f(a):\n    if a:\n        return\n    return c()\n", []),
        ("python", "def f(a):\n    def g():\n        return a\n    return g\n", ["g"]),
        ("python", "def f(a):\n    yield a\n    return b\n", []),
        ("typescript", "function f() { return a }\n", ["a"]),
        ("typescript", "function f() { items.map(() => { return a }); return b }\n", ["b"]),
    ],
)
def test_what_a_function_returns(language: str, text: str, found: list[str]) -> None:
    assert sorted(text_of(item) for item in results(declared(root_of(language, text))["f"][0])) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("export default class A {}\n", "class A {}"),
        ("export default a.b;\n", "a.b"),
        ("export = A;\n", "A"),
        ("export const a = 1;\n", None),
    ],
)
def test_what_a_module_exports_by_default(text: str, found: str | None) -> None:
    node = exported_by_default(root_of("typescript", text))
    assert (node and text_of(node)) == found


@pytest.mark.parametrize(("text", "nothing"), [("a = None", True), ("a: B = None", False), ("a = 1", False)])
def test_a_name_that_is_bound_to_nothing_yet(text: str, *, nothing: bool) -> None:
    assert says_nothing(declared(root_of("python", text))["a"][0]) is nothing
