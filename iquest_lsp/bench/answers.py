"""How long an answer takes: on an empty cache, on one that holds the prompt but for its last tokens, and on one that
comes from the disk; with one pass, with all passes everywhere, and as the engine does it, with and without drafts;
with every block of attention and without those below rounding, where the model has such.

The cases of one length run in turns on one engine.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from iquest_lsp.bench.corpus import code_tokens
from iquest_lsp.bench.passes import planned, read, skipping, write
from iquest_lsp.bench.prefill import LENGTHS, LONG, ROOM, TYPED, drop_from_memory
from iquest_lsp.bench.report import BenchProgress, Report, Row, Sample, interleaved, timed
from iquest_lsp.datatypes import Limits, Prompt
from iquest_lsp.errors import EngineError
from iquest_lsp.runtime.backends.llama import LlamaBackend
from iquest_lsp.runtime.base.engine import EngineOptions, StateLabel
from iquest_lsp.runtime.llama import attention
from iquest_lsp.runtime.llama.context import Context
from iquest_lsp.token_ids import TokenIds

#: Tokens of an answer.
NEW = 16


def run(
    options: EngineOptions, lengths: Sequence[int] = LENGTHS, repeats: int = 3, progress: BenchProgress | None = None
) -> Report:
    """Measures the model of `options` with prompts of each length; raises UsageError and the engine's errors.

    Lengths from 65536 tokens on run once.
    """
    options = planned(options)
    report = Report("answers", "")
    for length in lengths:
        with tempfile.TemporaryDirectory(prefix="iquest-bench-") as folder:
            engine = LlamaBackend(
                replace(
                    options,
                    context_tokens=length + TYPED + ROOM,
                    sequences=1,
                    state_folder=folder,
                    state_limit=1 << 50,
                )
            )
            info = engine.load(lambda share: None)
            try:
                report.model = info.name
                tokens = code_tokens(lambda text: engine.tokenize([text])[0], length + TYPED)  # noqa: B023  runs at once
                bench = _Bench(engine, tokens, Path(folder))
                report.rows += bench.rows(1 if length >= LONG // 2 else repeats, progress)
            finally:
                engine.close()
    report.notes.append(
        f"an answer of {NEW} tokens; warm: {TYPED} tokens more than what is held; one_pass is another, weaker model"
    )
    return report


class _Bench:
    """One engine and one prompt."""

    def __init__(self, engine: LlamaBackend, tokens: list[int], folder: Path) -> None:
        self._engine = engine
        self._tokens = tokens
        self._held = len(tokens) - TYPED
        self._label = StateLabel(str(folder))
        self._folder = folder

    def rows(self, repeats: int, progress: BenchProgress | None) -> list[Row]:
        context, passes = self._engine.context, self._engine.passes
        cases: dict[str, Callable[[], Sample]] = {}
        if passes > 1:
            cases["cold, one pass"] = lambda: self._cold_alone(context, 1)
            cases["cold, all passes"] = lambda: self._cold_alone(context, passes)
        cases["cold"] = self._cold
        self._cold()
        if not self._engine.save(self._label, 0, wait=True):
            raise EngineError("The evaluated prompt could not be saved")
        cases["restored"] = self._restored
        if passes > 1:
            cases["warm, one pass"] = lambda: self._warm_alone(context, 1)
            cases["warm, all passes"] = lambda: self._warm_alone(context, passes)
            if attention.applies(context):
                cases["warm, all passes, dense"] = lambda: self._warm_alone(context, passes, 0.0)
        cases["warm, no drafts"] = lambda: self._warm(draft=False)
        cases["warm"] = lambda: self._warm(draft=True)
        found = interleaved(cases, repeats, progress)
        return [Row(case, len(self._tokens), samples) for case, samples in found.items()]

    def _complete(self, length: int, new: int = NEW, *, draft: bool = True) -> None:
        prompt = Prompt(TokenIds(self._tokens[:length]))
        self._engine.complete(prompt, Limits(max_tokens=new, draft=draft), lambda: False)

    def _cold(self) -> Sample:
        self._engine.forget(0)
        return timed(lambda: self._complete(len(self._tokens)))

    def _restored(self) -> Sample:
        drop_from_memory(self._folder)
        self._engine.forget(0)

        def work() -> None:
            self._engine.restore(self._label, 0, self._tokens)
            self._complete(len(self._tokens))

        return timed(work)

    def _warm(self, *, draft: bool) -> Sample:
        self._complete(self._held, 1)
        return timed(lambda: self._complete(len(self._tokens), draft=draft))

    def _warm_alone(self, context: Context, depth: int, share: float | None = None) -> Sample:
        self._complete(self._held, 1)

        def work() -> None:
            read(context, self._tokens[self._held :], depth, self._held)
            write(context, len(self._tokens), NEW, depth)

        with skipping(context, share):
            sample = timed(work)
        context.remove(0, self._held, -1)
        return sample

    def _cold_alone(self, context: Context, depth: int) -> Sample:
        self._engine.forget(0)

        def work() -> None:
            read(context, self._tokens, depth)
            write(context, len(self._tokens), NEW, depth)

        sample = timed(work)
        context.remove(0, -1, -1)
        return sample
