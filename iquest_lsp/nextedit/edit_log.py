"""The edits of one client in one workspace: what its texts were before them, and where the last ones were.

An edit is where keystrokes lie within NEAR_LINES lines and PAUSE_S seconds of each other; MOST are kept. A text that is
again what it was has no edits: undo takes them back. What is older than the kept ones belongs to the text before.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from iquest_lsp.codeflow.reading import ChangedText
from iquest_lsp.common_ends import changed_part
from iquest_lsp.nextedit.pieces import edits_between
from iquest_lsp.nextedit.records import Edit

NEAR_LINES, PAUSE_S, MOST = 8, 1.0, 20
#: A text with more characters is not followed.
MAX_TEXT = 1_000_000


@dataclass(slots=True)
class EditedPlace:
    """Where an edit was last: `line` in the text as it is; `own`: a suggestion made it; `deletes`: only text went."""

    path: str
    line: int
    at: float
    own: bool = False
    deletes: bool = True


class EditLog:
    """See the module's docstring. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._before: dict[str, str] = {}
        self._after: dict[str, str] = {}
        self._touches: list[EditedPlace] = []

    def changed(self, path: str, before: str, after: str, *, own: bool = False) -> None:
        """A text became another one; `own` where a suggestion that was taken made it so."""
        if before == after or max(len(before), len(after)) > MAX_TEXT:
            return
        first, shift, deletes = _where(before, after)
        for touch in self._touches:
            if touch.path == path and touch.line > first:
                touch.line = max(touch.line + shift, first)
        self._before.setdefault(path, before)
        self._after[path] = after
        now = self._clock()
        last = self._touches[-1] if self._touches else None
        if last is not None and last.path == path and abs(last.line - first) <= NEAR_LINES and now - last.at <= PAUSE_S:
            last.line, last.at, last.own, last.deletes = first, now, own and last.own, deletes and last.deletes
        else:
            self._touches.append(EditedPlace(path, first, now, own, deletes))
        if after == self._before[path]:
            self._forget(path)
        while len(self._touches) > MOST:
            self._settle(self._touches.pop(0))

    def now_is(self, path: str, text: str) -> bool:
        """A text is this one without an edit of the client's; whether it lost edits by that.

        What was edited stays an edit as long as the text says so: a document that is closed unsaved, and one that
        somebody else wrote meanwhile, are other texts.
        """
        if self._after.get(path, text) == text:
            return False
        self._forget(path)
        return True

    @property
    def texts(self) -> list[ChangedText]:
        """The changed texts, the one that was edited last at the end."""
        order = {touch.path: at for at, touch in enumerate(self._touches)}
        paths = sorted(self._before, key=lambda path: order.get(path, -1))
        return [ChangedText(path, self._before[path], self._after[path]) for path in paths]

    @property
    def last(self) -> EditedPlace | None:
        """Where the last edit was."""
        return self._touches[-1] if self._touches else None

    def records(self) -> list[tuple[Edit, EditedPlace | None]]:
        """The edits, each with the touch that it belongs to."""
        found: list[tuple[Edit, EditedPlace | None]] = []
        for text in self.texts:
            for edit in edits_between(text.path, text.before, text.after):
                near = [item for item in self._touches if item.path == text.path and _is_near(edit, item)]
                found.append((edit, near[-1] if near else None))
        return found

    def _forget(self, path: str) -> None:
        self._before.pop(path, None)
        self._after.pop(path, None)
        self._touches = [touch for touch in self._touches if touch.path != path]

    def _settle(self, touch: EditedPlace) -> None:
        """Makes what was edited at a touch, and at no later one, a part of the text before."""
        path = touch.path
        if path not in self._before:
            return
        others = [item for item in self._touches if item.path == path]
        if not others:
            self._forget(path)
            return
        lines = self._before[path].split("\n")
        for edit in reversed(edits_between(path, self._before[path], self._after[path])):
            if _is_near(edit, touch) and not any(_is_near(edit, item) for item in others):
                lines[edit.old_line : edit.old_line + len(edit.old)] = edit.new
        self._before[path] = "\n".join(lines)


def _is_near(edit: Edit, touch: EditedPlace) -> bool:
    return edit.line - NEAR_LINES <= touch.line <= edit.line + len(edit.new) + NEAR_LINES


def _where(before: str, after: str) -> tuple[int, int, bool]:
    """The first changed line, how many lines came, and whether text was only taken away."""
    head, tail = changed_part(before, after)
    shift = after.count("\n") - before.count("\n")
    return before.count("\n", 0, head), shift, head + tail == len(after) < len(before)
