"""What stands behind the cursor ends answers and rules answers out, for models that have not seen it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from iquest_lsp.completion import following_text
from iquest_lsp.completion.postprocess import Quiet, Suggestion
from iquest_lsp.datatypes import Generation
from tests.unit.completion.places import at, generation


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
    assert following_text.stops(at(text, path)) == expected


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
    assert following_text.joins(answer, at(text, path)) is expected


def test_what_is_ruled_out() -> None:
    here = at("f(‸)\n", "a.py")
    assert following_text.is_ruled_out(Suggestion("", Quiet.REPEATS), here)
    assert following_text.is_ruled_out(Suggestion("", Quiet.BRACKET), here)
    assert following_text.is_ruled_out(Suggestion("g("), here)
    assert not following_text.is_ruled_out(Suggestion("a"), here)
    assert not following_text.is_ruled_out(Suggestion("", Quiet.UNSURE), here)  # its next choice is less sure
    assert not following_text.is_ruled_out(Suggestion("", Quiet.NOTHING), here)


class Model:
    """Answers by number: each begins with another token; some are ruled out."""

    def __init__(self, good: int, left: float = 100.0) -> None:
        self.good, self.left, self.asked = good, left, list[list[int]]()

    def made(self, number: int) -> Generation:
        return replace(generation(f"answer {number}"), tokens=(number,))

    async def another(self, avoid: Sequence[int], left: float) -> Generation:
        assert left == self.left
        self.asked.append(list(avoid))
        return self.made(len(avoid))

    async def chosen(self) -> int:
        made = await following_text.chosen(
            self.made(0), lambda made: made.tokens[0] != self.good, self.another, lambda: self.left
        )
        return made.tokens[0]


async def test_the_first_choice_that_is_not_ruled_out_is_taken() -> None:
    for good in range(following_text.CHOICES):
        model = Model(good)
        assert await model.chosen() == good
        assert model.asked == [list(range(count + 1)) for count in range(good)]


async def test_where_all_are_ruled_out_or_time_is_over_the_first_stands() -> None:
    model = Model(good=99)
    assert await model.chosen() == 0
    assert len(model.asked) == following_text.CHOICES - 1
    late = Model(good=1, left=0.0)
    assert await late.chosen() == 0
    assert late.asked == []
