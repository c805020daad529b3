"""The examples of the pages: what they show is what the commands print."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

import pytest

from iquest_lsp.bench.report import Report, Row, Sample
from tests.docs import outputs
from tests.docs.outputs import EXAMPLES

SHOWN: dict[str, str] = {
    found["name"]: found[0].partition("\n")[2]
    for page in outputs.PAGES
    for found in outputs.BLOCK.finditer(page.read_text("utf-8"))
}
FIX = "run: python -m tests.docs.outputs"
#: What a run without the model, or without other software, cannot show.
NOT_RUN = {"bench-json"}


def test_every_example_is_in_a_page() -> None:
    assert set(SHOWN) == set(EXAMPLES)


@pytest.mark.parametrize("name", [name for name, example in EXAMPLES.items() if example.is_fixed])
def test_answers_of_the_history_are_as_shown(name: str) -> None:
    assert outputs.block(name, outputs.printed(name)) == SHOWN[name], FIX


def test_the_completion_that_is_shown_is_code() -> None:
    rows = re.findall(r"^ +(\d+)  ?(.*)$", SHOWN["complete"], re.MULTILINE)
    half = outputs.shop.BASKET.splitlines()
    number, last = rows[-1]
    assert int(number) == len(half)
    assert last.strip().startswith(half[-1].strip())
    added = json.loads(SHOWN["complete-json"].strip("`\n").removeprefix("json"))["text"]
    for code in ("\n".join([*half[:-1], f"        {last.strip()}"]), outputs.shop.BASKET + added):
        ast.parse(code + "\n            pass" if code.endswith(":") else code)


def test_the_picture_shows_what_the_pages_show() -> None:
    """Word for word, but for the figures of a completion, which was another run."""
    told = outputs.pictured()
    assert outputs.NOTHING not in told
    for name in outputs.PICTURED:
        shown = SHOWN[name].partition("\n")[2].removesuffix("```")
        assert words(shown) in words(told), "run: make pictures"


def words(text: str) -> str:
    """The words of a text, with the figures of a completion taken out."""
    text = re.sub(r"^(IQuest LSP \w+):.*?(?=^\$|\Z)", r"\1", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("name", [name for name, item in EXAMPLES.items() if item.is_json and name not in NOT_RUN])
def test_a_json_form_is_as_shown(name: str) -> None:
    shown = json.loads(SHOWN[name].strip("`\n").removeprefix("json"))
    made = json.loads(outputs.printed(name, EXAMPLES[name].fake))
    if name == "complete-json" and "memory" not in made:
        shown.pop("memory", None)  # there where an answer leans on a file, which those of no model do not
    assert keys(made, shown) == keys(shown, made), FIX


def test_the_form_of_a_benchmark_is_as_shown() -> None:
    shown = json.loads(SHOWN["bench-json"].strip("`\n").removeprefix("json"))
    made = Report("prefill", "a model", [Row("one_pass", 512, (Sample(1.0, 1.0),))], ["a note"]).to_json()
    assert keys(made, shown) == keys(shown, made), FIX


def keys(value: Any, other: Any) -> Any:
    """The keys of a JSON value, at every depth; of what the `other` leaves empty only that it is there."""
    if isinstance(value, dict) and isinstance(other, dict):
        return {key: keys(item, other.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(other, list) and value and other:
        return [keys(value[0], other[0])]
    return type(value).__name__ if isinstance(value, dict | list) and type(value) is type(other) else "a value"
