"""What other tools say of a file's lines."""

from __future__ import annotations

from iquest_lsp.project.notes import MOST_FILES, Notes


def test_the_latest_notes_of_a_file_count() -> None:
    notes = Notes()
    assert notes.of("a.py") == ()
    assert notes.take("a.py", ["one"])
    assert not notes.take("a.py", ["one"])
    assert notes.take("a.py", ["two", "one"])
    assert notes.of("a.py") == ("two", "one")


def test_none_any_more_is_news_once() -> None:
    notes = Notes()
    assert not notes.take("a.py", [])
    notes.take("a.py", ["one"])
    assert notes.take("a.py", [])
    assert not notes.take("a.py", [])


def test_only_the_last_files_have_some() -> None:
    notes = Notes()
    for number in range(MOST_FILES + 1):
        notes.take(f"{number}.py", ["one"])
    assert notes.of("0.py") == ()
    assert notes.of("1.py") == ("one",)
    notes.take("1.py", ["two"])
    notes.take("new.py", ["one"])
    assert notes.of("1.py") == ("two",)
    assert notes.of("2.py") == ()
