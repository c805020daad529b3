"""What became of suggestions is counted, kept over restarts, and never a reason to fail."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from iquest_lsp.datatypes import AnswerSource, Completion, Finish, Position, Span, Timings, TokenCounts
from iquest_lsp.telemetry import MOST_DAYS, MOST_PENDING, Statistics


def answer(
    number: int, text: str = "one two\n  three", source: AnswerSource = AnswerSource.MODEL, quiet: str = ""
) -> Completion:
    place = Position(0, 0)
    timings = Timings(total_ms=120)
    return Completion(text, Span(place, place), "m", Finish.STOP, source, timings, TokenCounts(), 1, quiet, number)


def today() -> date:
    return date(2026, 1, 2)


def test_answers_and_what_became_of_them(tmp_path: Path) -> None:
    file = tmp_path / "state" / "statistics.json"
    counts = Statistics(file, today=today)
    counts.answered(answer(1))
    counts.answered(answer(2, source=AnswerSource.CACHE))
    counts.answered(answer(3, "", quiet="unsure"))
    counts.shown(1)
    counts.shown(1)
    counts.accepted(1, 3)  # a word
    counts.accepted(1, 7)  # to the end of the line
    counts.accepted(1, 7)
    counts.accepted(2)
    counts.accepted(99)
    counts.shown(99)
    day = counts.days()["2026-01-02"]
    assert day == {
        "requests": 3,
        "source.model": 1,
        "source.cache": 1,
        "quiet.unsure": 1,
        "ms.150": 2,
        "shown": 2,
        "accepted.words": 1,
        "accepted.lines": 1,
        "accepted.whole": 1,
        "accepted.characters": 7 + 15,
    }
    counts.save()
    assert file.stat().st_mode & 0o777 == 0o600
    assert Statistics(file, today=today).days() == counts.days()
    assert "three" not in file.read_text()


def test_what_is_kept_is_bounded(tmp_path: Path) -> None:
    file = tmp_path / "statistics.json"
    counts = Statistics(file, today=today)
    for number in range(MOST_PENDING + 10):
        counts.answered(answer(number))
    counts.accepted(0)
    assert "accepted.whole" not in counts.days()["2026-01-02"]
    for year in range(1000, 1000 + MOST_DAYS + 5):
        counts.by_day[f"{year}-01-01"] = {"requests": 1}
    counts.save()
    assert len(Statistics(file).days()) == MOST_DAYS


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 9, "days": {"x": {}}}', '{"version": 1, "days": [1]}'])
def test_a_damaged_file_is_begun_anew(tmp_path: Path, content: str) -> None:
    file = tmp_path / "statistics.json"
    file.write_text(content)
    assert Statistics(file).days() == {}


def test_a_disk_that_cannot_be_written_costs_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    counts = Statistics(tmp_path / "file" / "statistics.json")
    for number in range(3):
        counts.answered(answer(number))
        counts.save()
    assert len([record for record in caplog.records if "cannot be saved" in record.message]) == 1
