"""The named parts that a diff touches outside of definitions."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.named_parts import part_changes
from tests.unit.codeflow.made import diff_of


def told(path: str, before: str | None, after: str | None) -> list[tuple[str, str, str]]:
    texts = [None if text is None else text.encode() for text in (before, after)]
    return [(item.name, item.kind, item.change) for item in part_changes(diff_of(path, before, after), *texts, ())]


@pytest.mark.parametrize(
    ("path", "before", "after", "expected"),
    [
        ("a.toml", "a = 1\nb = 1\n", "a = 2\nb = 1\n", [("a", "key", "body")]),
        ("a.toml", "a = 1\n", "a = 1\nb = 2\n", [("b", "key", "added")]),
        ("a.yml", "a:\n  b: 1\n", "a:\n  b: 2\n", [("a.b", "key", "body")]),
        ("a.json", '{\n"a": 1,\n"b": 2\n}\n', '{\n"a": 1\n}\n', [("b", "key", "removed")]),
        ("requirements.txt", "kit==1.0\n", "kit==1.1\n", [("kit", "package", "body")]),
        ("requirements.txt", "Kit==1.0\n", "kit==1.1\n", [("kit", "package", "body")]),
        ("a.md", "# A\n\none\n", "# A\n\ntwo\n", [("A", "section", "body")]),
        ("a.py", "import os\n", "import os\nimport re\n", [("a", "imports", "body")]),
        # What begins and ends a document is of no key.
        ("a.yml", "---\na: 1\n...\n\n---\nb: 2\n", "---\na: 1\n---\nb: 2\n...\n", []),
        ("a.toml", "a = 1\n", "a = 1\n", []),
        ("a.toml", "", "", []),
    ],
)
def test_parts_that_lines_touch(path: str, before: str, after: str, expected: list[tuple[str, str, str]]) -> None:
    assert told(path, before, after) == expected


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_comma_behind_a_key_comes_and_goes_with_the_next_one(end: str) -> None:
    one, two = f'{{{end}  "a": 1{end}}}{end}', f'{{{end}  "a": 1,{end}  "b": 2{end}}}{end}'
    assert told("a.json", one, two) == [("b", "key", "added")]
    assert told("a.json", two, one) == [("b", "key", "removed")]
    assert [name for name, _, _ in told("a.json", one, two.replace("1", "3"))] == ["a", "b"]


def test_a_file_that_no_reader_knows_has_no_parts() -> None:
    assert told("a.unknown", "a\n", "b\n") == []
