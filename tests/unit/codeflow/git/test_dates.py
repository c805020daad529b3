"""Dates as they stand in commits, and as somebody may have written them there."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.git.dates import NO_DATE, day, seconds
from tests.unit.codeflow.conftest import Script, history_of


@pytest.mark.parametrize(
    ("told", "expected"),
    [("1700000000", 1_700_000_000), ("", 0), ("%at", 0), ("-5", 0), ("18446744073709551615", 253_402_300_799)],
)
def test_seconds_are_numbers_that_can_be_kept(told: str, expected: int) -> None:
    assert seconds(told) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("2026-03-02T23:30:00-08:00", "2026-03-02"),
        ("3170843-11-07T09:46:39+00:00", "3170843-11-07"),
        ("2023-11-19T02:33:20+99:99", "2023-11-19"),
        ("%aI", NO_DATE),
        ("", NO_DATE),
    ],
)
def test_a_day_is_one_or_is_said_to_be_none(told: str, expected: str) -> None:
    assert day(told) == expected


def test_commits_with_any_date_are_told(script: Script) -> None:
    script.commit("Begin", {"a.py": "x = 0\n"})
    stamps = ("-100000000 +0000", "18446744073709551616 +0000", "99999999999999 +0000", "", "1700000000 +9999")
    for number, stamp in enumerate(stamps, 1):
        script.write({"a.py": f"x = {number}\n"})
        script.git("add", "a.py")
        who = f"Ada <a@x.org> {stamp}".rstrip()
        text = (
            f"tree {script.git('write-tree')}\nparent {script.head()}\nauthor {who}\ncommitter {who}\n\nStep {number}\n"
        )
        script.git("reset", "-q", script.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=text))
    script.git("tag", "v1.0", "HEAD~2")
    history = history_of(script.root)
    told = [(event.subject, event.date) for event in history.why("a.py:1").story]
    assert [subject for subject, _ in told] == ["Begin", *(f"Step {number}" for number in range(1, 6))]
    assert dict(told)["Step 3"] == "3170843-11-07"
    assert dict(told)["Step 4"] == NO_DATE
    assert not any("%" in date for _, date in told)
    assert len(history.suspects("a.py").items) == 6
    history.update_index()
    assert len(history.why("a.py").story) == 6
