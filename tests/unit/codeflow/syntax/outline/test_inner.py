"""Definitions where a grammar sees none: inside macros of Rust, names that an export gives, functions of objects."""

from __future__ import annotations

import pytest
from tree_sitter import Node

from iquest_lsp import grammars
from iquest_lsp.codeflow.syntax.definitions import VALUE_FUNCTIONS
from iquest_lsp.codeflow.syntax.outline.inner import aliases, given_items, members


def first(language: str, text: str, kind: str) -> Node:
    tree = grammars.tree(language, text.encode())
    assert tree is not None
    stack = [tree.root_node]
    while stack:
        node = stack.pop()
        if node.type == kind:
            return node
        stack.extend(node.children)
    raise AssertionError(kind)


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("cfg_io! { fn read() {} }", " fn read() {} "),
        ("cfg_io! {\n    pub mod inner;\n}\n", "\n    pub mod inner;\n"),
        ("cfg_io! { é; struct A; }", " é; struct A; "),
        # No items, no braces, nothing.
        ("vec! { 1, 2 }", None),
        ("print!(fn a() {})", None),
        ("cfg_io! {}", None),
    ],
)
def test_what_a_macro_is_given_in_braces_is_code_where_it_holds_items(text: str, given: str | None) -> None:
    found = given_items(first("rust", text, "macro_invocation"))
    assert (text.encode()[found.start_byte : found.end_byte].decode() if found else None) == given


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("export {\n  /** Reads. */\n  a as read,\n  b as write,\n};", ["read"]),
        ("export { /* x */ a };", []),
        ("export { a as b };", []),
    ],
)
def test_other_names_of_an_export_are_told_where_they_are_documented(text: str, names: list[str]) -> None:
    assert [name for _, name in aliases(first("typescript", text, "export_clause"))] == names


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("{ get (x) {}, put: function (y) {}, post: (z) => 3, limit: 5, short }", ["get", "put", "post"]),
        ("{ get size () {}, set size (to) {}, async *each () {} }", ["size", "size", "each"]),
        ("{ data () {}, methods: { of: { it () {} } }, 'on-end': () => 1 }", ["data", "methods.of.it", "on-end"]),
        ("{ [key]: () => 1, 'two words': () => 2, ...other }", []),
        ("({ a () {} }) as Pile", ["a"]),
        ("{ a () {} } satisfies Pile", ["a"]),
        ("defineComponent({ a () {} })", ["a"]),
        ("Vue.extend({ a () {} })", ["a"]),
        # What comes of these is not the object.
        ("fetch({ onEnd () {} })", []),
        ("items.map({ a () {} })", []),
        ("[{ a () {} }]", []),
        ("{ a: " * 500 + "{ deep () {} }" + " }" * 500, []),
    ],
)
def test_functions_of_an_object_are_found_by_their_keys(value: str, names: list[str]) -> None:
    declared = first("typescript", f"const pile = {value};", "variable_declarator")
    found = list(members(declared.child_by_field_name("value"), VALUE_FUNCTIONS))
    assert [name for _, name, _ in found] == names
    assert all(body is not None for _, _, body in found)
