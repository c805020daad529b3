"""The names of types in what is written as a type."""

from __future__ import annotations

import pytest

from iquest_lsp import grammars
from iquest_lsp.codeflow.syntax.linking.written_types import MAX_DEPTH, UNKNOWN, Nature, of_type


def written(language: str, text: str) -> Nature:
    """What the first type in a text says."""
    tree = grammars.tree(language, text.encode())
    assert tree is not None
    waiting = [tree.root_node]
    for node in waiting:
        if (found := node.child_by_field_name("type")) is not None:
            return of_type(found)
        waiting.extend(node.children)
    raise AssertionError(text)


@pytest.mark.parametrize(
    ("language", "text", "names"),
    [
        ("python", "a: kit.Shop = b", {("kit", "Shop")}),
        ("python", "a: Shop | Other = b", {("", "Shop"), ("", "Other")}),
        ("python", "a: dict[str, Shop] = b", {("", "dict")}),
        ("python", "a: Union[Shop, 'far.Other'] = b", {("", "Shop"), ("far", "Other")}),
        ("typescript", "const a: Promise<kit.Shop> = b;", {("kit", "Shop")}),
        ("typescript", "const a: Shop[] = b;", {("", "")}),
        ("typescript", "const a: Shop | null = b;", {("", "Shop")}),
        ("go", "package a\n\nvar a map[string]Shop\n", {("", "")}),
        ("rust", "fn f() { let a: &dyn kit::Shop = b; }", {("kit", "Shop")}),
        ("java", "class A { kit.Shop<B> a; }", {("kit", "Shop")}),
        ("cpp", "std::unique_ptr<Shop> a;", {("", "Shop")}),
    ],
)
def test_the_types_that_are_named(language: str, text: str, names: set[tuple[str, str]]) -> None:
    assert written(language, text).types == names


@pytest.mark.parametrize("text", ["a: Any = b", "a: None = b", "a: object = b", "a: T = b"])
def test_what_says_nothing(text: str) -> None:
    assert written("python", text) is UNKNOWN


def test_types_in_types_without_end() -> None:
    assert written("python", f"a: {'Optional[' * 500}Shop{']' * 500} = b") is UNKNOWN
    assert written("python", f"a: {'Optional[' * (MAX_DEPTH // 4)}Shop{']' * (MAX_DEPTH // 4)} = b").types
