"""What became of suggestions, counted on this machine and sent nowhere.

One JSON file in the state folder: per day how many requests were answered and from where, how many were kept quiet
and why, how many suggestions were shown and taken, whole, by line or by word. No text, no name of a file.
"""

from __future__ import annotations

import json
import logging
import time
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from platformdirs import user_state_path

from iquest_lsp.atomic_file import atomic_write
from iquest_lsp.datatypes import Completion

log = logging.getLogger(__name__)

VERSION = 1
SAVE_EVERY_S = 60.0
MOST_DAYS = 400
MOST_PENDING = 512
#: Upper limits of the buckets that answering times are counted in, milliseconds; the last bucket has none.
BUCKETS_MS = (5, 20, 50, 100, 150, 250, 400, 1000)


class Statistics:
    """Counts, and saves the counts now and then; a disk that cannot be written costs one line in the log."""

    def __init__(
        self, file: Path | None, *, today: Callable[[], date] = date.today, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`file` None counts without saving."""
        self._file = file
        self._today = today
        self._clock = clock
        self.by_day: dict[str, dict[str, Any]] = _read(file) if file is not None else {}
        self._pending: OrderedDict[int, str] = OrderedDict()  # answer's number -> its text, until it is old
        self._taken: dict[int, int] = {}
        self._shown: set[int] = set()
        self._saved = clock()
        self._changed = self._failed = False

    def answered(self, made: Completion) -> None:
        """One request was answered."""
        day = self._day()
        _count(day, "requests")
        _count(day, f"source.{made.source}" if made.text else f"quiet.{made.quiet or 'nothing'}")
        if made.text:
            bucket = bisect_left(BUCKETS_MS, made.timings.total_ms)
            _count(day, f"ms.{BUCKETS_MS[bucket]}" if bucket < len(BUCKETS_MS) else "ms.more")
            self._pending[made.number] = made.text
            while len(self._pending) > MOST_PENDING:
                old, _ = self._pending.popitem(last=False)
                self._taken.pop(old, None)
                self._shown.discard(old)
        self._save_sometimes()

    def shown(self, number: int) -> None:
        """An editor showed an answer."""
        if number in self._pending and number not in self._shown:
            self._shown.add(number)
            _count(self._day(), "shown")

    def accepted(self, number: int, length: int | None = None) -> None:
        """An editor took an answer: its first `length` characters all in all, or the whole of it."""
        text = self._pending.get(number)
        if text is None:
            return
        before = self._taken.get(number, 0)
        upto = len(text) if length is None else min(max(length, 0), len(text))
        if upto <= before:
            return
        self.shown(number)
        day = self._day()
        self._taken[number] = upto
        _count(day, "accepted.characters", upto - before)
        if upto == len(text) and before == 0:
            _count(day, "accepted.whole")
        else:
            ends_line = upto == len(text) or "\n" in text[upto - 1 : upto + 1]
            _count(day, "accepted.lines" if ends_line else "accepted.words")

    def days(self) -> dict[str, dict[str, int]]:
        """The counts by day (ISO 8601)."""
        return {day: dict(counts) for day, counts in self.by_day.items()}

    def save(self) -> None:
        """Writes the file, whole or not at all."""
        self._saved = self._clock()
        if self._file is None or not self._changed:
            return
        for day in sorted(self.by_day)[:-MOST_DAYS]:
            del self.by_day[day]
        try:
            atomic_write(self._file, json.dumps({"version": VERSION, "days": self.by_day}))
            self._changed = self._failed = False
        except OSError as error:
            if not self._failed:
                log.warning("the statistics cannot be saved: %s", error)
            self._failed = True

    def _day(self) -> dict[str, Any]:
        self._changed = True
        return self.by_day.setdefault(self._today().isoformat(), {})

    def _save_sometimes(self) -> None:
        if self._clock() - self._saved >= SAVE_EVERY_S:
            self.save()


def kept_statistics() -> Statistics:
    """Counts that go on from those of earlier days, in the user's state folder."""
    return Statistics(user_state_path("iquest-lsp") / "statistics.json")


def _count(day: dict[str, Any], name: str, by: int = 1) -> None:
    day[name] = day.get(name, 0) + by


def _read(file: Path) -> dict[str, dict[str, Any]]:
    """The days of an earlier file; none of one that cannot be read."""
    try:
        data = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    days = data.get("days") if isinstance(data, dict) and data.get("version") == VERSION else None
    if not isinstance(days, dict):
        return {}
    return {
        str(day): {str(name): value for name, value in counts.items() if type(value) is int}
        for day, counts in days.items()
        if isinstance(counts, dict)
    }
