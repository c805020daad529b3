"""Evaluation of prompts: what the KV cache holds is kept, the rest runs in steps that give way.

A prompt reuses the longest beginning that any sequence holds: its own, another workspace's, or what its sequence held
before (the "shelf"), by sharing their cells. In a hurry it also takes spans that stand elsewhere by now. Their keys
and values are those of the old surroundings: an approximation, remembered as such, and replaced by the next
evaluation that has the time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from iquest_lsp.errors import EngineError, EngineMemoryError, RequestCancelledError
from iquest_lsp.runtime.base.token_buffer import Ids, as_ids
from iquest_lsp.runtime.kv.checkpoints import Checkpoints
from iquest_lsp.runtime.kv.prefix_cache import KvSpan, PrefixCache, moved_spans
from iquest_lsp.runtime.llama.context import Context
from iquest_lsp.runtime.llama.evaluation import Step, pieces

log = logging.getLogger(__name__)

#: The later passes run over so many positions more than the last one needs, for edits a little before the cursor.
REWIND_EXTRA = 256
#: Fewer tokens than these are sooner evaluated again than shared, put on the shelf, or moved.
WORTH_SHARING = 64
#: In a hurry, exact evaluation may take this share of the time that is left.
HURRY_SHARE = 0.5
#: A step is ended half-way, and its work lost, only when it takes longer than any step should: on a busy machine
#: requests that are withdrawn at every key would otherwise never get a prompt evaluated.
LONG_STEP_S = 2.0
#: So many tokens, or seconds, of reading tell how fast a model reads here.
ENOUGH_TOKENS, ENOUGH_S = 4096, 30.0
#: A sequence that was not used for so many seconds may give its cells.
IDLE_S = 120.0


@dataclass(slots=True)
class PrefillWork:
    """Tokens that were read, in seconds of the clock, and of the processors."""

    tokens: int = 0
    seconds: float = 0.0
    processor_s: float = 0.0

    def add(self, tokens: int, seconds: float, processor_s: float) -> None:
        self.tokens += tokens
        self.seconds += seconds
        self.processor_s += processor_s


class Prefill:
    """The sequences of one context: `cache` says which tokens each of them holds, `evaluated` what that cost.

    Sequences below `sequences` belong to whoever asks; each has a shelf of its own behind them, and one more moves
    spans from one place to another.
    """

    def __init__(self, context: Context, batch: int, sequences: int = 1) -> None:
        self.context = context
        self.cache = PrefixCache()
        self.evaluated = 0
        self.moved = 0
        self._used_at: dict[int, float] = {}
        self._prompts: dict[int, int] = {}  # length of the last prompt, by sequence
        #: Sequences whose last evaluation ended among layers run for the prompt's end only: they begin again, in a way
        #: that can be interrupted, since steps that are always cut short there would never come to an end.
        self._unfinished: set[int] = set()
        self._batch = batch
        self._sequences = sequences
        self.checkpoints = Checkpoints(context)
        self._can_share = context.can_share and context.n_seq_max > 2 * sequences
        self.token_ms = 0.0  # measured cost of one prefilled token, a moving average
        self._work = PrefillWork()

    def run(
        self,
        tokens: Sequence[int] | Ids,
        sequence: int,
        cancelled: Callable[[], bool],
        deadline: float | None,
        *,
        budget_ms: float = 50.0,
        hurry: bool = False,
        answer: int = 0,
    ) -> tuple[int, int]:
        """Evaluates what the sequence does not hold yet, in steps of about `budget_ms`.

        Stops between two steps at the deadline. Returns how many tokens were reused and how many evaluated; what was
        evaluated stays, also when RequestCancelledError is raised. The last token's logits are kept. With `hurry`
        spans may be moved where an exact evaluation would not be done by the deadline. Cells for `answer` more tokens
        are left free.
        """
        if not 0 <= sequence < self._sequences:
            raise EngineError(f"There is no sequence {sequence}", why=f"the engine has {self._sequences}")
        ids = as_ids(tokens)
        self.cache.touch(sequence)
        self._used_at[sequence] = time.monotonic()
        approximate = hurry and self._is_late(ids, sequence, deadline)
        held = self._take_best(ids, sequence, approximate)
        inserted = 0
        began = [time.monotonic()]
        self.context.set_abort(lambda: cancelled() and time.monotonic() - began[0] > LONG_STEP_S)
        try:
            if approximate:
                inserted = self._move_spans(ids, sequence, held, cancelled)
                held = self.cache.reusable(sequence, ids, approximate=True)
            steps = self._steps(sequence, held, len(tokens), budget_ms)
            start = done = steps[0].start
            if not self.rewind(sequence, start):
                return self.run(ids, sequence, cancelled, deadline, budget_ms=budget_ms, answer=answer)
            self._make_room(len(tokens) - start + answer, sequence)
            for step in steps:
                if cancelled():
                    raise RequestCancelledError("The request was cancelled")
                if deadline is not None and done > start and time.monotonic() >= deadline:
                    break
                logits: Literal["last"] | None = "last" if step is steps[-1] else None
                began[0] = time.monotonic()
                if step.is_partial:
                    self._unfinished.add(sequence)
                self._run(step, ids[step.start : step.stop], sequence, logits, cancelled)
                done = step.stop
                self.checkpoints.note(sequence, done, len(tokens))
        finally:
            self.context.set_abort(None)
        self._prompts[sequence] = done
        if done == len(tokens):
            self._unfinished.discard(sequence)
        shelf = self._shelf(sequence)
        is_exact = done == len(tokens) and self.cache.exact(sequence) >= done
        if is_exact and self.cache.exact(shelf) < self.cache.held(shelf):
            self._drop(shelf)  # an approximation of what is exact by now
        reused = max(start - inserted, 0)  # fewer than none when the receptive field begins before what was inserted
        return reused, done - reused

    def rewind(self, sequence: int, length: int) -> bool:
        """Forgets everything from position `length` on; False where that took everything before it too."""
        if length >= self.cache.held(sequence):
            return True
        if self.context.remove(sequence, length, -1):
            self._forget_from(sequence, length)
            return True
        self._drop(sequence)
        return False

    def forget(self, sequence: int) -> None:
        """Empties a sequence, and its shelf."""
        self._drop(sequence)
        self._drop(self._shelf(sequence))

    def make_room(self, tokens: int, sequence: int) -> None:
        """Forgets other sequences, the least recently used first, until so many tokens fit in this one's place."""
        self.rewind(sequence, 0)
        self._make_room(tokens, sequence)

    def rest(self, sequence: int, may_go: Callable[[int], bool]) -> None:
        """Frees cells in an idle moment, since those in use slow down every call where attention looks at all of them:
        the sequence's shelf, and other sequences that were not used for a while, if they `may_go`."""
        self._drop(self._shelf(sequence))
        now = time.monotonic()
        for other in range(self._sequences):
            if other != sequence and now - self._used_at.get(other, now) > IDLE_S and may_go(other):
                self._drop(other)
                self._drop(self._shelf(other))

    def sizes(self) -> dict[int, int]:
        """Tokens held, per sequence; shelves do not count."""
        return {seq: size for seq, size in self.cache.sizes().items() if seq < self._sequences}

    def take_work(self) -> PrefillWork | None:
        """What reading cost since this gave something last; None while that is too little to tell."""
        work = self._work
        if work.tokens < ENOUGH_TOKENS and work.seconds < ENOUGH_S:
            return None
        self._work = PrefillWork()
        return work

    # ------------------------------------------------------------------------------------- reuse by sharing

    def _take_best(self, tokens: Ids, sequence: int, approximate: bool) -> int:
        """Lets the sequence hold the most of the prompt that can be had, and returns how much that is."""
        held = self.cache.reusable(sequence, tokens, approximate=approximate)
        if not self._can_share:
            return self._take_back(sequence, held)
        source, found = self.cache.best_source(sequence, tokens, approximate=approximate)
        lost = self._asked(sequence) - max(held, found if source == sequence else 0)  # what was written is no loss
        shelf = self._shelf(sequence)
        saves = source != sequence and found >= held + WORTH_SHARING
        # What holds more of the prompt may hold less of its later passes: no less would have to be evaluated then.
        if not saves or self._start(source, found, len(tokens)) <= self._start(sequence, held, len(tokens)):
            if lost >= WORTH_SHARING:
                self._copy(sequence, shelf, self._asked(sequence))
            return held
        if source == shelf and lost >= WORTH_SHARING:
            # the two change places: what is on the shelf is wanted, what was in use goes there
            spare = 2 * self._sequences
            self._copy(shelf, spare, found)
            self._copy(sequence, shelf, self._asked(sequence))
            self._copy(spare, sequence, found)
            self._drop(spare)
            return found
        if lost >= WORTH_SHARING:
            self._copy(sequence, shelf, self._asked(sequence))
        self._copy(source, sequence, found)
        return found

    def _take_back(self, sequence: int, held: int) -> int:
        """Lets a sequence hold the first `held` of its tokens, or as many of them as its memory can go back to."""
        if held == self.cache.held(sequence):
            return held
        if self.context.model.can_rewind and self.context.usable(sequence, held) == held:
            return held
        found = self.checkpoints.back_to(sequence, held)
        self.cache.truncate(sequence, found)
        return found

    def _start(self, sequence: int, held: int, total: int) -> int:
        """Where the evaluation of a prompt of `total` tokens begins of which a sequence holds so many."""
        return self._steps(sequence, held, total, 0.0)[0].start

    def _shelf(self, sequence: int) -> int:
        return self._sequences + sequence

    def _asked(self, sequence: int) -> int:
        """How much of what a sequence holds was a prompt: whoever comes back goes on there, not after the answer."""
        return min(self._prompts.get(sequence, 0), self.cache.held(sequence)) or self.cache.held(sequence)

    def _copy(self, source: int, target: int, length: int) -> None:
        self._drop(target)
        if length:
            self.context.copy(source, target, 0, length)
            self.cache.share(source, target, length)
            self.cache.touch(target)

    def _drop(self, sequence: int) -> None:
        if self.cache.held(sequence):
            self.context.remove(sequence, -1, -1)
            self._forget_from(sequence, 0)

    def _forget_from(self, sequence: int, length: int) -> None:
        """Records that a sequence holds nothing from position `length` on."""
        self.cache.truncate(sequence, length)
        self.checkpoints.truncate(sequence, length)

    def _make_room(self, tokens: int, sequence: int) -> None:
        while self.cache.cells() + tokens > self.context.n_ctx:
            # the prompt's own shelf only keeps what may be moved; it goes first
            shelf = self._shelf(sequence)
            victim = shelf if self.cache.held(shelf) else self.cache.least_recent([sequence])
            if victim is None:
                return  # too long a prompt: llama.cpp will say so
            log.debug("sequence %d gives its %d cells to sequence %d", victim, self.cache.held(victim), sequence)
            self._drop(victim)

    # ------------------------------------------------------------------------------------- reuse by moving

    def _is_late(self, tokens: Ids, sequence: int, deadline: float | None) -> bool:
        """Whether an exact evaluation would take more than its share of the time left."""
        if deadline is None or self.token_ms <= 0 or not (self._can_share and self.context.can_move):
            return False
        found = self.cache.best_source(sequence, tokens)[1]
        left = (deadline - time.monotonic()) * 1000
        return (len(tokens) - found) * self.token_ms > HURRY_SHARE * left

    def _move_spans(self, tokens: Ids, sequence: int, held: int, cancelled: Callable[[], bool]) -> int:
        """Moves what stands elsewhere on the shelf to where the prompt wants it; returns the tokens evaluated between.

        The later passes of a Loop model are not run over those: they count at the prompt's end only.
        """
        shelf = self._shelf(sequence)
        found = moved_spans(self.cache.tokens(shelf), tokens[:-1], held, WORTH_SHARING)
        spans = [span for span in map(self._movable, found) if span.length]
        if not spans or not self.rewind(sequence, held):
            return 0
        evaluated = 0
        for span in spans:
            if self.cache.is_shared(shelf, span.source, span.length):
                break  # moving cells moves them for everyone who has them
            self._make_room_for_gap(span.target - self.cache.held(sequence), sequence, shelf)
            if not self.cache.held(shelf):
                break
            for step in self._gap(sequence, span.target):
                self._run(step, tokens[step.start : step.stop], sequence, None, cancelled)
                evaluated += step.stop - step.start
            self._move(shelf, span, sequence)
        self._drop(shelf)
        return evaluated

    def _make_room_for_gap(self, tokens: int, sequence: int, shelf: int) -> None:
        while self.cache.cells() + tokens > self.context.n_ctx:
            victim = self.cache.least_recent([sequence, shelf])
            if victim is None:
                self._drop(shelf)
                return
            self._drop(victim)

    def _gap(self, sequence: int, stop: int) -> list[Step]:
        layers = self.context.first_pass
        return [Step(at, end, layers) for at, end in pieces(self.cache.held(sequence), stop, self._batch)]

    def _movable(self, span: KvSpan) -> KvSpan:
        """The part of a span that is valid elsewhere."""
        return KvSpan(span.source, span.target, self.context.movable(span.length))

    def _move(self, shelf: int, span: KvSpan, sequence: int) -> None:
        spare = 2 * self._sequences
        start, stop = span.source, span.source + span.length
        shift = span.target - span.source
        self.context.copy(shelf, spare, start, stop)
        self.context.remove(shelf, start, stop)
        if shift:
            self.context.shift(spare, start, stop, shift)
        self.context.copy(spare, sequence, span.target, span.target + span.length)
        self.context.remove(spare, -1, -1)
        self.cache.splice(shelf, span, sequence)
        self.moved += span.length

    # ------------------------------------------------------------------------------------------ evaluation

    def _steps(self, sequence: int, held: int, total: int, budget_ms: float) -> Sequence[Step]:
        """The calls that evaluate a prompt: for a Loop model the later passes run over the receptive field only."""
        size = self._batch
        if self.token_ms > 0:
            fitting = int(budget_ms / self.token_ms)
            size = max(min(fitting - fitting % 32, self._batch), 32)
        else:
            size = min(64, size)
        can_pause = sequence in self._unfinished
        plan = self.context.plan(sequence, held, total, batch=size, extra=REWIND_EXTRA, can_pause=can_pause)
        return self.checkpoints.with_pauses(plan.steps)

    def _run(
        self,
        step: Step,
        tokens: Ids,
        sequence: int,
        logits: Literal["last"] | None,
        cancelled: Callable[[], bool],
    ) -> None:
        begin, worked = time.monotonic(), time.process_time()
        try:
            try:
                self.context.decode_step(step, tokens, sequence, logits)
            except EngineMemoryError:
                victim = self.cache.least_recent([sequence])
                if victim is None:
                    raise
                self._drop(victim)  # cells are taken in runs, so that the count alone may be too hopeful
                self.context.decode_step(step, tokens, sequence, logits)
        except EngineError:
            if not self.context.remove(sequence, step.start, -1):  # nothing half evaluated may stay
                self.rewind(sequence, 0)
            if cancelled():
                raise RequestCancelledError("The request was cancelled") from None
            raise
        self.cache.extend(sequence, tokens)
        self.evaluated += len(tokens)
        if len(tokens) >= 32:
            seconds = time.monotonic() - begin
            self._work.add(len(tokens), seconds, time.process_time() - worked)
            cost = seconds * 1000 / len(tokens)
            self.token_ms = cost if self.token_ms <= 0 else 0.7 * self.token_ms + 0.3 * cost
