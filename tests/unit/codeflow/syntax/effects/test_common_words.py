"""Words that are no calls, and words of the languages."""

from __future__ import annotations

import keyword

from iquest_lsp.codeflow.syntax.effects.common_words import NOT_CALLS, WORDS


def test_words_that_stand_before_brackets_are_no_calls() -> None:
    assert {"if", "for", "while", "return", "switch", "catch", "sizeof", "elif", "len", "super"} <= NOT_CALLS


def test_names_that_tell_something_are_none_of_them() -> None:
    assert not {"read", "parse", "open", "save", "connect"} & (NOT_CALLS | WORDS)


def test_all_words_of_python_are_words() -> None:
    assert set(keyword.kwlist) <= WORDS


def test_each_is_one_word() -> None:
    assert all(word.isidentifier() for word in NOT_CALLS | WORDS)
