"""Who brought a line, and which lines are newer than the last release."""

from __future__ import annotations

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.answers.lines import LineOrigin, NewLines, new_lines, origin_of
from iquest_lsp.codeflow.facts import WITHHELD
from iquest_lsp.codeflow.git.repository import Repository
from tests.unit.codeflow.conftest import Script


def test_a_line_has_the_commit_that_brought_it(script: Script) -> None:
    script.commit("Begin", {"a.py": "one\ntwo\n"})
    later = script.commit("Change it", {"a.py": "one\nTWO\n"})
    repository = Repository.open(script.root, shows_all)
    found = origin_of(repository, "a.py:2", buffer=None, redact=shows_all)
    assert (found.commit, found.author, found.subject) == (later, "Ada", "Change it")
    assert origin_of(repository, "a.py:1", buffer=None, redact=shows_all).subject == "Begin"
    assert origin_of(repository, "a.py:2", buffer=None, redact=lambda _: True).subject == WITHHELD


def test_a_line_that_is_in_no_commit_has_none(script: Script) -> None:
    script.commit("Begin", {"a.py": "one\n"})
    repository = Repository.open(script.root, shows_all)
    assert origin_of(repository, "a.py:1", buffer="new\none\n", redact=shows_all) == LineOrigin()


def test_lines_that_the_last_release_does_not_have(script: Script) -> None:
    script.commit("Begin", {"a.py": "one\ntwo\n"})
    script.git("tag", "v1.0")
    script.commit("Add one", {"a.py": "one\nnew\ntwo\n", "b.py": "all\nof it\n"})
    repository = Repository.open(script.root, shows_all)
    assert new_lines(repository, "a.py", buffer=None) == NewLines("v1.0", ((1, 2),))
    assert new_lines(repository, "a.py", buffer="one\nnew\ntwo\nlast\n") == NewLines("v1.0", ((1, 2), (3, 4)))
    assert new_lines(repository, "b.py", buffer=None) == NewLines("v1.0", ((0, 2),))
    assert new_lines(repository, "a.py", buffer=None).to_json() == {
        "release": "v1.0",
        "ranges": [{"start": 1, "end": 1}],
    }


def test_without_a_release_nothing_is_newer(script: Script) -> None:
    script.commit("Begin", {"a.py": "one\n"})
    assert new_lines(Repository.open(script.root, shows_all), "a.py", buffer=None) == NewLines()
