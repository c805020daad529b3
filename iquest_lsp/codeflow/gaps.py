"""What an answer lacks: everything that was cut off, skipped, not read yet or not readable, as facts.

Each question opens its own `Repository`, whose `gaps` collects them on the way; the answer tells them (`partial`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from iquest_lsp.codeflow.facts import Fact
from iquest_lsp.errors import IQuestError

logger = logging.getLogger(__name__)
T = TypeVar("T")


class GapKind(StrEnum):
    """What is missing; the values of the first seven are paths, of the next two names, each found on the way."""

    INNER = "inner-repository"
    #: Submodules in which something is not committed.
    SUBMODULE = "submodule"
    LARGE = "large"
    UNREADABLE = "unreadable"
    #: Files that a merge left in conflict, of which the index has no one text.
    CONFLICT = "conflict"
    #: Files whose definitions are not read, since there are too many of them.
    TEXTS = "texts"
    #: Contents that a clone lacks; object ids where no path is known.
    ABSENT = "absent"
    #: Tags that name what is not there.
    TAGS = "tags"
    #: Definitions whose uses are not searched.
    SHORT = "short"
    #: Contents of older commits that a clone lacks.
    OLDER = "older"
    #: How many untracked files are read, and how many there are.
    UNTRACKED = "untracked"
    #: How many of the commits of a range are read.
    RANGE = "range"
    #: The definitions that the history was asked about, and all of them.
    DEFINITIONS = "definitions"
    FILES = "files"
    #: Names whose uses were searched, and all of them.
    NAMES = "names"
    OUTSIDE = "outside"
    SHALLOW = "shallow"
    #: The commit asked about, with which a shallow clone ends: what it changed is not known.
    CUT_OFF = "cut-off"
    BARE = "bare"
    #: A sparse checkout: files that are not here.
    SPARSE = "sparse"
    TIME = "time"
    #: How many of the newest commits were looked at.
    NOT_INDEXED = "not-indexed"
    COMMITS = "commits"
    #: How many uses were found before the search stopped; how many files were not parsed.
    USES = "uses"
    UNPARSED = "unparsed"
    #: How many are shown, and how many there are.
    STEPS = "steps"
    PLACES = "places"
    RISKS = "risks"
    BINARIES = "binaries"
    FRAMES = "frames"
    #: Megabytes of a log that are read.
    LOG = "log"
    #: Files in which a fault of this program hid what changes, and parts of an answer (`AnswerPart`) that it took.
    FAULTY_FILE = "faulty-file"
    FAULT = "fault"


class AnswerPart(StrEnum):
    """A part of an explanation without which the rest still holds."""

    USES = "uses"
    RISKS = "risks"
    MISSING = "missing"
    HISTORY = "history"


#: What a clone made with `--filter` lacks.
CONTENTS = (GapKind.ABSENT, GapKind.OLDER)
#: Kinds whose values add up.
LISTS = frozenset(
    {
        GapKind.INNER,
        GapKind.SUBMODULE,
        GapKind.LARGE,
        GapKind.UNREADABLE,
        GapKind.CONFLICT,
        GapKind.TEXTS,
        GapKind.ABSENT,
        GapKind.TAGS,
        GapKind.SHORT,
        GapKind.FAULTY_FILE,
        GapKind.FAULT,
    }
)


class Gap(Fact[GapKind]):
    """One thing that an answer lacks."""

    __slots__ = ()


class Gaps:
    """Collects what an answer lacks."""

    #: Whether faults of this program end the answer, for whoever looks for them.
    shows_faults = False

    def __init__(self) -> None:
        self._found: dict[GapKind, dict[str, None]] = {}

    def part(self, part: AnswerPart, work: Callable[[], list[T]]) -> list[T]:
        """What `work` finds for a part of an answer; nothing, with a gap, where a fault of this program ends it."""
        return self._unless_faulty(GapKind.FAULT, part, work)

    def in_file(self, path: str, work: Callable[[], list[T]]) -> list[T]:
        """The same of one file."""
        return self._unless_faulty(GapKind.FAULTY_FILE, path, work)

    def is_faulty(self, path: str) -> bool:
        """Whether a fault hid something of a file."""
        return path in self._found.get(GapKind.FAULTY_FILE, ())

    def _unless_faulty(self, kind: GapKind, value: str, work: Callable[[], list[T]]) -> list[T]:
        try:
            return work()
        except (IQuestError, OSError, MemoryError):  # a user, or the machine, can do something about these
            raise
        except Exception:
            if self.shows_faults:
                raise
            logger.exception("a fault of this program, in %s %s", kind.value, value)
            self.add(kind, value)
            return []

    def add(self, kind: GapKind, *values: object) -> None:
        """Notes a gap; values of the kinds in LISTS add up, of the others the last count."""
        if kind not in LISTS:
            self._found[kind] = {}
        self._found.setdefault(kind, {}).update(dict.fromkeys(map(str, values)))

    def cut(self, kind: GapKind, most: int, count: int) -> None:
        """Notes that only `most` of `count` are in the answer, where that is so."""
        if count > most:
            self._found[kind] = {}
            self.add(kind, most, count)

    def has(self, *kinds: GapKind) -> bool:
        """Whether something of one of the kinds was noted."""
        return any(kind in self._found for kind in kinds)

    def told(self) -> tuple[Gap, ...]:
        """All of them, in the order of their kinds."""
        return tuple(Gap(kind, tuple(self._found[kind])) for kind in GapKind if kind in self._found)
