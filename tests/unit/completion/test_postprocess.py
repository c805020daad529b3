"""What of a generated text is inserted: golden files, one case each.

A file has parts begun by lines of three dashes and a name: `document` (the cursor is ‸), `generated`, `expected`
(the text inserted, or nothing), and optional lines before the first part: path, finish, quiet, sure (how many
characters the model is sure of), threshold, ends (crlf).
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from iquest_lsp.completion.confidence import threshold_of, trusted_tokens
from iquest_lsp.completion.postprocess import Quiet, postprocess
from iquest_lsp.completion.syntax import Extent, Unit, unit_at
from iquest_lsp.datatypes import Finish
from tests.unit.completion.places import at, generation

GOLDEN = sorted(Path(__file__).with_name("golden").glob("*.txt"))
PARTS = re.compile(r"^--- (\w+)\n", re.MULTILINE)


def read(file: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The options and the parts of a case."""
    first, *rest = PARTS.split(file.read_text("utf-8"))
    options = dict(line.split(": ", 1) for line in first.splitlines() if line.strip())
    parts = {name: text.removesuffix("\n") for name, text in zip(rest[::2], rest[1::2], strict=True)}
    return options, parts


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_golden(file: Path) -> None:
    options, parts = read(file)
    end = "\r\n" if options.get("ends") == "crlf" else "\n"
    place = at(parts["document"].replace("\n", end), options.get("path", "a.py"))
    text = parts["generated"]
    sure = int(options.get("sure", len(text)))
    doubts = (0.0,) * sure + (math.log(0.001),) * (len(text) - sure)
    made = generation(text, Finish(options.get("finish", "stop")), doubts)
    shown = postprocess(made, place, unit_at(place), float(options.get("threshold", 0.05)))
    assert shown.text == parts["expected"].replace("\n", end)
    assert shown.quiet == options.get("quiet", "")


def test_every_reason_to_be_quiet_about_a_text_has_a_case() -> None:
    seen = {read(file)[0].get("quiet", "") for file in GOLDEN}
    decided_elsewhere = {Quiet.OFF, Quiet.LOADING, Quiet.HIDDEN, Quiet.INSIDE_WORD, Quiet.LONG_LINE}
    decided_elsewhere |= {Quiet.DELETED, Quiet.DISMISSED}
    assert seen == {str(reason) for reason in Quiet if reason not in decided_elsewhere}


@pytest.mark.parametrize(("first", "shown"), [(0.6, "one = 1\ntwo = 2"), (0.4, "one = 1")])
def test_more_lines_are_shown_only_where_the_first_is_sure(first: float, shown: str) -> None:
    text = "one = 1\ntwo = 2"
    made = generation(text, Finish.STOP, (math.log(first),) + (0.0,) * (len(text) - 1))
    assert postprocess(made, at("‸"), Unit(Extent.BLOCK), 0.3).text == shown
    assert postprocess(made, at("‸"), Unit(Extent.BLOCK), 0.0).text == text  # asked for by key


def test_a_language_may_have_a_threshold_of_its_own() -> None:
    metadata = {"iquest.confidence": "0.25", "iquest.confidence.languages": '{"go": 0.4, "rust": "x"}'}
    assert threshold_of(metadata, language="go") == 0.4
    assert threshold_of(metadata, language="python") == 0.25
    assert threshold_of(metadata, 10, "go") == 0.1
    assert threshold_of(metadata, language="rust") == threshold_of({})
    assert threshold_of({**metadata, "iquest.confidence.languages": "[3"}, language="go") == 0.25


def test_tokens_are_trusted_together() -> None:
    half = math.log(0.5)
    assert trusted_tokens([half, half, half], 0.3) == 1
    assert trusted_tokens([half, half, half], 0.25) == 2
    assert trusted_tokens([half] * 100, 0.0) == 100
    assert trusted_tokens([], 0.9) == 0


@pytest.mark.parametrize(
    ("metadata", "percent", "expected"),
    [
        ({}, -1, 0.05),
        ({"iquest.confidence": "0.2"}, -1, 0.2),
        ({"iquest.confidence": "0.2"}, 0, 0.0),
        ({"iquest.confidence": "many"}, -1, 0.05),
        ({"iquest.confidence": "7"}, -1, 0.05),
        ({}, 40, 0.4),
    ],
)
def test_the_users_threshold_wins_over_the_models(metadata: dict[str, str], percent: int, expected: float) -> None:
    assert threshold_of(metadata, percent) == expected


@pytest.mark.parametrize(
    ("document", "ends"),
    [("a = 1\nb = 2\r\nc = 3\n‸", "\n"), ("a = 1\r\nb = 2\nc = 3\r\n‸", "\r\n"), ("‸", "\n"), ("a\r\n‸", "\r\n")],
)
def test_line_ends_are_those_of_most_lines(document: str, ends: str) -> None:
    shown = postprocess(generation("def f():\n    return 1"), at(document), Unit(Extent.STATEMENT))
    assert shown.text == f"def f():{ends}    return 1"


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_model_that_writes_carriage_returns_ends_no_line_twice(ends: str) -> None:
    def shown(text: str) -> str:
        return postprocess(generation(text), at(f"a = 1{ends}b = 2{ends}‸"), Unit(Extent.STATEMENT)).text

    assert shown("def f():\r\n    return 1") == f"def f():{ends}    return 1"
    assert shown("total = a\rprint(b)") == "total = a"
    assert shown("total = a\r") == "total = a"
    assert shown("\rtotal = a") == ""
