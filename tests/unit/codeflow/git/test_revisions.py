"""What names a commit, and what is said of a name that does not."""

from __future__ import annotations

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.errors import RevisionError
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
    ):
        with pytest.raises(RevisionError, match=why.replace("^", r"\^")) as caught:
            repository.resolve(revision)
        assert caught.value.fix
    assert repository.resolve(":/Begin") == one
    assert history_of(script.root).explain_diff(":/Mend").summary.startswith("Mend it.")
