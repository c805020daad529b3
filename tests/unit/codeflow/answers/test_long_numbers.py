"""Numbers of thousands of digits, which Python refuses to read, where people and files may write one."""

from __future__ import annotations

from pathlib import Path

import pytest

from iquest_lsp.asking.statements import citations
from iquest_lsp.cli.complete import parse_place
from iquest_lsp.codeflow.answers.logs import read_log
from iquest_lsp.codeflow.answers.targets import split_target
from iquest_lsp.codeflow.diff.patches import read_patch
from iquest_lsp.codeflow.syntax.dialects import declared
from iquest_lsp.errors import IQuestError

LONG = "9" * 5000


@pytest.mark.parametrize("place", [f"a.py:{LONG}", f"a.py:3-{LONG}", f"a.py:{LONG}:1", f"a.py:3:{LONG}"])
def test_a_place_that_no_file_has(place: str) -> None:
    path, symbol, lines = split_target(place)
    assert (path, symbol) == ("a.py", "")
    assert lines is not None


def test_a_place_to_complete_is_cut_to_what_the_protocol_knows() -> None:
    assert parse_place(f"a.py:{LONG}:{LONG}") == (Path("a.py").absolute(), 2**31 - 2, 2**31 - 2)
    with pytest.raises(Exception, match="is not FILE:LINE"):
        parse_place("a.py:²")


@pytest.mark.parametrize(
    "line",
    [
        f'  File "a.py", line {LONG}, in f',
        f"    at f (a.js:{LONG}:1)",
        f"    at a.B.c(B.java:{LONG})",
        f"a.ts({LONG},1): error TS1: no",
        f"a.py:{LONG}: error",
    ],
)
def test_a_log(line: str) -> None:
    read_log(line + "\n", ["a.py", "a.js", "a.ts", "B.java"])


@pytest.mark.parametrize("header", [f"@@ -{LONG} +1 @@", f"@@ -1,{LONG} +1,{LONG} @@", f"@@@ -1 -1 +{LONG} @@@"])
def test_a_patch(header: str) -> None:
    patch = f"diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n{header}\n-a\n+b\n".encode()
    with pytest.raises(IQuestError):
        read_patch(patch)


def test_an_answer_of_a_model() -> None:
    assert [item.name for item in citations(f"See a.py:{LONG} and b.py:3.")][-1] == "b.py"


def test_a_manifest() -> None:
    text = f'[project]\nrequires-python = ">={LONG}"\n'
    assert declared("python", lambda name: text.encode() if name == "pyproject.toml" else None) is None
