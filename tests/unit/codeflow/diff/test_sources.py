"""Which change is meant, and its texts."""

from __future__ import annotations

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.diff.sources import DiffTarget, load
from iquest_lsp.errors import RevisionError, UsageError
from tests.unit.codeflow.conftest import Script


@pytest.mark.parametrize(
    ("text", "kind", "label"),
    [
        ("", "worktree", "the working tree"),
        ("--staged", "staged", "the staged changes"),
        ("--cached", "staged", "the staged changes"),
        ("HEAD~1", "revision", "HEAD~1"),
        ("a..b", "range", "a..b"),
        ("a...b", "range", "a...b"),
    ],
)
def test_a_target_is_read_from_the_command_line(text: str, kind: str, label: str) -> None:
    found = DiffTarget.parse(text)
    assert (found.kind, found.label) == (kind, label)


def test_a_patch_is_taken_whatever_the_text_says() -> None:
    assert DiffTarget.parse("-", b"x") == DiffTarget("patch", patch=b"x")


def test_an_option_is_no_revision() -> None:
    with pytest.raises(UsageError):
        DiffTarget.parse("--output=a")


def test_files_of_each_kind_of_change(script: Script) -> None:
    first = script.commit("Begin", {"a.py": "1\n", "b.py": "1\n"})
    script.commit("Change a", {"a.py": "2\n"})
    script.write({"b.py": "2\n"})
    script.git("add", "b.py")
    script.write({"a.py": "3\n"})

    def paths(text: str) -> list[str]:
        return [item.path for item in load(script.root, DiffTarget.parse(text), shows_all).files]

    assert paths("") == ["a.py", "b.py"]
    assert paths("--staged") == ["b.py"]
    assert paths("HEAD") == ["a.py"]
    assert paths(f"{first}..HEAD") == ["a.py"]
    with pytest.raises(RevisionError):
        paths("none")
