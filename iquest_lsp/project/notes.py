"""What other tools say of a file's lines: compilers, linters, other language servers, through the editor."""

from __future__ import annotations

from collections.abc import Sequence

MOST_FILES = 50


class Notes:
    """The latest notes of each file, nearest to the cursor first; of the last MOST_FILES files."""

    def __init__(self) -> None:
        self._notes: dict[str, tuple[str, ...]] = {}

    def take(self, path: str, notes: Sequence[str]) -> bool:
        """Replaces those of a file; whether that is news."""
        before = self._notes.pop(path, ())
        if notes:
            self._notes[path] = tuple(notes)
            while len(self._notes) > MOST_FILES:
                del self._notes[next(iter(self._notes))]
        return before != tuple(notes)

    def of(self, path: str) -> tuple[str, ...]:
        """Those of a file."""
        return self._notes.get(path, ())
