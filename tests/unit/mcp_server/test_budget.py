"""Answers within a budget of tokens, in both forms; what is missing is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from iquest_lsp.mcp_server import budget


def answer(count: int, long: int = 40) -> tuple[dict[str, Any], str]:
    story = [{"commit": f"{number:040}", "change": "x" * long} for number in range(count)]
    files = [{"path": f"f{number}.py", "symbols": [{"name": f"s{at}"} for at in range(9)]} for number in range(count)]
    told: dict[str, Any] = {"root": "/shop", "summary": "y" * long, "story": story, "files": files, "since": None}
    lines = ["# Title", "", *(f"- `{item['commit'][:10]}` {item['change']}\n  - below it" for item in story)]
    lines += ["", "1. first", "2. second", "", "The end."]
    return told, "\n".join(lines) + "\n"


def test_what_fits_is_left_as_it_is() -> None:
    told, text = answer(2)
    made = budget.cut(told, text, 2000)
    assert (made.json, made.text, made.left_out, made.rest) == (told, text, (), "")


@pytest.mark.parametrize("count", [1, 3, 20, 300])
@pytest.mark.parametrize("long", [5, 5000])
@pytest.mark.parametrize("limit", [budget.LEAST, 500, 2000])
@pytest.mark.parametrize("keeps_ends", [False, True])
def test_both_forms_keep_to_the_budget(count: int, long: int, limit: int, keeps_ends: bool) -> None:
    told, text = answer(count, long)
    made = budget.cut(told, text, limit, keeps_ends=keeps_ends)
    note = {"lists": [item.to_json() for item in made.left_out], "rest": made.rest}
    assert budget.json_tokens({**made.json, "cut": note} if made.rest else made.json) <= limit
    assert budget.tokens(made.text) <= limit
    assert set(made.json) == set(told)


def test_the_rest_is_had_with_the_budget_that_is_named() -> None:
    told, text = answer(30)
    made = budget.cut(told, text, 500)
    needed = int(made.rest.partition("max_tokens=")[2].split()[0])
    assert budget.cut(told, text, needed).json == told
    assert budget.cut(told, text, needed - 1).rest


def test_a_text_that_fits_does_not_say_that_it_was_cut() -> None:
    told, text = answer(30)
    made = budget.cut(told, text, 1500)
    assert made.rest
    assert made.text == text


@pytest.mark.slow
def test_more_than_can_be_asked_for_is_to_be_narrowed() -> None:
    told, text = answer(3000)
    assert "ask about less" in budget.cut(told, text, 500).rest


def test_what_is_left_out_is_counted() -> None:
    told, text = answer(30)
    made = budget.cut(told, text, 500)
    counted = {item.what: item for item in made.left_out}
    assert counted["story"].of == 30
    assert counted["story"].count == 30 - len(made.json["story"])
    assert counted["files"].count == 30 - len(made.json["files"])
    gone = made.text.partition("- … ")[2].split()
    assert int(gone[0]) + made.text.count("\n  - below it") == 30
    assert json.dumps(told) == json.dumps(answer(30)[0])  # the answer itself is as before


def test_of_a_story_the_ends_stay() -> None:
    told, text = answer(30)
    made = budget.cut(told, text, 500, keeps_ends=True)
    kept = [item["commit"] for item in made.json["story"]]
    assert kept[0] == told["story"][0]["commit"]
    assert kept[-1] == told["story"][-1]["commit"]
    lines = made.text.splitlines()
    assert lines[2].startswith("- `0000000000`")
    assert "more" in lines[4]


def test_tokens_are_never_estimated_too_low_for_other_scripts() -> None:
    assert budget.tokens("日本語") == 3
    assert budget.tokens("abcdefg") == 3
