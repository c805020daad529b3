"""When something was committed, as git tells it; nothing keeps a date in it from being nonsense."""

from __future__ import annotations

import re
from datetime import datetime

#: What stands where a commit has no date that git can read.
NO_DATE = "no date"
#: The last second of the year 9999. Seconds are compared and kept in a database, which takes no number of any size.
_LATEST = 253402300799
_DAY = re.compile(r"\d{4,}-\d\d-\d\d")


def seconds(told: str) -> int:
    """Epoch seconds; 0 where git tells none."""
    return min(int(told), _LATEST) if re.fullmatch(r"\d{1,30}", told) else 0


def day(iso: str) -> str:
    """The day of a date as `%aI` tells it, in the author's own zone."""
    try:
        return datetime.fromisoformat(iso).date().isoformat()
    except ValueError:
        found = _DAY.match(iso)
        return found[0] if found else NO_DATE
