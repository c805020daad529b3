"""What stands behind the cursor ends answers and rules answers out, for models that have not seen it."""

from __future__ import annotations

import pytest

from iquest_lsp.completion import behind
from iquest_lsp.completion.postprocess import Quiet, Suggestion
from tests.unit.completion.places import at


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.py", "def f():\n    x = ‸\n    return total(x)\n", ("\n    return total(x)\n",)),
        ("a.py", "f(‸, timeout=30)\n", (", timeout=30)",)),
        ("a.py", "f(‸)\n}\n", ()),  # too short to tell
        ("a.py", "x = ‸", ()),
        ("a.py", "a‸\n\n\n    \nsecond_line = 2  \n", ("\nsecond_line = 2\n",)),
    ],
)
def test_answers_end_where_they_begin_to_write_what_stands_there(
    path: str, text: str, expected: tuple[str, ...]
) -> None:
    assert behind.stops(at(text, path)) == expected


@pytest.mark.parametrize(
    ("path", "text", "answer", "expected"),
    [
        ("a.py", "f(‸)\n", "a, b", True),
        ("a.py", "f(‸)\n", "a, g(b", False),
        ("a.py", "f(‸)\n", "a), g(b", True),
        ("a.py", "f(‸)\n", "a, b)", False),
        ("a.py", "f(‸\n", "a, g(b", True),  # nothing stands there: the answer may be as it is
        ("a.py", "x = [‸], 1\n", "(1, 2)", True),
        ("a.py", "x = [‸], 1\n", "(1, 2", False),
        ("a.py", 'x = "‸"\n', "a (b", True),  # prose
        ("a.ts", "call(() => {‸});\n", " return 1; ", True),
        ("a.ts", "call(() => {‸});\n", " if (a) {", False),
        ("a.py", "f‸ = g(1))\n", "(a", True),  # it needs just that
        ("a.py", "f‸ = g(1)\n", "(a", False),
        ("a.py", "f‸ = g(1))\n", "oo", True),  # what was wrong before is not the answer's fault
    ],
)
def test_the_rest_of_the_line_has_to_go_on_after_an_answer(path: str, text: str, answer: str, expected: bool) -> None:
    assert behind.joins(answer, at(text, path)) is expected


def test_what_is_ruled_out() -> None:
    here = at("f(‸)\n", "a.py")
    assert behind.is_ruled_out(Suggestion("", Quiet.REPEATS), here)
    assert behind.is_ruled_out(Suggestion("", Quiet.BRACKET), here)
    assert behind.is_ruled_out(Suggestion("g("), here)
    assert not behind.is_ruled_out(Suggestion("a"), here)
    assert not behind.is_ruled_out(Suggestion("", Quiet.UNSURE), here)  # its next choice is less sure
    assert not behind.is_ruled_out(Suggestion("", Quiet.NOTHING), here)
