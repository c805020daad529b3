"""What a watcher looks at on disk."""

from __future__ import annotations

from pathlib import Path

from iquest_lsp.workspace.disk_state import Changes, count_folders, inotify_watches, stamps


def test_files_that_are_there_have_stamps(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("abc")
    found = stamps(tmp_path, ["a.py", "none.py"], [], [])
    assert set(found) == {"a.py"}
    assert found["a.py"][1] == 3


def test_another_text_has_another_stamp(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("abc")
    before = stamps(tmp_path, ["a.py"], [], [])
    (tmp_path / "a.py").write_text("abcd")
    assert stamps(tmp_path, ["a.py"], [], []) != before


def test_what_tells_of_a_repository_and_of_rules_above_has_a_name_of_its_own(tmp_path: Path) -> None:
    for path in ("git/HEAD", "git/logs/HEAD", "git/info/exclude", "git/config", "above/.gitignore"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    found = stamps(tmp_path, [], [tmp_path / "git"], [tmp_path / "above"])
    assert set(found) == {".git/0/HEAD", ".git/0/logs/HEAD", ".git/0/info/exclude", "../0/.gitignore"}


def test_folders_that_are_watched_are_counted_with_those_below(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert count_folders({str(tmp_path): True}) == 3
    assert count_folders({str(tmp_path): False}) == 1
    assert count_folders({}) == 0


def test_watches_are_counted_or_not_known() -> None:
    count = inotify_watches()
    assert count is None or count >= 0


def test_nothing_happened_at_first() -> None:
    assert Changes() == Changes((), everything=False, head=False, rules=False)
