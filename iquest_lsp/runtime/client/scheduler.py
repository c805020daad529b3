"""Who may use the engine next: completions before chat before what is done ahead, and everybody in turn.

The engine runs one thing at a time. Warming comes in steps of `WARM_STEP_MS` and chat in slices of `CHAT_SLICE`
tokens; both give way between two of them, and what they finished stays in the KV cache. A speculation
ends at its next token when something better comes. Within a priority the group (a workspace) comes first that
has used the engine least; who has waited for `PATIENCE_S` comes before everybody once, so that nothing starves.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace

from iquest_lsp.datatypes import Finish, Generation, Limits, Priority, Prompt
from iquest_lsp.errors import RequestCancelledError
from iquest_lsp.runtime.base.engine import Engine, StateLabel
from iquest_lsp.runtime.base.tasks import is_being_cancelled

WARM_STEP_MS = 50.0
CHAT_SLICE = 8
PATIENCE_S = 2.0
_MAX_GROUPS = 256
#: Tokens from which on a prompt is evaluated in steps before its answer is begun.
_LONG_PROMPT = 64


@dataclass(slots=True)
class _Turn:
    """A call that waits for the engine or has it."""

    priority: Priority
    group: str
    order: int
    asked: float
    future: asyncio.Future[None]
    task: asyncio.Task[object] | None = None  # what to cancel when something better comes
    begun: float = 0.0


class Scheduler:
    """Orders the calls to one engine. `clock` gives seconds."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self.engine = engine
        self._clock = clock
        self._running: _Turn | None = None
        self._waiting: list[_Turn] = []
        self._order = itertools.count()
        self._used: dict[str, float] = {}  # seconds of the engine, per group

    async def complete(
        self,
        prompt: Prompt,
        limits: Limits,
        *,
        priority: Priority = Priority.COMPLETION,
        group: str = "",
        on_text: Callable[[str], None] | None = None,
    ) -> Generation:
        """Runs one generation when its turn comes.

        A speculation that gives way raises RequestCancelledError. Time spent waiting counts against the deadline and is
        reported as `queue_ms`.
        """
        work = self._in_slices if priority is Priority.CHAT and _can_be_sliced(prompt) else self._complete
        task = asyncio.ensure_future(work(prompt, limits, priority, group, on_text))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            superseded = task.cancelled() and not is_being_cancelled()
            task.cancel()
            if superseded:
                raise RequestCancelledError("Another request took this one's place") from None
            raise

    async def warm(
        self,
        tokens: Sequence[int],
        sequence: int,
        *,
        group: str = "",
        priority: Priority = Priority.WARMING,
        progress: Callable[[int, int], None] | None = None,
    ) -> int:
        """Evaluates a prompt ahead of time, step by step; returns the tokens evaluated.

        `progress` hears how many of how many tokens are there after each step.
        """
        evaluated = 0
        while True:
            async with self._turn(priority, group):
                step = await self.engine.warm(tokens, sequence, WARM_STEP_MS)
            evaluated += step.evaluated
            if progress is not None:
                progress(len(tokens) - step.remaining, len(tokens))
            if not step.remaining:
                return evaluated

    async def learn(self, memory: Sequence[str], *, group: str = "") -> None:
        """Learns from a memory how far the model leans on one, step by step, where there is anything to learn."""
        left = 1
        while left:
            async with self._turn(Priority.WARMING, group):
                left = await self.engine.learn(memory, WARM_STEP_MS)

    async def save(self, label: StateLabel, sequence: int = 0, *, wait: bool = False) -> int:
        """Saves a sequence's KV when nothing else is to be done; returns the tokens saved."""
        async with self._turn(Priority.WARMING):
            return await self.engine.save(label, sequence, wait=wait)

    async def restore(self, label: StateLabel, wanted: Sequence[int] = (), sequence: int = 0) -> int:
        """Puts saved KV into a sequence before anything else is evaluated; returns the tokens it holds then."""
        async with self._turn(Priority.COMPLETION):
            return await self.engine.restore(label, sequence, wanted)

    async def _complete(
        self, prompt: Prompt, limits: Limits, priority: Priority, group: str, on_text: Callable[[str], None] | None
    ) -> Generation:
        asked = self._clock()
        async with self._turn(priority, group):
            queued = (self._clock() - asked) * 1000
            if limits.deadline_ms is not None:
                limits = replace(limits, deadline_ms=max(limits.deadline_ms - queued, 1.0))
            made = await self.engine.complete(prompt, limits, on_text)
        return replace(made, timings=replace(made.timings, queue_ms=queued))

    async def _in_slices(
        self, prompt: Prompt, limits: Limits, priority: Priority, group: str, on_text: Callable[[str], None] | None
    ) -> Generation:
        """A long answer in pieces of a few tokens, and its prompt in steps, so that completions come in between."""
        begin = self._clock()
        if len(prompt.tokens) > _LONG_PROMPT:
            await self.warm(prompt.tokens, prompt.sequence, group=group, priority=priority)
        made: Generation | None = None
        while True:
            so_far = made.tokens if made is not None else ()
            few = replace(limits, max_tokens=min(CHAT_SLICE, limits.max_tokens - len(so_far)))
            if limits.deadline_ms is not None:
                few = replace(few, deadline_ms=max(limits.deadline_ms - (self._clock() - begin) * 1000, 1.0))
            asked = replace(
                prompt, tokens=prompt.tokens + so_far, heal=prompt.heal and made is None, answered=len(so_far)
            )
            piece = await self._complete(asked, few, priority, group, on_text)
            made = piece if made is None else _joined(made, piece, prompt.stop)
            if made.finish is not Finish.LIMIT or len(made.tokens) >= limits.max_tokens:
                return made
            made = _whole_characters(made)

    # -------------------------------------------------------------------------------------------------- turns

    @contextlib.asynccontextmanager
    async def _turn(self, priority: Priority, group: str = "") -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        turn = _Turn(priority, group, next(self._order), self._clock(), loop.create_future())
        if priority is Priority.SPECULATION:
            turn.task = asyncio.current_task()
        self._arrive(group)
        if self._running is not None:
            self._waiting.append(turn)
            if self._running.task is not None and self._running.priority > priority:
                self._running.task.cancel()
            try:
                await turn.future  # whoever ran before hands the engine over: `_running` is this turn then
            except asyncio.CancelledError:
                if turn in self._waiting:
                    self._waiting.remove(turn)
                elif self._running is turn:
                    self._hand_over()
                raise
        self._running = turn
        turn.begun = self._clock()
        try:
            yield
        finally:
            self._used[group] = self._used.get(group, 0.0) + self._clock() - turn.begun
            self._hand_over()

    def _hand_over(self) -> None:
        self._running = None
        # One that was cancelled a moment ago has not yet taken itself out.
        self._waiting = [turn for turn in self._waiting if not turn.future.done()]
        if self._waiting:
            turn = min(self._waiting, key=self._rank)
            self._waiting.remove(turn)
            self._running = turn
            turn.future.set_result(None)

    def _rank(self, turn: _Turn) -> tuple[int, float, int]:
        """Smallest first: priority, use of the engine, order of asking."""
        waits = turn.priority is not Priority.SPECULATION and self._clock() - turn.asked >= PATIENCE_S
        if waits:
            return -1, turn.asked, turn.order
        return int(turn.priority), self._used.get(turn.group, 0.0), turn.order

    def _arrive(self, group: str) -> None:
        """A group that comes back after a pause has saved up nothing."""
        active = [turn.group for turn in self._waiting]
        if self._running is not None:
            active.append(self._running.group)
        if group not in active and active:
            least = min(self._used.get(name, 0.0) for name in active)
            self._used[group] = max(self._used.get(group, 0.0), least)
        while len(self._used) > _MAX_GROUPS:
            self._used.pop(next(iter(self._used)))


