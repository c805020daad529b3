"""What is shown of a generation that the model is not sure of."""

from __future__ import annotations

import json
import math

import pytest

from iquest_lsp.completion.confidence import (
    DEFAULT_THRESHOLD,
    LANGUAGES_KEY,
    threshold_of,
    trusted_length,
    trusted_tokens,
)
from iquest_lsp.completion.postprocess import Quiet, postprocess, postprocess_for_key
from iquest_lsp.completion.syntax import unit_at
from iquest_lsp.datatypes import CONFIDENCE_KEY, Finish, Generation, Timings, TokenCounts
from tests.unit.completion.places import at, generation


def test_a_guess_for_a_key_is_shown_and_called_unsure() -> None:
    code = at("def total(items):\n    return ‸\n")
    made = generation("sum(items)", logprobs=(-0.1, -1.5))
    assert postprocess(made, code, unit_at(code), 0.25).text == ""
    asked = postprocess_for_key(made, code, unit_at(code), 0.0, 0.25)
    assert (asked.text, asked.quiet) == ("sum(items)", Quiet.UNSURE)
    assert postprocess_for_key(made, code, unit_at(code), 0.0, 0.1).quiet is Quiet.NO


@pytest.mark.parametrize(
    ("metadata", "percent", "language", "threshold"),
    [
        ({}, -1, "", DEFAULT_THRESHOLD),
        ({}, 30, "", 0.3),
        ({}, 900, "", 1.0),
        ({CONFIDENCE_KEY: "0.2"}, -1, "python", 0.2),
        ({CONFIDENCE_KEY: "0.2"}, 0, "python", 0.0),
        ({CONFIDENCE_KEY: "0.2", LANGUAGES_KEY: '{"go": 0.4}'}, -1, "go", 0.4),
        ({CONFIDENCE_KEY: "0.2", LANGUAGES_KEY: '{"go": 0.4}'}, -1, "python", 0.2),
        # What a file of a stranger's model may say.
        ({CONFIDENCE_KEY: "x"}, -1, "", DEFAULT_THRESHOLD),
        ({CONFIDENCE_KEY: "nan"}, -1, "", DEFAULT_THRESHOLD),
        ({CONFIDENCE_KEY: "2"}, -1, "", DEFAULT_THRESHOLD),
        ({LANGUAGES_KEY: "[" * 100_000}, -1, "go", DEFAULT_THRESHOLD),
        ({LANGUAGES_KEY: json.dumps({"go": 10**400})}, -1, "go", DEFAULT_THRESHOLD),
        ({LANGUAGES_KEY: '{"go": [1]}'}, -1, "go", DEFAULT_THRESHOLD),
    ],
)
def test_the_threshold_of_a_model(metadata: dict[str, str], percent: int, language: str, threshold: float) -> None:
    assert threshold_of(metadata, percent, language) == threshold


@pytest.mark.parametrize(
    ("chances", "threshold", "count"),
    [([], 0.5, 0), ([0.9, 0.9, 0.1], 0.5, 2), ([0.4], 0.5, 0), ([0.9, 0.1], 0.0, 2), ([1.0, 1.0], 1.0, 2)],
)
def test_tokens_are_trusted_as_long_as_they_are_likely_together(
    chances: list[float], threshold: float, count: int
) -> None:
    assert trusted_tokens([math.log(chance) for chance in chances], threshold) == count


def made(text: str, ends: tuple[int, ...], *chances: float) -> Generation:
    logprobs = tuple(math.log(chance) for chance in chances)
    return Generation(text, (1,) * len(chances), logprobs, Finish.STOP, TokenCounts(), Timings(), ends=ends)


def test_only_the_likely_beginning_is_shown() -> None:
    assert trusted_length(made("abcdef", (2, 4, 6), 0.9, 0.9, 0.1), 0.5) == 4
    assert trusted_length(made("abcdef", (2, 4, 6), 0.1, 0.9, 0.9), 0.5) == 0
    assert trusted_length(made("abcdef", (2, 4, 6), 0.9, 0.9, 0.9), 0.5) == 6


def test_further_lines_need_a_surer_first_one() -> None:
    text, ends = "ab\ncd\n", (2, 3, 5, 6)
    assert trusted_length(made(text, ends, 0.9, 0.9, 0.9, 0.9), 0.1) == 6
    assert trusted_length(made(text, ends, 0.4, 0.9, 0.9, 0.9), 0.1) == 3


def test_a_guess_for_a_key_may_break_the_grammar() -> None:
    code = at("def total(items):\n    print(sum(‸\n")
    made = generation("items):")
    assert postprocess(made, code, unit_at(code)).quiet is Quiet.GRAMMAR
    asked = postprocess_for_key(made, code, unit_at(code), 0.0, 0.0)
    assert (asked.text, asked.quiet) == ("items):", Quiet.UNSURE)
