"""The llama engine: one GGUF in llama.cpp, prompts evaluated over its prefix cache, answers decoded."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.datatypes import CONFIDENCE_KEY, Finish, Generation, Limits, ModelInfo, Prompt, Timings, TokenCounts
from iquest_lsp.errors import EngineError, RequestCancelledError
from iquest_lsp.runtime.backends.learning import Learning
from iquest_lsp.runtime.backends.loading import describe, gpu_use, on_devices, open_drafting, refine_speed, settled
from iquest_lsp.runtime.base.engine import EngineMetrics, EngineOptions, StateLabel, WarmResult
from iquest_lsp.runtime.decode.answer import Answer, Request
from iquest_lsp.runtime.decode.copy_mixture import COPYING_KEY, CopyShares
from iquest_lsp.runtime.decode.healing import Pieces
from iquest_lsp.runtime.decode.mixtures import Mixtures
from iquest_lsp.runtime.decode.sampling import Sampler
from iquest_lsp.runtime.decode.writer import Decoder
from iquest_lsp.runtime.kv.prefill import Prefill
from iquest_lsp.runtime.kv.saver import SavedStates
from iquest_lsp.runtime.llama.context import Context
from iquest_lsp.runtime.llama.library import build_identity
from iquest_lsp.runtime.llama.loop_context import open_context
from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.runtime.memory.known_models import Known, keep, known, shares_file
from iquest_lsp.runtime.memory.mixture import Leaning
from iquest_lsp.runtime.memory.opened import OpenMemories
from iquest_lsp.runtime.memory.shares import MEMORY_KEY, MemoryShares
from iquest_lsp.runtime.models.gguf_header import fingerprint
from iquest_lsp.runtime.models.planner import ANSWER_ROOM, REWIND_MARGIN, cores
from iquest_lsp.runtime.models.split_files import read_model

log = logging.getLogger(__name__)

#: Cells for tokens that are evaluated on trial and forgotten.
DRAFT_ROOM = 32


@dataclass(frozen=True, slots=True)
class EngineParts:
    """A model and what works with it."""

    model: Model
    context: Context
    prefill: Prefill
    pieces: Pieces
    decoder: Decoder
    states: SavedStates
    mixtures: Mixtures
    mark: str  # see gguf_header.fingerprint


class LlamaBackend:
    """Holds the model and one context; see engine.Backend for the calls."""

    def __init__(self, options: EngineOptions) -> None:
        self._options = options
        self._parts: EngineParts | None = None
        self._generated = 0
        self._labels: dict[int, StateLabel] = {}  # whose KV a sequence holds, where that is saved
        self._measured_as = ""  # see loading.Settled
        self._learns = False
        self._learning: Learning | None = None
        self._answered: int | None = None  # the sequence that was written to last

    def load(self, progress: Callable[[float], None]) -> ModelInfo:
        header = read_model(
            Path(self._options.model_path)
        )  # a clear error for a damaged file, where native code would end the process

        def report(share: float) -> bool:
            progress(share)
            return True

        self._options, notes = on_devices(self._options, header)
        model = Model.load(header.path, gpus=gpu_use(self._options), progress=report)
        self._options, made = settled(self._options, header, model)
        log.info("plan: %s", made.reason)
        self._measured_as = made.measured_as
        context = self._make_context(model)
        prefill = Prefill(context, self._options.batch_tokens, self._options.sequences)
        pieces = Pieces([model.piece(token) for token in range(model.n_vocab)])
        shares = CopyShares.parse(str(header.metadata.get(COPYING_KEY, "")))
        mark = fingerprint(header)
        memory_shares = MemoryShares.parse(str(header.metadata.get(MEMORY_KEY, "")))
        about = known(mark, shares_file()) if memory_shares is None else Known(memory_shares)
        self._learns = about is None
        about = about or Known(None)
        memories = OpenMemories(model.vocabulary_key)
        mixtures = Mixtures(pieces, shares, about.shares, memories)
        drafting, unused = open_drafting(self._options, model)
        decoder = Decoder(model, prefill, pieces, self._options, mixtures, drafting)
        states = SavedStates(self._options, mark, build_identity(), self._memory_kind())
        self._parts = EngineParts(model, context, prefill, pieces, decoder, states, mixtures, mark)
        told = describe(model, header.path, self._options, made, (*notes, *unused))
        if about.confidence is not None:
            told.metadata.setdefault(CONFIDENCE_KEY, str(about.confidence))
        return told

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        model = self.parts.model
        return [model.tokenize(text) for text in texts]

    def complete(
        self,
        prompt: Prompt,
        limits: Limits,
        cancelled: Callable[[], bool],
        on_text: Callable[[str], None] | None = None,
        sampler: Sampler | None = None,
    ) -> Generation:
        """See engine.Backend; `sampler` chooses the tokens in place of the one of the prompt's sampling."""
        parts = self.parts
        start = time.monotonic()
        deadline = None if limits.deadline_ms is None else start + limits.deadline_ms / 1000
        limits = replace(limits, max_tokens=self._room(len(prompt.tokens), limits.max_tokens))
        must = b""
        if prompt.heal and not prompt.grammar and (healed := parts.pieces.heal(prompt.tokens)).tokens:
            prompt, must = replace(prompt, tokens=healed.tokens), healed.prefix
        request = Request(prompt, limits, cancelled, deadline, must, on_text)
        answer = Answer(request, parts.pieces.piece, parts.model.is_eog)
        self._revive(prompt.sequence, prompt.tokens)
        reused, prefilled = parts.prefill.run(
            prompt.tokens, prompt.sequence, cancelled, deadline, hurry=True, answer=limits.max_tokens + DRAFT_ROOM
        )
        ready = time.monotonic()
        finish = Finish.DEADLINE
        drafted = accepted = rechecked = 0
        leaning = Leaning()
        if reused + prefilled == len(prompt.tokens):
            self._answered = prompt.sequence
            writer = parts.decoder.writer(request, answer, sampler)
            with parts.decoder.at_work():
                finish = writer.write()
            drafted, accepted, rechecked = writer.drafted, writer.accepted, writer.rechecked
            leaning = writer.leaning
        self._generated += len(answer.tokens)
        now = time.monotonic()
        return Generation(
            text=answer.text,
            tokens=tuple(answer.tokens),
            logprobs=tuple(answer.logprobs),
            finish=finish,
            counts=TokenCounts(len(prompt.tokens), reused, prefilled, len(answer.tokens), drafted, accepted, rechecked),
            timings=Timings(
                total_ms=(now - start) * 1000, prefill_ms=(ready - start) * 1000, decode_ms=(now - ready) * 1000
            ),
            ends=tuple(answer.ends),
            memory_share=leaning.share,
            memory_path=leaning.path,
        )

    def warm(self, tokens: Sequence[int], sequence: int, budget_ms: float, cancelled: Callable[[], bool]) -> WarmResult:
        parts = self.parts
        self._room(len(tokens), 1)
        deadline = time.monotonic() + budget_ms / 1000
        self._revive(sequence, tokens)
        reused, evaluated = parts.prefill.run(tokens, sequence, cancelled, deadline, budget_ms=budget_ms)
        if reused + evaluated < len(tokens):
            return WarmResult(reused, evaluated, len(tokens) - reused - evaluated)
        parts.prefill.rest(sequence, self._may_go)
        self._refine()
        small, left = parts.decoder.small, 0
        if small is not None and self._answered in (sequence, None):  # it holds one text: that of the next answer
            left = small.read(tokens, deadline, cancelled)
        return WarmResult(reused, evaluated, left)

    def save(self, label: StateLabel, sequence: int, wait: bool) -> int:
        parts = self.parts
        self._labels[sequence] = label
        held, context = parts.prefill.cache.tokens(sequence), parts.context
        return parts.states.save(
            label,
            held,
            lambda: context.state_size(sequence),
            lambda buffer: context.write_state(sequence, buffer),
            wait=wait,
        )

    def restore(self, label: StateLabel, sequence: int, wanted: Sequence[int] = ()) -> int:
        parts = self.parts
        cache = parts.prefill.cache
        self._labels[sequence] = label

        def read(tokens: Sequence[int], state: NDArray[np.uint8]) -> None:
            if not cache.serves_better(sequence, tokens, wanted):
                return
            if len(tokens) >= self._options.context_tokens:
                what = f"The saved KV cache of {len(tokens)} tokens does not fit"
                raise EngineError(what, why=f"there is room for {self._options.context_tokens}")
            parts.prefill.make_room(len(tokens), sequence)
            parts.context.read_state(sequence, state)
            cache.extend(sequence, tokens)

        parts.states.restore(label, read)
        return cache.held(sequence)

    def learn(self, memory: Sequence[str], budget_ms: float, cancelled: Callable[[], bool]) -> int:
        if not self._learns:
            return 0
        parts = self.parts
        if self._learning is None:
            threads = self._options.threads or cores()
            made = Learning(
                parts.model,
                parts.pieces,
                parts.mixtures.opened(memory),
                (threads, self._options.batch_threads or threads),
            )
            if not made.is_worthwhile:
                return 0
            self._learning = made
        try:
            left = self._learning.step(budget_ms, cancelled)
        except RequestCancelledError:
            raise
        except EngineError as error:  # no memory for it, most likely
            log.warning("how far the model leans on the repository's memory is not learned: %s", error)
            self._end_learning()
            return 0
        if (result := self._learning.result) is not None:
            log.info(
                "learned from %d files: the memory saves %.2f bits a token%s",
                result.files,
                result.gain,
                "" if result.shares is not None else ", which does not pay",
            )
            keep(parts.mark, shares_file(), result.shares)
            parts.mixtures.memory_shares = result.shares
            self._end_learning()
        return left

    def _end_learning(self) -> None:
        if self._learning is not None:
            self._learning.close()
        self._learning, self._learns = None, False

    def forget(self, sequence: int) -> None:
        """Empties a sequence and what could be taken back into it, for benchmarks and tests."""
        self._labels.pop(sequence, None)
        self.parts.prefill.forget(sequence)

    def metrics(self) -> EngineMetrics:
        if self._parts is None:
            return EngineMetrics(0, self._generated, {}, 0)
        memory = self._parts.model.size_bytes + self._parts.context.memory_bytes
        memory += small.memory_bytes if (small := self._parts.decoder.small) is not None else 0
        prefill = self._parts.prefill
        return EngineMetrics(prefill.evaluated, self._generated, prefill.sizes(), memory)

    def close(self) -> None:
        if self._parts is not None:
            self._end_learning()
            self._parts.states.wait()
            if self._parts.decoder.small is not None:
                self._parts.decoder.small.close()
            self._parts.context.close()
            self._parts.model.close()
        self._parts = None

    @property
    def context(self) -> Context:
        """The context itself, for benchmarks."""
        return self.parts.context

    @property
    def options(self) -> EngineOptions:
        """The options with all that the planner chose, once the model is loaded."""
        return self._options

    @property
    def passes(self) -> int:
        """How often the layers run for one token."""
        return self.parts.model.passes

    # ------------------------------------------------------------------------------------------ internals

    def _make_context(self, model: Model) -> Context:
        threads = self._options.threads or cores()
        kv, batch, room = self._options.kv_type, self._options.batch_tokens, self._options.context_tokens
        sequences = 2 * self._options.sequences + 1  # a shelf for each, and one to move spans with
        return open_context(
            model,
            room,
            min(REWIND_MARGIN, room),
            n_batch=batch,
            n_ubatch=batch,
            n_seq_max=sequences,
            type_k=kv,
            type_v=kv,
            flash_attn=self._options.flash_attention,
            n_threads=threads,
            n_threads_batch=self._options.batch_threads or threads,
        )

    def _memory_kind(self) -> str:
        """What a saved state depends on besides the model: it holds the cache's bytes as they lie there."""
        return f"{self._options.kv_type}, flash attention {self._options.flash_attention}"

    def _refine(self) -> None:
        """Lets the next plan know how fast windows are read, once enough was."""
        work = self.parts.prefill.take_work() if self._measured_as else None
        if work is not None:
            threads = 0 if self.parts.model.is_on_gpu else self._options.batch_threads or cores()
            spent = (work.tokens, work.seconds, work.processor_s)
            refine_speed(self._measured_as, self._options.kv_type, *spent, threads)

    def _may_go(self, sequence: int) -> bool:
        """Whether a sequence can be had again at little cost: it is on the disk, or it is the one for questions."""
        label = self._labels.get(sequence)
        if label is None:
            return sequence == self._options.sequences - 1
        return self.parts.states.has(label)

    def _revive(self, sequence: int, tokens: Sequence[int]) -> None:
        """Takes back from the disk what a sequence gave up while it was not used."""
        if self.parts.prefill.cache.held(sequence) or sequence not in self._labels:
            return
        label = self._labels.pop(sequence)
        if self.parts.states.has(label):
            self.restore(label, sequence, tokens)

    @property
    def parts(self) -> EngineParts:
        """What is loaded; EngineError while nothing is."""
        if self._parts is None:
            raise EngineError("The model is not loaded yet", fix="Try again in a moment")
        return self._parts

    def _room(self, prompt: int, answer: int) -> int:
        """Tokens that an answer of so many, asked for a prompt of so many, may have: of a very long one what fits.

        Raises EngineError where a window does not leave an answer its room.
        """
        if prompt == 0:
            raise EngineError("The prompt is empty")
        room = self._options.context_tokens - prompt
        if room < min(answer, ANSWER_ROOM):
            raise EngineError(
                f"The prompt of {prompt} tokens does not fit",
                why=f"the model was loaded with room for {self._options.context_tokens}",
                fix="Make window_tokens smaller",
            )
        return min(answer, room)
