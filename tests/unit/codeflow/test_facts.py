"""Facts as data, as text and back."""

from __future__ import annotations

from enum import StrEnum

import pytest

from iquest_lsp.codeflow.facts import MAX_VALUE, Fact, bounded, decode, encode, holds_secret, texts_of


class Kind(StrEnum):
    """Two kinds."""

    ONE = "one"
    TWO = "two"


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ([], ""),
        ([Fact(Kind.ONE)], '[["one"]]'),
        ([Fact(Kind.ONE, ("a", "")), Fact(Kind.TWO, ('"ж"\n',))], '[["one","a",""],["two","\\"ж\\"\\n"]]'),
    ],
)
def test_facts_are_text_and_come_back(facts: list[Fact[Kind]], text: str) -> None:
    assert encode(facts) == text
    assert decode(text) == [(fact.kind.value, fact.values) for fact in facts]


def test_a_text_from_outside_is_bounded() -> None:
    assert bounded("a" * (MAX_VALUE + 1)) == "a" * MAX_VALUE
    assert bounded("") == ""


def test_all_texts_of_facts_are_found_and_no_kinds() -> None:
    assert list(texts_of([Fact(Kind.ONE, ("a", "b")), ("c", 1, None), [["d"]]])) == ["a", "b", "c", "d"]


def test_a_secret_is_found_wherever_it_stands() -> None:
    assert holds_secret(lambda text: text == "b", "x", [Fact(Kind.ONE, ("a", "b"))])
    assert not holds_secret(lambda text: text == "one", Fact(Kind.ONE, ("a",)))
