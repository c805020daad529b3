"""Texts read for their definitions and uses."""

from __future__ import annotations

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.reading import Sources, changed_texts, lines_with
from tests.unit.codeflow.conftest import Script


@pytest.mark.parametrize(
    ("text", "word", "lines"),
    [
        ("", "a", []),
        ("a b\nab\nb a", "a", [0, 2]),
        ("a a\n", "a", [0]),
        ("a_b\na.b\n", "b", [1]),
        ("字a\nü a", "a", [1]),
        ("a\r\nb\r\n", "b", [1]),
    ],
)
def test_lines_that_hold_a_word(text: str, word: str, lines: list[int]) -> None:
    assert lines_with(text, word) == lines


def test_files_of_the_work_tree_are_read_and_searched(script: Script) -> None:
    script.commit("Begin", {"a.py": "read(1)\n", "b.py": "other\n"})
    script.write({"b.py": "read(2)\n"})
    sources, _ = Sources.of_work_tree(script.root, shows_all)
    assert sources.read("b.py") == b"read(2)\n"
    assert sources.read("none.py") is None
    assert sorted(sources.holders("read")) == ["a.py", "b.py"]
    over = sources.with_texts({"a.py": "nothing\n"})
    assert sorted(over.holders("read")) == ["b.py"]


def test_files_that_git_does_not_know_yet_are_searched_too(script: Script) -> None:
    script.commit("Begin", {"a.py": "read(1)\n", ".gitignore": "made/\n"})
    script.write({"new.py": "read(2)\n", "made/b.py": "read(3)\n"})
    sources, _ = Sources.of_work_tree(script.root, shows_all)
    assert sorted(sources.holders("read")) == ["a.py", "new.py"]
    assert {"a.py", "new.py"} <= set(sources.files())
    assert "made/b.py" not in sources.files()
    with changed_texts(script.root, redact=shows_all) as (_, beside):
        assert sorted(beside.holders("read")) == ["a.py", "new.py"]
    with changed_texts(script.root, "HEAD", redact=shows_all) as (_, beside):
        assert sorted(beside.holders("read")) == ["a.py"]


def test_changed_texts_are_told_before_and_after(script: Script) -> None:
    script.commit("Begin", {"a.py": "one\n"})
    script.write({"a.py": "two\n"})
    with changed_texts(script.root, redact=shows_all) as (changed, _):
        assert [(item.path, item.before, item.after) for item in changed] == [("a.py", "one\n", "two\n")]
