"""Decoding: an answer written after an evaluated prompt, several tokens a step where the controller expects a gain."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.datatypes import Finish
from iquest_lsp.runtime.decode.batch_invariance import try_rows
from iquest_lsp.runtime.decode.controller import MATCHED, Controller, DraftSource, Move
from iquest_lsp.runtime.decode.drafting import Lookup, LookupDraft
from iquest_lsp.runtime.decode.mixtures import Mixtures, SeenText
from iquest_lsp.runtime.decode.sampling import Choice, DraftToken, Sampler, is_close_call, only, without
from iquest_lsp.runtime.decode.sequence_end import ContextEnd
from iquest_lsp.runtime.decode.small_model import SmallModel
from iquest_lsp.runtime.llama.grammar import Grammar
from iquest_lsp.runtime.memory.mixture import Leaning
from iquest_lsp.runtime.memory.store import LONGEST
from iquest_lsp.runtime.models.planner import cores

if TYPE_CHECKING:
    from iquest_lsp.runtime.base.engine import EngineOptions
    from iquest_lsp.runtime.decode.answer import Answer, Request
    from iquest_lsp.runtime.decode.healing import Pieces
    from iquest_lsp.runtime.decode.sequence_end import Logits, SequenceEnd
    from iquest_lsp.runtime.kv.prefill import Prefill
    from iquest_lsp.runtime.llama.context import Context
    from iquest_lsp.runtime.llama.model import Model

#: A match in the text itself that long is followed rather than one in other files.
LONGEST_REMEMBERED = LONGEST


@dataclass(frozen=True, slots=True)
class Traits:
    """What a writer needs to know of a loaded model: its tokens' `pieces` and those that end a text (`ends`), and
    whether a row of several is computed as it would be alone."""

    pieces: Pieces
    ends: tuple[int, ...] = ()
    has_equal_rows: bool = True


class Writer:
    """Writes one answer."""

    def __init__(
        self,
        tail: SequenceEnd,
        controller: Controller,
        traits: Traits,
        request: Request,
        answer: Answer,
        sampler: Sampler,
        seen: SeenText | None = None,
        small: SmallModel | None = None,
        grammar: Grammar | None = None,
    ) -> None:
        """`seen` is what was seen before: it changes the distributions, and is drafted from; `small` writes drafts;
        `grammar` says what may come next, and is closed when the answer has ended."""
        seen = seen or SeenText()
        self._tail = tail
        self._controller = controller
        self._traits = traits
        self._request = request
        self._answer = answer
        self._sampler = sampler
        self._checks = not traits.has_equal_rows and not sampler.samples
        self._must = request.must
        self._mixture = seen.mixture
        self._lookup = seen.lookup
        self._memory = seen.memory
        self._told = seen.told
        self._small = small
        self._grammar = grammar
        self._looks_up = False
        self._token = -1
        #: Tokens guessed ahead, and those of them that were confirmed.
        self.drafted = 0
        self.accepted = 0
        #: Rows of several that were too close to call, and so were evaluated again alone.
        self.rechecked = 0

    def write(self) -> Finish:
        """Writes the answer after a prompt whose last token's logits are there; returns why it ended."""
        try:
            return self._write()
        finally:
            if self._grammar is not None:
                self._grammar.close()

    def _write(self) -> Finish:
        self._request.check()
        ended = self._take(self._sampler.choose(self._limited(self._tail.last())))
        while ended is None:
            self._request.check()
            if self._must:
                ended = self._plain()
            elif self._request.limits.draft:
                ended = self._step()
            else:
                ended = self._plain()
        return ended

    @property
    def leaning(self) -> Leaning:
        """How far the answer leans on the memory of other files, and on which."""
        return self._memory.leaning if self._memory is not None else Leaning()

    def _step(self) -> Finish | None:
        room = self._request.limits.max_tokens - len(self._answer.tokens) - 1
        found = self._found(room)
        move = self._choose(found, room)
        if move.source in MATCHED:  # what would end the answer is not drafted
            fitting = self._answer.fitting(found.tokens[: move.count])
            if fitting < move.count:
                found = replace(found, tokens=found.tokens[:fitting])
                move = self._choose(found, room)
        match move.source:
            case DraftSource.PLAIN:
                return self._plain()
            case DraftSource.LOOKUP | DraftSource.MEMORY:
                return self._copied(found, move.count)
            case DraftSource.PASS | DraftSource.SMALL:
                return self._drafted(move.source, move.count, is_trial=move.is_trial)

    def _choose(self, found: LookupDraft, room: int) -> Move:
        return self._controller.choose(
            len(found.tokens),
            found.match,
            length=self._tail.length,
            room=room,
            left=self._left(),
            sampled=self._sampler.samples,
            source=_source(found),
            small=self._may_write(room),
        )

    def _may_write(self, room: int) -> bool:
        """Whether the small model has read the text, or reads what is left of it in no time to speak of."""
        if self._small is None:
            return False
        return self._controller.may_read(self._small.reading_s, length=self._tail.length, room=room, left=self._left())

    def _plain(self) -> Finish | None:
        """One token, all passes."""
        row = self._tail.full([self._token])[0]
        self._tail.keep(1)
        self._controller.settle_plain()
        return self._take(self._sampler.choose(self._limited(row)))

    def _copied(self, found: LookupDraft, count: int) -> Finish | None:
        """Verifies tokens from the context or the memory in one batch with the one before them."""
        drafts = [DraftToken(token) for token in found.tokens[:count]]
        rows = self._tail.full([self._token, *(draft.token for draft in drafts)])
        accepted, judged, ended = self._verify(rows, drafts)
        self._controller.settle_lookup(found.match, len(drafts), accepted, judged, _source(found))
        return ended

    def _drafted(self, source: DraftSource, most: int, *, is_trial: bool) -> Finish | None:
        """Lets the first pass or the small model write ahead for as long as it pays, and verifies that in one batch."""
        drafts: list[DraftToken] = []
        confidences: list[float] = []
        chances: list[float] = []
        sampled = self._sampler.samples
        ahead = self._mixture.fork() if self._mixture is not None else None
        is_small = source is DraftSource.SMALL
        logits = self._written(source, drafts)
        while len(drafts) < most:
            draft, confidence = self._sampler.propose(logits if ahead is None else ahead.weigh(logits))
            if self._answer.fitting([*(done.token for done in drafts), draft.token]) <= len(drafts):
                break
            chances.append(self._controller.chance(confidence, sampled=sampled, source=source))
            pays = is_trial or self._controller.goes_on(
                chances, length=self._tail.length, left=self._left(), source=source
            )
            if not pays:
                break
            if self._request.cancelled():
                self._tail.keep(0)
                self._request.check()
            drafts.append(draft)
            confidences.append(confidence)
            if ahead is not None:
                ahead.add(draft.token)
            if not is_small or len(drafts) < most:  # the first pass of the last one is part of its verification
                logits = self._written(source, drafts)
        tokens = [self._token, *(draft.token for draft in drafts)]
        accepted, judged, ended = self._verify(self._tail.full(tokens) if is_small else self._tail.later(), drafts)
        if drafts:
            self._controller.settle_written(confidences, accepted, judged, sampled=sampled, source=source)
        else:
            self._controller.settle_unsure(chances[0] if chances else 1.0, sampled=sampled, source=source)
        return ended

    def _written(self, source: DraftSource, drafts: Sequence[DraftToken]) -> Logits:
        """What a source says of the token behind the drafts."""
        if source is DraftSource.SMALL:
            assert self._small is not None
            return self._small.guess([draft.token for draft in drafts])
        return self._tail.first(drafts[-1].token if drafts else self._token)

    def _verify(self, rows: Sequence[Logits], drafts: Sequence[DraftToken]) -> tuple[int, int, Finish | None]:
        """Takes tokens from the rows for as long as the drafts are right, and one more.

        Returns how many drafts were right, how many were looked at, and why the answer ended, if it did. Greedy
        answers are those of plain decoding: a row that is too close to call is evaluated again alone, and the drafts
        behind it are given up.
        """
        token, right, judged, alone = self._token, 0, 0, False
        ended = None
        for place, row in enumerate(map(self._weighed, rows)):  # one by one: what is taken changes the next
            if self._checks and len(rows) > 1 and is_close_call(row):
                alone = True
                self.rechecked += 1
                self._tail.keep(place)
                row = self._weighed(self._tail.full([token if place == 0 else drafts[place - 1].token])[0])
            if place < len(drafts):
                choice = self._sampler.judge(row, drafts[place])
                judged += 1
                right += choice.is_draft
            else:
                choice = self._sampler.choose(row)
            ended = self._take(choice)
            if ended is not None or not choice.is_draft or alone:
                break
        self._tail.keep(1 if alone else min(right, len(rows) - 1) + 1)
        self.drafted += len(drafts)
        self.accepted += right
        return right, judged, ended

    def _found(self, room: int) -> LookupDraft:
        if not self._looks_up:
            self._looks_up = True
            for reader in (self._lookup, self._small):
                if reader is not None:
                    reader.begin(self._request.prompt.tokens)
                    for token in self._answer.tokens:
                        reader.add(token)
        most = self._controller.longest(room)
        found = self._lookup.find(most)
        if self._memory is None or found.match >= LONGEST_REMEMBERED or most <= 0:
            return found
        tokens, match = self._memory.draft(most)
        return LookupDraft(tokens, match, is_remembered=True) if match > max(found.match, 1) else found

    def _weighed(self, row: Logits) -> Logits:
        row = row if self._mixture is None else self._mixture.weigh(row)
        return row if self._grammar is None else self._grammar.allowed(row, self._sampler.looks_at(len(row)))

    def _limited(self, row: Logits) -> Logits:
        if self._must:
            allowed = self._traits.pieces.allowed(self._must)
            row = only(row, allowed)
            if self._mixture is not None:
                row = self._mixture.weigh(row, allowed, len(self._must))
        else:
            row = self._weighed(row)
        prompt = self._request.prompt
        if not self._answer.tokens and (prompt.avoid or not prompt.is_empty_allowed):
            row = without(row, prompt.avoid if prompt.is_empty_allowed else (*prompt.avoid, *self._traits.ends))
        return row

    def _take(self, choice: Choice) -> Finish | None:
        self._token = choice.token
        if self._must:
            self._must = self._traits.pieces.left(self._must, choice.token)
        if self._looks_up:
            self._lookup.add(choice.token)
            if self._small is not None:
                self._small.add(choice.token)
        for one in self._told:
            one.add(choice.token)
        if self._grammar is not None and choice.token not in self._traits.ends:
            self._grammar.accept(choice.token)
        return self._answer.take(choice.token, choice.logprob)

    def _left(self) -> float | None:
        deadline = self._request.deadline
        return None if deadline is None else deadline - time.monotonic()


