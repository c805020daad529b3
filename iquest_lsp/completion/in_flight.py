"""Generations under way, which a request may join instead of starting anew.

Who types what the model is just writing withdraws a request and sends the next one at every key; the model need not
begin again each time. It ends at the next token when the text it writes is not what was typed, when another one
takes its place, or when nobody has waited for it for a moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from iquest_lsp.completion.suggestion_cache import NEAR_BEFORE, near, typed_through
from iquest_lsp.datatypes import Generation
from iquest_lsp.errors import RequestCancelledError
from iquest_lsp.runtime.base.repetition import without_loop
from iquest_lsp.runtime.base.tasks import is_being_cancelled, mark_seen

#: Between an editor's withdrawal of a request and its next one.
LINGER_S = 0.03

Start = Callable[[Callable[[str], None]], Awaitable[Generation]]


class InFlight:
    """One generation for a place in a document, and who waits for it."""

    def __init__(self, text: str, offset: int, longer: bool, start: Start, asked_at: float = 0.0) -> None:
        """`asked_at` is when the request came, of the monotonic clock: a later one is newer."""
        self.asked_at = asked_at
        self._before, self._after = near(text, offset)
        self._offset = offset
        self._longer = longer
        self._said = ""
        self._typed = ""
        self._waiting = 0
        self.diverged = False
        self.task = asyncio.ensure_future(start(self._hear))
        self.task.add_done_callback(mark_seen)

    def joins(self, text: str, offset: int, longer: bool) -> bool:
        """Whether a request at a place can wait for this one: only what it may still write was typed since."""
        before, after = near(text, offset, extra=NEAR_BEFORE)
        length = offset - self._offset
        if self.task.done() or self.diverged or after != self._after or longer != self._longer:
            return False
        if not length and not self._waiting:
            return False  # withdrawn, and asked again in the same place: that one is not wanted
        if not 0 <= length <= NEAR_BEFORE or not before.endswith(self._before, 0, len(before) - length):
            return False
        typed = before[len(before) - length :]
        if not _agree(self._said, typed):
            return False
        self._typed = typed
        return True

    async def wait(self) -> Generation:
        """What is written behind what was typed since the start; raises RequestCancelledError if it went elsewhere."""
        typed = self._typed
        self._waiting += 1
        try:
            made = await asyncio.shield(self.task)
        except asyncio.CancelledError:
            if self.task.cancelled() and not is_being_cancelled():
                raise RequestCancelledError("A newer request took this one's place") from None
            raise
        finally:
            self._waiting -= 1
            if not self._waiting and not self.task.done():
                asyncio.get_running_loop().call_later(LINGER_S, self._end_if_alone)
        if not made.text.startswith(typed) or (typed and len(without_loop(made.text)) < len(typed)):
            self.diverged = True
            raise RequestCancelledError("Something else was typed, or a loop")
        left = typed_through(made, typed)
        return replace(left, counts=made.counts) if left is not made else made

    def end(self) -> None:
        """Ends the generation at its next token."""
        self.task.cancel()

    def _hear(self, text: str) -> None:
        self._said += text
        if not _agree(self._said, self._typed):
            self.diverged = True
            self.task.cancel()

    def _end_if_alone(self) -> None:
        if not self._waiting:
            self.task.cancel()


def _agree(said: str, typed: str) -> bool:
    return said.startswith(typed) or typed.startswith(said)
