"""Returns that do not fit their function's head any more."""

from __future__ import annotations

import pytest

from iquest_lsp.nextedit.records import Reason, ReasonKind
from tests.unit.nextedit.conftest import Look

ONE = (
    'package a\n\nfunc read(path string) int {\n\tif path == "" {\n\t\treturn 0\n\t}\n\trun(func() int {\n'
    '\t\treturn 3\n\t})\n\tif path == "a" {\n\t\treturn count(path)\n\t}\n\treturn 1\n}\n'
)
TWO = (
    'package a\n\nfunc read(path string) (int, error) {\n\tif path == "" {\n\t\treturn 0, nil\n\t}\n'
    "\treturn scan(path)\n}\n"
)


@pytest.mark.parametrize(
    ("before", "old", "new", "lines", "count"),
    [
        (ONE, "string) int", "string) (int, error)", {5, 13}, "2"),  # one call may give both
        (TWO, "(int, error)", "int", {5}, "1"),
        (TWO, "(int, error)", "(int, bool, error)", {5}, "3"),
        (TWO, "(int, error)", "(count int, err error)", set(), ""),
        (TWO, "path string", "name string", set(), ""),
    ],
)
def test_returns_of_another_number_are_told(
    look: Look, before: str, old: str, new: str, lines: set[int], count: str
) -> None:
    found = [
        item
        for item in look({"a.go": before}, {"a.go": before.replace(old, new, 1)})
        if item.reason.kind is ReasonKind.RESULTS
    ]
    assert {item.line + 1 for item in found} == lines
    assert all(item.reason == Reason(ReasonKind.RESULTS, ("read", count)) for item in found)
