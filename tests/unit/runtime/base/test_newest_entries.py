"""A file of entries, of which the newest are kept."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from iquest_lsp.runtime.base.newest_entries import MOST_KEPT, NewestEntries, made_at


def test_what_is_put_is_there(tmp_path: Path) -> None:
    path = tmp_path / "entries.json"
    NewestEntries(path).put("ж", {"a": 1})
    entry = NewestEntries(path).get("ж")
    assert entry is not None
    assert (entry["a"], made_at(entry) > 0) == (1, True)
    assert NewestEntries(path).get("other") is None


def test_the_oldest_ones_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = NewestEntries(tmp_path / "entries.json")
    for number in range(MOST_KEPT + 2):
        monkeypatch.setattr(time, "time", lambda number=number: float(number))
        entries.put(str(number), {})
    assert entries.get("0") is None
    assert entries.get("1") is None
    assert entries.get("2") is not None


@pytest.mark.parametrize("text", ["", "[1]", "{", "[" * 100_000, '{"a": 1}', "\x00"])
def test_a_damaged_file_is_empty_and_written_anew(tmp_path: Path, text: str) -> None:
    path = tmp_path / "entries.json"
    path.write_text(text)
    assert NewestEntries(path).get("a") is None
    NewestEntries(path).put("a", {"b": 2})
    assert NewestEntries(path).get("a") is not None


def test_what_cannot_be_written_is_lost_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    NewestEntries(tmp_path / "file" / "entries.json").put("a", {})


@pytest.mark.parametrize(
    ("entry", "expected"), [({}, 0.0), ({"at": 3}, 3.0), ({"at": "now"}, 0.0), ({"at": None}, 0.0)]
)
def test_an_entry_without_a_time_is_old(entry: dict[str, object], expected: float) -> None:
    assert made_at(entry) == expected