def _can_be_sliced(prompt: Prompt) -> bool:
    return not prompt.max_lines and prompt.outer_indent < 0


def _joined(first: Generation, then: Generation, stop: Sequence[str]) -> Generation:
    """Two pieces of one answer; a stop text that lies across their border ends it."""
    text = first.text + then.text
    finish = then.finish
    cuts = [found for item in stop if (found := text.find(item, max(len(first.text) - len(item), 0))) >= 0]
    if cuts:
        text, finish = text[: min(cuts)], Finish.STOP
    counts, timings = first.counts, first.timings
    return Generation(
        text=text,
        tokens=first.tokens + then.tokens,
        logprobs=first.logprobs + then.logprobs,
        finish=finish,
        counts=replace(
            counts,
            generated=counts.generated + then.counts.generated,
            drafted=counts.drafted + then.counts.drafted,
            accepted=counts.accepted + then.counts.accepted,
            rechecked=counts.rechecked + then.counts.rechecked,
        ),
        timings=replace(
            timings,
            total_ms=timings.total_ms + then.timings.total_ms,
            queue_ms=timings.queue_ms + then.timings.queue_ms,
            prefill_ms=timings.prefill_ms + then.timings.prefill_ms,
            decode_ms=timings.decode_ms + then.timings.decode_ms,
        ),
        ends=first.ends + tuple(len(first.text) + end for end in then.ends),
    )


def _whole_characters(made: Generation) -> Generation:
    """Without tokens at the end that wait for the rest of a character: the next piece writes them again."""
    count = len(made.ends)
    while count > 1 and made.ends[count - 1] == made.ends[count - 2]:
        count -= 1
    if count in (len(made.ends), 1):
        return made
    return replace(made, tokens=made.tokens[:count], logprobs=made.logprobs[:count], ends=made.ends[:count])
