"""A model that only repeats itself is not heard out, and what it repeats is offered to nobody."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iquest_lsp.assistant import Assistant, CompletionRequest
from iquest_lsp.completion.postprocess import Quiet, postprocess
from iquest_lsp.completion.suggestion_cache import SuggestionCache
from iquest_lsp.completion.syntax import unit_at
from iquest_lsp.context.inputs import Purpose
from iquest_lsp.datatypes import Finish, Position, Prompt
from iquest_lsp.runtime.base.repetition import is_in_loop, without_loop
from iquest_lsp.runtime.base.text_stream import TextStream
from iquest_lsp.settings import Configuration
from tests.unit.completion.places import at, generation
from tests.waiting import PATIENT_MS

CODE = "total = "
LOOP = "a + " * 40


def heard(text: str, step: int = 1) -> tuple[str, Finish | None]:
    """What is taken of a text whose tokens have `step` characters, and why it ended."""
    stream = TextStream(Prompt((1,), ends_at_loop=True))
    for start in range(0, len(text), step):
        ended = stream.push(text[start : start + step].encode())
        if ended is not None:
            return stream.text, ended
    return stream.text, None


@pytest.mark.parametrize(
    ("text", "most"),
    [
        (LOOP, 16),
        ("f(" + "x, " * 50, 2 + 18),
        ("0" * 200, 16),
        ("value = 1\n" + "    pass\n" * 20, 10 + 27),
        ("value = 1\n" + "    value.append(other)  # and so on\n" * 20, 10 + 3 * 37),
        ('T, "b", "b", "b", "b", "b"', 26),
    ],
)
@pytest.mark.parametrize("step", [1, 3, 4])
def test_it_ends_soon_after_the_loop_is_one(text: str, most: int, step: int) -> None:
    said, ended = heard(text, step)
    assert ended is Finish.LIMIT
    # A token may end in the middle of a unit; then the next ones show it.
    assert len(said) <= most + step * 12
    assert without_loop(said) != said


@pytest.mark.parametrize(
    "text",
    [
        "    " * 30,
        "\n" * 40,
        "def f(a, b, c):\n    return a + b + c\n",
        "x = [0, 0, 0, 1]\n",
        "=" * 15 + ">",
        "a = 1\na = 1\na = 12\n",
        "self.a = a\nself.b = b\nself.c = c\nself.d = d\n",
    ],
)
def test_what_is_no_loop_goes_on(text: str) -> None:
    assert heard(text) == (text, None)


pieces = st.sampled_from(["a", ", ", "x = 1", "\n", "    ", "0", "(b)", "pass\n", '"c"', "some words that are long"])


@given(st.lists(st.tuples(pieces, st.integers(1, 6)), max_size=8))
@example([("pass\n", 3), ("a", 1), ("\n", 1), ("x = 1", 4)])
@pytest.mark.slow
def test_nothing_that_comes_later_would_be_kept(parts: list[tuple[str, int]]) -> None:
    text = "".join(piece * count for piece, count in parts)
    for length in range(len(text)):
        if is_in_loop(text[:length]):
            assert text[:length].startswith(without_loop(text))
            return


def test_a_loop_that_was_cut_short_is_still_told() -> None:
    place = at("total = ‸\n")
    for text in (LOOP, "0" * 99, 'T, "b", "b", "b", "b", "b"', "x, " * 40):
        said, ended = heard(text)
        assert ended is not None
        assert postprocess(generation(said, ended), place, unit_at(place)).quiet is Quiet.LOOP


def test_who_types_into_a_loop_is_not_offered_the_rest_of_it() -> None:
    cache = SuggestionCache()
    said, ended = heard("value\n" + LOOP)
    cache.keep("a", CODE, len(CODE), generation(said, ended or Finish.STOP), state="m")

    def rest(typed: str) -> str | None:
        found = cache.find("a", CODE + typed, len(CODE + typed), "m")
        return found.generation.text if found is not None else None

    assert rest("") == said
    assert rest("val") == said[3:]
    assert rest("value\na + ") is None


@pytest.fixture
async def assistant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Assistant]:
    monkeypatch.setenv("IQUEST_LSP_FAKE", json.dumps({"responses": [LOOP, "first(a)", "second(b)", "third(c)"]}))
    (tmp_path / "iquest.toml").write_text("")
    made = Assistant(Configuration({"engine": "fake", "deadline_ms": PATIENT_MS}), watch=False)
    await made.engine.ready()
    made.session().buffers.open(tmp_path / "a.py", CODE, 1, "python")
    yield made
    await made.close()


@pytest.mark.slow
@pytest.mark.usefixtures("forked_workers")
async def test_a_loop_costs_few_tokens_and_one_window_serves_all_candidates(
    assistant: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.py"
    made = await assistant.session().complete(CompletionRequest(file, Position(0, len(CODE))))
    assert (made.text, made.quiet) == ("", Quiet.LOOP)
    assert made.tokens.generated == 16  # a token is a character here, and an answer may have 64

    windows = []
    project = assistant.session().view(file).project
    window = project.window
    monkeypatch.setattr(project, "window", lambda *given: windows.append(given[-1]) or window(*given))
    assistant.session().buffers.change(file, [(None, CODE + "\n" + CODE)], 2)
    found = await assistant.session().candidates(CompletionRequest(file, Position(1, len(CODE)), explicit=True), 3)
    assert [one.text for one in found] == ["first(a)", "second(b)", "third(c)"]
    assert windows.count(Purpose.ANSWER) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("forked_workers")
async def test_what_comes_after_the_first_answer_is_not_shown_where_the_model_hardly_believes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    responses = {"responses": ["first(a)", "second(b)"], "logprob": math.log(0.5)}  # a character
    monkeypatch.setenv("IQUEST_LSP_FAKE", json.dumps(responses))
    (tmp_path / "iquest.toml").write_text("")
    made = Assistant(Configuration({"engine": "fake", "deadline_ms": PATIENT_MS}), watch=False)
    await made.engine.ready()
    file = tmp_path / "a.py"
    made.session().buffers.open(file, CODE, 1, "python")
    found = await made.session().candidates(CompletionRequest(file, Position(0, len(CODE)), explicit=True), 2)
    assert [one.text for one in found] == ["first(a)"], "the best guess, however unsure, and no more of its kind"
    await made.close()
