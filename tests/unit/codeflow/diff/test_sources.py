"""Which change is meant, and its texts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.diff.sources import DiffTarget, load
from iquest_lsp.errors import RevisionError, UsageError
from tests.unit.codeflow.conftest import Script, history_of


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


def test_what_is_not_committed_in_a_submodule_is_said_to_be_unread(
    script: Script, new_script: Callable[[str], Script]
) -> None:
    """And no program runs that the submodule's own configuration names."""
    other = new_script("other")
    other.commit("inner", {"b.py": "y = 1\n", ".gitattributes": "*.py filter=own\n"})
    for name in ("one", "two"):
        script.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.root), name)
    script.commit("Begin", {"a.py": "x = 1\n"})
    history = history_of(script.root)
    assert history.explain_diff().to_json()["partial"] is None
    ran = script.root.parent / "ran"
    script.git("-C", "one", "config", "filter.own.clean", f"touch {ran}; cat")
    script.write({"one/b.py": "y = 2\n"})
    (said,) = history.explain_diff().to_json()["partial"]
    assert said == "what is not committed inside the submodule `one` was not read: ask in its folder"
    script.write({"two/c.py": "z = 1\n"})
    (said,) = history.explain_diff().to_json()["partial"]
    assert "submodules `one`, `two` was not read" in said
    assert not ran.exists()
    assert history_of(script.root / "one").explain_diff().files[0].path == "b.py"
    script.git("submodule", "--quiet", "deinit", "--force", "--all")
    assert history.explain_diff().to_json()["partial"] is None
