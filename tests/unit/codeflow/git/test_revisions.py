"""What names a commit, and what is said of a name that does not."""

from __future__ import annotations

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.gaps import GapKind
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.wording.gaps import gap_words
from iquest_lsp.errors import RepositoryError, RevisionError
from tests.unit.codeflow.conftest import Script, history_of


def test_what_names_no_commit_is_told(script: Script) -> None:
    with pytest.raises(RevisionError, match="no commit yet"):
        history_of(script.root).explain_diff("HEAD")
    one = script.commit("Begin", {"a.py": "x = 1\n"})
    script.commit("Mend it", {"a.py": "x = 2\n"})
    script.commit("Go on", {"a.py": "x = 3\n"})
    repository = Repository.open(script.root, shows_all)
    for revision, why in (
        ("HEAD^!", "stands for several"),
        ("^HEAD", "stands for several"),
        ("HEAD:a.py", "names a file"),
        ("HEAD^{tree}", "names a tree"),
        ("HEAD~9", "does not know it"),
        ("--all", "does not know it"),
        ("1" * 40, "does not know it"),
        ("a.py", "it is a file"),
        (str(script.root / "a.py"), "does not know it"),
    ):
        with pytest.raises(RevisionError, match=why.replace("^", r"\^")) as caught:
            repository.resolve(revision)
        assert caught.value.fix
    assert repository.resolve(":/Begin") == one
    assert history_of(script.root).explain_diff(":/Mend").summary.startswith("Mend it.")


def test_a_submodule_is_no_lost_commit(script: Script) -> None:
    script.commit("Begin", {"a.py": "x = 1\n"})
    script.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    script.git("commit", "-q", "-m", "Take another in")
    with pytest.raises(RevisionError, match="what a commit holds"):
        history_of(script.root).explain_diff("HEAD:sub")


def lose(script: Script, oid: str) -> None:
    """Takes an object away, as a disk or a `gc` of somebody who shares it does."""
    (script.root / ".git" / "objects" / oid[:2] / oid[2:]).unlink()


def test_a_name_whose_commit_is_lost_is_told(script: Script) -> None:
    script.commit("Begin", {"a.py": "x = 1\n"})
    lost = script.commit("Lost", {"a.py": "x = 2\n"})
    script.git("branch", "side")
    script.git("reset", "-q", "--hard", "HEAD~1")
    lose(script, lost)
    with pytest.raises(RepositoryError, match=f"damaged: the commit of side, {lost[:10]}, is missing"):
        history_of(script.root).explain_diff("side")


def test_tags_that_cannot_be_followed_take_no_other_along(script: Script) -> None:
    """Git tells of no tag at all then."""
    first = script.commit("Begin", {"a.py": "x = 1\n"})
    script.git("tag", "v1.0")
    script.git("tag", "-a", "-m", "One more", "v1.1")
    script.git("tag", "of-a-file", script.git("rev-parse", "HEAD:a.py"))
    lost = script.commit("Lost", {"a.py": "x = 2\n"})
    script.git("tag", "v2.0")
    script.git("tag", "-a", "-m", "Two", "v2.1")
    script.git("reset", "-q", "--hard", "HEAD~1")
    lose(script, lost)
    repository = Repository.open(script.root, shows_all)
    assert [(tag.name, tag.commit) for tag in repository.tags()] == [("v1.0", first), ("v1.1", first)]
    assert {gap.kind: gap.values for gap in repository.gaps.told()} == {GapKind.TAGS: ("v2.0", "v2.1")}
    story = history_of(script.root).why("a.py:1")
    assert story.since == "v1.0"
    assert "the tags `v2.0`, `v2.1` name objects that are missing and were not read: check with `git fsck`" in (
        gap_words(story.gaps)
    )
