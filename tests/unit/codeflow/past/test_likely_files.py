"""Files that likely change along with a diff."""

from __future__ import annotations

from iquest_lsp.codeflow.past.likely_files import MAX_NAMES, Recent, likely_along
from iquest_lsp.codeflow.past.name_mentions import words_of

COMMITS = Recent([["a.py", "b.py", "c.py"]] * 4 + [["d.py"]])
TEXTS = {"b.py": b"import os\n", "c.py": b"parse_date(x)\n", "d.py": b"other\n"}


def along(lines: list[str], tracked: set[str], recent: Recent = COMMITS) -> list[tuple[str, tuple[str, ...]]]:
    found = likely_along(recent, ["a.py"], lines, lambda path: words_of(TEXTS.get(path, b"")), tracked)
    return [(item.path, item.names) for item in found]


def test_a_file_that_names_the_changed_lines_comes_first() -> None:
    found = along(["def parse_date(x):"], {"b.py", "c.py", "d.py"})
    assert found[0] == ("c.py", ("parse_date",))
    assert found[1] == ("b.py", ())


def test_only_tracked_files_outside_the_diff_are_told() -> None:
    assert [path for path, _ in along(["x"], {"a.py", "b.py"})] == ["b.py"]
    assert along(["x"], set()) == []


def test_without_commits_there_is_nothing_likely() -> None:
    assert along(["parse_date"], {"b.py"}, Recent()) == []


def test_lock_files_are_left_out() -> None:
    recent = Recent([["a.py", "poetry.lock"]] * 5)
    assert along([], {"poetry.lock"}, recent) == []


def test_shares_are_of_one_whole_and_few_names_are_told() -> None:
    text = b" ".join(b"some_name_%d" % number for number in range(20))
    found = likely_along(COMMITS, ["a.py"], [text.decode()], lambda _: words_of(text), {"b.py", "c.py"})
    assert 0 < sum(item.share for item in found) <= 1 + 1e-9
    assert all(len(item.names) <= MAX_NAMES for item in found)