def _source(found: LookupDraft) -> DraftSource:
    return DraftSource.MEMORY if found.is_remembered else DraftSource.LOOKUP


class Decoder:
    """Makes the writers of one loaded model, and keeps what they learn of its costs and of its drafts."""

    def __init__(
        self,
        model: Model,
        prefill: Prefill,
        pieces: Pieces,
        options: EngineOptions,
        mixtures: Mixtures,
        drafting: Context | None = None,
    ) -> None:
        """Tries the context out (see batch_invariance.py); it is empty again afterwards.

        `drafting` is the context of a small model that writes drafts; the decoder closes it.
        """
        context = prefill.context
        if context.can_finish:
            context.keep_hidden(True)  # what the later passes start from when they verify drafts of the first
        self._model, self._prefill = model, prefill
        self.mixtures = mixtures
        #: What was read of the text of each sequence, to draft from.
        self.lookups: dict[int, Lookup] = {}
        self._clock = time.perf_counter if model.is_on_gpu else time.process_time
        self._generator = np.random.default_rng(0)
        self._threads = options.threads or cores()
        self._batch_threads = options.batch_threads or self._threads
        with self.at_work():
            rows = try_rows(context)
        self.traits = Traits(
            pieces,
            ends=tuple(token for token in range(model.n_vocab) if model.is_eog(token)),
            has_equal_rows=context.has_independent_rows and rows.is_invariant,
        )
        self.controller = Controller(
            model.passes,
            can_split=context.can_finish,
            can_rewind=model.can_rewind,
            most_rows=options.batch_tokens,
            shape=rows.seconds,
            small=drafting.model.size_bytes / max(model.size_bytes, 1) if drafting is not None else 1.0,
        )
        #: What writes drafts beside the model itself.
        self.small = (
            SmallModel(drafting, model.n_vocab, self.controller.costs, self._clock) if drafting is not None else None
        )

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Decoding goes on inside: its small batches take the threads of single tokens, not those of prompts."""
        context = self._prefill.context
        context.set_threads(self._threads, self._threads)
        try:
            yield
        finally:
            context.set_threads(self._threads, self._batch_threads)

    @functools.cached_property
    def _ruled(self) -> NDArray[np.int32]:
        """The tokens that a grammar is asked about: those that have a text, and those that end one."""
        return np.unique(np.concatenate((self.traits.pieces.written, np.array(self.traits.ends, np.int32))))

    def writer(self, request: Request, answer: Answer, sampler: Sampler | None = None) -> Writer:
        """A writer for one answer; without a sampler of its own it goes by the prompt's sampling. Raises EngineError
        for a prompt's grammar that is none."""
        costs, sequence = self.controller.costs, request.prompt.sequence
        tail = ContextEnd(self._prefill, sequence, costs, request.cancelled, self._clock)
        sampler = sampler or Sampler(request.prompt.sampling, self._generator)
        mixture, memory = self.mixtures.of(request)
        seen = SeenText(mixture, memory, self.lookups.setdefault(sequence, Lookup()))
        grammar = None
        if rules := request.prompt.grammar:
            grammar = Grammar(self._model, rules, self._ruled)
            grammar.follow(request.prompt.tokens[len(request.prompt.tokens) - request.prompt.answered :])
        return Writer(tail, self.controller, self.traits, request, answer, sampler, seen, self.small, grammar)
