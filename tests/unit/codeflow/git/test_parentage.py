"""Commits with other parents than they name."""

from __future__ import annotations

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.git.parentage import ends, parentage
from iquest_lsp.codeflow.git.repository import Repository
from tests.unit.codeflow.conftest import Script


def test_each_way_to_other_parents_is_noticed(script: Script) -> None:
    script.commit("One", {"a.py": "x = 1\n"})
    two = script.commit("Two", {"a.py": "x = 2\n"})
    repository = Repository.open(script.root, shows_all)
    assert parentage(repository) == ""
    assert ends(repository) == frozenset()
    shallow, grafts = script.root / ".git" / "shallow", script.root / ".git" / "info" / "grafts"
    seen = {""}
    shallow.write_text(f"{two}\n")
    assert ends(repository) == {two}
    seen.add(parentage(repository))
    shallow.unlink()
    grafts.write_text(f"{two}\n")
    seen.add(parentage(repository))
    grafts.unlink()
    script.git("replace", "--graft", two)
    seen.add(parentage(repository))
    assert len(seen) == 4
    script.git("replace", "-d", two)
    assert parentage(repository) == ""
