"""Where a line stood before a commit moved it."""

from __future__ import annotations

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.following.moved_lines import came_from
from tests.unit.codeflow.conftest import Script

BLOCK = "first_of_all = read(path)\nsecond = parse(first_of_all)\nthird = told_of(second, first_of_all)\n"


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ({"a.py": BLOCK + "x = 1\n"}, {"a.py": "x = 1\n", "b.py": BLOCK}, ("a.py", 1)),
        ({"a.py": BLOCK + "x = 1\n"}, {"a.py": "x = 1\n", "b.py": BLOCK.replace("\n", "\n\n")}, None),
        ({"a.py": BLOCK + "x = 1\n"}, {"b.py": BLOCK}, None),  # it stays there: a copy
        ({"a.txt": BLOCK + "x\n"}, {"a.txt": "x\n", "b.py": BLOCK}, None),  # another language
        ({"a.py": "a = 1\nb = 2\nc = 3\nx = 1\n"}, {"a.py": "x = 1\n", "b.py": "a = 1\nb = 2\nc = 3\n"}, None),
    ],
)
def test_a_block_that_goes_here_and_comes_there(
    script: Script, before: dict[str, str], after: dict[str, str], place: tuple[str, int] | None
) -> None:
    parent = script.commit("Begin", dict(before))
    oid = script.commit("Move it", dict(after))
    found = came_from(Repository.open(script.root, shows_all), oid, "b.py", 1)
    assert (None if found is None else (found.path, found.old)) == place
    assert found is None or found.before == parent
