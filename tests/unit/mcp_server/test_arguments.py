"""What agents send: read, or refused in words that say what to send instead."""

from __future__ import annotations

import pytest

from iquest_lsp.errors import UsageError
from iquest_lsp.mcp_server import tools
from iquest_lsp.mcp_server.arguments import PATH_LENGTH
from iquest_lsp.mcp_server.questions import with_place


def test_defaults_are_filled_in_and_empty_values_count_as_not_given() -> None:
    assert tools.WHY.read({"file": "a.py", "line": None, "symbol": ""}) == {"file": "a.py", "max_tokens": 2000}


@pytest.mark.parametrize("line", [12, 12.0, "12", " 12 "])
def test_a_number_may_be_written_as_models_write_it(line: object) -> None:
    assert tools.WHY.read({"file": "a.py", "line": line})["line"] == 12


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "'file' is missing"),
        ({"file": 7}, "'file' must be a text: it is 7"),
        ({"file": ["a.py"]}, "must be a text"),
        ({"file": "a\0b"}, "holds what is no text"),
        ({"file": "a\ud800b"}, "holds what is no text"),
        ({"file": "a" * (PATH_LENGTH + 1)}, "too long"),
        ({"file": "a.py", "line": 0}, "must lie between 1 and"),
        ({"file": "a.py", "line": True}, "must be a whole number: it is true"),
        ({"file": "a.py", "line": "\ud800三"}, 'must be a whole number: it is "\\ud800三"'),
        ({"file": "a.py", "line": 1.5}, "must be a whole number: it is 1.5"),
        ({"file": "a.py", "line": "9" * 5000}, "must be a whole number"),
        ({"file": "a.py", "line": float("nan")}, "must be a whole number"),
        ({"file": "a.py", "line": float("inf")}, "must be a whole number"),
        ({"file": "a.py", "max_tokens": 10**9}, "must lie between 200 and 25000"),
        ({"file": "a.py", "include_filtered": "yes"}, "must be true or false"),
        ({"file": "a.py", "symbl": "x"}, "no argument 'symbl'. Did you mean 'symbol'? There are: file, line, "),
        ({"file": "a.py", "simple": "x"}, "no argument 'simple'. There are: file, line, "),
        ({"file": "a.py", "zzzzzz": "x"}, "There are: file, line, "),
    ],
)
def test_what_is_wrong_is_said(given: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        tools.WHY.read(given)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("file", "read"),
    [
        ("a.py", {"file": "a.py"}),
        ("a.py:12", {"file": "a.py", "line": 12}),
        ("a.py:12:4", {"file": "a.py", "line": 12}),
        ("a.py:12-20", {"file": "a.py", "line": 12, "end_line": 20}),
        ("a.py::Order.bill", {"file": "a.py", "symbol": "Order.bill"}),
        ("src/a.rs::order::bill", {"file": "src/a.rs", "symbol": "order::bill"}),
    ],
)
def test_a_place_may_be_given_with_the_file(file: str, read: dict[str, object]) -> None:
    assert with_place({"file": file}) == read
