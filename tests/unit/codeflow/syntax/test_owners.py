"""Whose attribute is read."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.owners import is_of


@pytest.mark.parametrize(
    ("receiver", "within", "text", "expected"),
    [
        # The type itself, and what an object calls itself.
        ("Shop", "", "", True),
        ("self", "Shop.read", "", True),
        ("this", "Other.read", "", False),
        ("self", "Far.read", "class Far(Shop):\n", True),
        # Annotations and what a name is made of.
        ("a", "", "a: Shop = b", True),
        ("a", "", "def f(a: Shop | None): ...", True),
        ("a", "", "def f(a: Other): ...", False),
        ("a", "", "a = Shop(1)", True),
        ("a", "", "a = kit.Other(1)", False),
        ("a", "", "let a = Shop::new(1);", True),
        ("a", "", "a := &kit.Shop{}", True),
        ("a", "", "Shop a = b;", True),
        ("a", "", "with kit.Shop() as a:", True),
        ("a", "", "isinstance(a, Shop)", True),
        # Its name says it where nothing else does.
        ("shop", "", "", True),
        ("_shop", "", "", True),
        ("a", "", "", None),
        ("", "", "", None),
        ("a", "", "aa: Shop", None),
        # Another type, whatever the text says beside it, and one that is made of the first.
        ("Part", "", "pub enum Part {\n    One(Shop),\n}\nlet a: Part = Shop::new();", False),
        ("Part", "", "class Part extends Shop {\n", True),
        ("Part", "", "type Part = Shop;\n", True),
    ],
)
def test_whose_member_is_read(receiver: str, within: str, text: str, expected: bool | None) -> None:
    assert is_of("Shop", receiver, within, text) is expected


def test_what_the_definition_says_is_believed_before_the_file() -> None:
    assert is_of("Shop", "a", "f", "a: Other", "a: Shop") is True
    assert is_of("Shop", "a", "f", "a: Shop", "a: Other") is False


def test_functions_that_return_the_type_make_one() -> None:
    assert is_of("Shop", "a", "", "a = kit.opened(1)", makers=["opened"]) is True
    assert is_of("Shop", "opened", "", "", makers=["opened"]) is True
    assert is_of("Shop", "a", "", "a = reopened(1)", makers=["opened"]) is None


def test_in_scripts_nothing_is_made_without_new() -> None:
    assert is_of("Shop", "a", "", "a = Shop(1)", bare_makes=False) is None
    assert is_of("Shop", "a", "", "a = new Shop(1)", bare_makes=False) is True


def test_the_last_words_of_a_type_name_it_too() -> None:
    assert is_of("HttpReply", "reply", "", "") is True
    assert is_of("HttpReply", "http", "", "") is None


def test_names_with_signs_of_patterns_are_names() -> None:
    assert is_of("Shop", "a(b", "", "a: Shop") is None
    assert is_of("$Kit", "$a", "", "") is None
