"""How fast answers are written: by llama.cpp's own calls alone (stock), with the first pass alone, one token a step
with all passes, and with drafts; with every block of attention and without those below rounding, where the model has
such.

The cases run in turns on one engine, prompt after prompt; stock has a context of its own over the same weights. The
time begins when the first token is chosen: reading the prompt is not part of it. Ordinary code is
the standard library's, cut anywhere; copying is such code written a second time with one name changed, as a rename, a
repeated block or a similar test is. A small model loses the thread of a copy, so that kind is measured twice: as the
model goes on, and with the rest of the copy given, which is what a model that can copy would write.
"""

from __future__ import annotations

import functools
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.bench.corpus import code_text, code_tokens
from iquest_lsp.bench.passes import planned, skipping, stock_loops, write
from iquest_lsp.bench.prefill import LENGTHS
from iquest_lsp.bench.report import BenchProgress, Report, Row, Sample, compared, timed
from iquest_lsp.datatypes import Generation, Limits, Prompt, Sampling
from iquest_lsp.runtime.backends.llama import LlamaBackend
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.decode.sampling import Choice, Sampler
from iquest_lsp.runtime.llama import attention
from iquest_lsp.runtime.llama.stock_loop import StockLoop
from iquest_lsp.token_ids import TokenIds

PROMPTS = 8
#: A longer prompt begins as all of its length do, so that reading it costs its own tokens only.
OWN = 1024
NEW = 48
KINDS = ("ordinary code", "copying", "copying, the copy given")
#: Lines of a block that is written a second time, and those of them that the prompt holds already.
_BLOCK, _BEGUN = 30, 4
_NAME = re.compile(r"\b[a-z_][a-z_0-9]{3,}\b")


@dataclass(frozen=True, slots=True)
class Task:
    """A prompt, and the tokens to write after it; None: what the model likes best."""

    prompt: TokenIds
    given: tuple[int, ...] | None = None


class Timed(Sampler):
    """Chooses the best tokens, or those of a given text, as a model would that is sure of it; knows when it began."""

    def __init__(self, tokens: Sequence[int] | None = None) -> None:
        super().__init__(Sampling(), np.random.default_rng(0))
        self._rest = None if tokens is None else iter(tokens)
        self._began: tuple[float, float] | None = None

    def choose(self, logits: NDArray[np.float32]) -> Choice:
        if self._began is None:
            self._began = time.perf_counter(), time.process_time()
        return super().choose(logits) if self._rest is None else self.score(next(self._rest), logits)

    def sample(self) -> Sample:
        """The time from the first choice until now; none where nothing was chosen."""
        wall, cpu = self._began or (time.perf_counter(), time.process_time())
        return Sample(time.perf_counter() - wall, time.process_time() - cpu)


@dataclass(slots=True)
class _Seen:
    """What the two ways of decoding wrote, and what was drafted for it."""

    plain: dict[int, tuple[int, ...]]
    drafted: dict[int, tuple[int, ...]]
    counts: Counter[str]

    @property
    def tokens(self) -> int:
        return sum(len(tokens) for tokens in self.plain.values())

    def note(self) -> str:
        """How the drafted answers compare with the plain ones."""
        same = sum(self.plain[place] == tokens for place, tokens in self.drafted.items())
        counts = self.counts
        right = f"{counts['accepted']} of {counts['drafted']} drafts right"
        again = f", {counts['rechecked']} rows evaluated again" if counts["rechecked"] else ""
        return f"{same} of {len(self.drafted)} answers alike; {right}{again}"


def run(
    options: EngineOptions,
    lengths: Sequence[int] = LENGTHS,
    repeats: int = 3,
    progress: BenchProgress | None = None,
    *,
    prompts: int = PROMPTS,
    new: int = NEW,
    library: Any = None,
    kinds: Sequence[str] = KINDS,
) -> Report:
    """Measures the model of `options` with prompts of each length; raises UsageError and the engine's errors.

    `library` are the bindings of another llama.cpp, which is one more case (see StockLoop); `kinds` of text.
    """
    engine = LlamaBackend(replace(planned(options), context_tokens=max(lengths) + new + 256, sequences=1))
    info = engine.load(lambda share: None)
    try:
        with stock_loops(engine.parts.model, engine.options, max(lengths) + new + 256, library) as loops:
            report = Report("decode", info.name)
            for length in lengths:
                copies = copying(engine, length, prompts)
                texts = (ordinary(engine, length, prompts), [Task(task.prompt) for task in copies], copies)
                for kind, tasks in zip(KINDS, texts, strict=True):
                    if kind in kinds:
                        report.rows += _Bench(engine, loops, tasks, new).rows(kind, repeats, progress)
        report.notes.append(
            "drafted and plain give the same tokens after one reading of a prompt; one_pass is another, weaker model"
        )
        return report
    finally:
        engine.close()


def ordinary(engine: LlamaBackend, length: int, count: int) -> list[Task]:
    """Pieces of real code, one after the other, behind the same beginning where they are long."""
    own = min(length, OWN)
    tokens = code_tokens(lambda text: engine.tokenize([text])[0], length + own * (count - 1))
    begin = length - own
    pieces = [tokens[begin + at * own : begin + (at + 1) * own] for at in range(count)]
    return [Task(TokenIds([*tokens[:begin], *piece])) for piece in pieces]


