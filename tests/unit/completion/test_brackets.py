"""What is open at a place, and which signs of an answer close something that is."""

from __future__ import annotations

import pytest

from iquest_lsp.completion.brackets import (
    begun_string,
    closed_after,
    end_of_string,
    open_at_end,
    open_before,
    own_closings,
    surplus,
)

from .places import at


@pytest.mark.parametrize(
    ("text", "language", "closes"),
    [
        ("f(a[b", "python", ")]"),
        ("f(a)[", "python", "]"),
        ("f(')'", "python", ")"),
        ("f('a(", "python", ")'"),
        ("'a(\nb(", "python", ")"),  # a string of one line ends with it
        ('"""a(\nb(', "python", '"""'),
        ('f"{a[', "python", '"}]'),
        ("f'{{", "python", "'"),
        ("'\\'(", "python", "'"),
        ("# (\n(", "python", ")"),
        ("// (\n/* (*/ {", "go", "}"),
        ("`\\`(", "go", ")"),  # a raw string knows no escape
        ("`a${b(", "typescript", "`})"),
        ("fn f<'a>('(', '\\n', {", "rust", ")}"),
        (")](", "python", ")"),
    ],
)
def test_what_is_open_is_known_by_what_ends_it(text: str, language: str, closes: str) -> None:
    assert "".join(item.close for item in open_at_end(text, language)) == closes


def test_only_the_definition_at_hand_is_read() -> None:
    assert open_before(at("broken(\n\ndef f():\n    x = [‸\n"))[0].close == "]"
    assert [item.close for item in open_before(at("x = f(\n    a,\n    [‸\n"))] == [")", "]"]


def test_what_follows_closes_what_is_open_as_far_as_the_statement_goes() -> None:
    for text, count in (("f([‸])", 2), ("f([‸]\n", 1), ("f(\n    [‸\n    ]\n)\n", 2), ("x = [‸\ny = (1)]\n", 0)):
        place = at(text)
        assert closed_after(place, open_before(place)) == count, text


@pytest.mark.parametrize(
    ("marked", "answer", "kept"),
    [
        ("f(‸)", "a, g(b))", "a, g(b)"),
        ("f(‸", "a)", "a)"),
        ("f(‸", "a))", "a)"),
        ("x = ‸", "f(a)", "f(a)"),
        ("x = ‸\n", "a)", "a"),
        ("f('‸')", ")", ")"),  # in a string it closes nothing
    ],
)
def test_the_first_sign_that_nothing_needs_is_found(marked: str, answer: str, kept: str) -> None:
    found = surplus(answer, at(marked))
    assert (answer if found < 0 else answer[:found]) == kept


def test_a_string_around_the_cursor_ends_where_the_answer_says_so() -> None:
    assert end_of_string("a' + b", at("x = '‸'")) == 1
    assert end_of_string("a\\' b", at("x = '‸'")) == -1
    assert end_of_string("a' + b", at("x = '‸")) == -1  # what follows does not end it
    assert end_of_string("a'", at("x = ‸'")) == -1


def test_a_string_that_an_answer_begins_and_leaves_is_found() -> None:
    assert begun_string("f('ab", at("‸")) == 2
    assert begun_string("f('ab')", at("‸")) == -1
    assert begun_string("f('''ab", at("‸")) == -1  # it may go on below


def test_signs_that_close_what_the_answer_opened_are_its_own() -> None:
    answer = "g(a) + b)"
    assert own_closings(answer, at("f(‸")) == {3}
    assert own_closings("Map<String, A>>", at("x: ‸", "a.rs")) == {13}
    assert own_closings("a (b) c", at("# see ‸")) == {4}