def copying(engine: LlamaBackend, length: int, count: int) -> list[Task]:
    """Real code that ends in a block and the beginning of the same block with another name in it."""
    lines = code_text(10 * _BLOCK * (count + 1)).splitlines(keepends=True)
    filler, own = list(ordinary(engine, length, 1)[0].prompt), min(length, OWN)
    made = []
    for number in range(1, count + 1):
        start = 10 * _BLOCK * number
        block = lines[start : start + _BLOCK]
        names = Counter(_NAME.findall("".join(block)))
        name = names.most_common(1)[0][0] if names else "value"
        again = [re.sub(rf"\b{name}\b", f"{name}_2", line) for line in block]
        before, begun, rest = engine.tokenize(
            ["".join(lines[:start]), "".join([*block, "\n\n", *again[:_BEGUN]]), "".join(again[_BEGUN:])]
        )
        end = [*before, *begun][-own:]
        made.append(Task(TokenIds([*filler[: length - len(end)], *end]), tuple(rest)))
    return made


class _Bench:
    """The cases of one kind of text, in turns, prompt after prompt: each is read once by the engine and each loop."""

    def __init__(self, engine: LlamaBackend, loops: dict[str, StockLoop], tasks: Sequence[Task], new: int) -> None:
        self._engine = engine
        self._loops = loops
        self._tasks = tasks
        self._new = new
        self._seen = _Seen({}, {}, Counter())
        self._blocks: dict[str, attention.Blocks] = {}

    def rows(self, kind: str, repeats: int, progress: BenchProgress | None) -> list[Row]:
        cases = self._cases()
        samples = {case: [Sample(0.0, 0.0)] * repeats for case in cases}
        for place, task in enumerate(self._tasks):
            for loop in self._loops.values():
                loop.read(task.prompt)
            self._plain(place)  # also warms up
            for turn in range(repeats):
                for case, measure in cases.items():
                    found, before = measure(place), samples[case][turn]
                    samples[case][turn] = Sample(before.seconds + found.seconds, before.cpu_seconds + found.cpu_seconds)
                if progress is not None:
                    progress(place * repeats + turn + 1, len(self._tasks) * repeats)
        notes = dict.fromkeys(cases, f"{kind}, {len(self._tasks[0].prompt)} tokens before it")
        notes["drafted"] += f"; {self._seen.note()}"
        for case, blocks in self._blocks.items():
            notes[case] += f"; the passes alone, without the engine; {blocks.sentence()}"
        for case in cases:
            if case != "stock":
                notes[case] += f"; {compared(samples[case], samples['stock'])}"
        return [Row(case, self._seen.tokens, tuple(found), notes[case]) for case, found in samples.items()]

    def _cases(self) -> dict[str, Callable[[int], Sample]]:
        engine = self._engine
        cases: dict[str, Callable[[int], Sample]] = {}
        for name, loop in self._loops.items():
            cases[name] = functools.partial(self._stock, loop)
        if engine.passes > 1:
            cases["one_pass"] = lambda place: self._alone(place, 1)
        if engine.passes > 1 and attention.applies(engine.context):
            cases["dense"] = lambda place: self._alone(place, engine.passes, 0.0, "dense")
            cases["sparse"] = lambda place: self._alone(place, engine.passes, None, "sparse")
        return cases | {"plain": self._plain, "drafted": self._drafted}

    def _stock(self, loop: StockLoop, place: int) -> Sample:
        loop.go_back(self._tasks[place].prompt)
        return timed(lambda: loop.write(len(self._seen.plain[place])))

    def _plain(self, place: int) -> Sample:
        made, sample = self._answer(place, draft=False)
        self._seen.plain[place] = made.tokens
        return sample

    def _drafted(self, place: int) -> Sample:
        made, sample = self._answer(place, draft=True)
        counts = made.counts
        self._seen.counts.update(drafted=counts.drafted, accepted=counts.accepted, rechecked=counts.rechecked)
        self._seen.drafted[place] = made.tokens
        return sample

    def _answer(self, place: int, *, draft: bool) -> tuple[Generation, Sample]:
        """One answer, and the time of writing it."""
        task = self._tasks[place]
        _read(self._engine, task)
        sampler = Timed(task.given)
        most = self._new if task.given is None else min(self._new, len(task.given))
        made = self._engine.complete(Prompt(task.prompt), Limits(max_tokens=most, draft=draft), _never, sampler=sampler)
        return made, sampler.sample()

    def _alone(self, place: int, depth: int, share: float | None = None, counted: str = "") -> Sample:
        """As many tokens as the engine wrote, with so many passes of the context alone."""
        task, context = self._tasks[place], self._engine.context
        _read(self._engine, task)
        if counted:
            attention.blocks(context)
        with skipping(context, share):
            sample = timed(lambda: write(context, len(task.prompt), len(self._seen.plain[place]), depth))
        if counted:
            known, more = self._blocks.get(counted, attention.Blocks(0, 0, 0)), attention.blocks(context)
            both = zip(astuple(known), astuple(more), strict=True)
            self._blocks[counted] = attention.Blocks(*(a + b for a, b in both))
        context.remove(0, len(task.prompt), -1)
        return sample


def _read(engine: LlamaBackend, task: Task) -> None:
    engine.complete(Prompt(task.prompt), Limits(max_tokens=1, draft=False), _never)


def _never() -> bool:
    return False
