"""How fast answers are written: with the first pass alone, one token a step with all passes, and with drafts; with
every block of attention and without those below rounding, where the model has such.

The cases of one kind of text run in turns on one engine. Reading the prompt is not part of the time. Ordinary code is
the standard library's, cut anywhere; copying is such code written a second time with one name changed, as a rename, a
repeated block or a similar test is. A small model loses the thread of a copy, so that kind is measured twice: as the
model goes on, and with the rest of the copy given, which is what a model that can copy would write.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.bench.corpus import code_text, code_tokens
from iquest_lsp.bench.passes import planned, skipping, write
from iquest_lsp.bench.prefill import LENGTHS
from iquest_lsp.bench.report import Progress, Report, Row, Sample, interleaved, timed
from iquest_lsp.datatypes import Generation, Limits, Prompt, Sampling
from iquest_lsp.runtime.backends.llama import LlamaBackend
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.decode.sampling import Choice, Sampler
from iquest_lsp.runtime.llama import attention
from iquest_lsp.runtime.llama.context import Context
from iquest_lsp.token_ids import TokenIds

PROMPTS = 8
#: A longer prompt begins as all of its length do, so that reading it costs its own tokens only.
OWN = 1024
NEW = 48
#: Lines of a block that is written a second time, and those of them that the prompt holds already.
_BLOCK, _BEGUN = 30, 4
_NAME = re.compile(r"\b[a-z_][a-z_0-9]{3,}\b")


@dataclass(frozen=True, slots=True)
class Task:
    """A prompt, and the tokens to write after it; None: what the model likes best."""

    prompt: TokenIds
    given: tuple[int, ...] | None = None


class Given(Sampler):
    """Chooses the tokens of a given text, as a model would that is sure of it."""

    def __init__(self, tokens: Sequence[int]) -> None:
        super().__init__(Sampling(), np.random.default_rng(0))
        self._rest = iter(tokens)

    def choose(self, logits: NDArray[np.float32]) -> Choice:
        return self.score(next(self._rest), logits)


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
    progress: Progress | None = None,
    *,
    prompts: int = PROMPTS,
    new: int = NEW,
) -> Report:
    """Measures the model of `options` with prompts of each length; raises UsageError and the engine's errors."""
    engine = LlamaBackend(replace(planned(options), context_tokens=max(lengths) + new + 256, sequences=1))
    info = engine.load(lambda share: None)
    try:
        report = Report("decode", info.name)
        for length in lengths:
            copies = copying(engine, length, prompts)
            for kind, tasks in (
                ("ordinary code", ordinary(engine, length, prompts)),
                ("copying", [Task(task.prompt) for task in copies]),
                ("copying, the copy given", copies),
            ):
                report.rows += _rows(engine, kind, tasks, new, repeats, progress)
        report.notes.append(
            "drafted and plain give the same tokens after one reading of a prompt (here each reads it anew, in batches "
            "that follow the clock, so that a close call may fall otherwise); one_pass is another, weaker model"
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


def _rows(
    engine: LlamaBackend,
    kind: str,
    tasks: Sequence[Task],
    new: int,
    repeats: int,
    progress: Progress | None,
) -> list[Row]:
    seen = _Seen({}, {}, Counter())
    for place, task in enumerate(tasks):  # also warms up
        seen.plain[place] = _answer(engine, task, new, draft=False)[0].tokens
    context = engine.context
    cases: dict[str, Callable[[], Sample]] = {}
    counted: dict[str, attention.Blocks] = {}
    if engine.passes > 1:
        cases["one_pass"] = lambda: _alone(engine, context, tasks, seen, 1)
    if engine.passes > 1 and attention.applies(context):
        cases["dense"] = lambda: _alone(engine, context, tasks, seen, engine.passes, 0.0, ("dense", counted))
        cases["sparse"] = lambda: _alone(engine, context, tasks, seen, engine.passes, None, ("sparse", counted))
    cases["plain"] = lambda: _engine(engine, tasks, new, seen, draft=False)
    cases["drafted"] = lambda: _engine(engine, tasks, new, seen, draft=True)
    found = interleaved(cases, repeats, progress)
    length = len(tasks[0].prompt)
    notes = dict.fromkeys(found, f"{kind}, {length} tokens before it")
    notes["drafted"] += f"; {seen.note()}"
    for case, blocks in counted.items():
        notes[case] += f"; the passes alone, without the engine; {blocks.sentence()}"
    return [Row(case, seen.tokens, samples, notes[case]) for case, samples in found.items()]


def _engine(engine: LlamaBackend, tasks: Sequence[Task], new: int, seen: _Seen, *, draft: bool) -> Sample:
    wall = cpu = 0.0
    for place, task in enumerate(tasks):
        made, seconds = _answer(engine, task, new, draft=draft)
        wall += made.timings.decode_ms / 1000
        cpu += seconds
        (seen.drafted if draft else seen.plain)[place] = made.tokens
        if draft:
            counts = made.counts
            seen.counts.update(drafted=counts.drafted, accepted=counts.accepted, rechecked=counts.rechecked)
    return Sample(wall, cpu)


def _answer(engine: LlamaBackend, task: Task, new: int, *, draft: bool) -> tuple[Generation, float]:
    """One answer, and the processor seconds of writing it: the prompt is read before."""
    _read(engine, task)
    given = None if task.given is None else Given(task.given)
    limits = Limits(max_tokens=new if task.given is None else min(new, len(task.given)), draft=draft)
    begin = time.process_time()
    made = engine.complete(Prompt(task.prompt), limits, _never, sampler=given)
    return made, time.process_time() - begin


def _read(engine: LlamaBackend, task: Task) -> None:
    engine.complete(Prompt(task.prompt), Limits(max_tokens=1, draft=False), _never)


def _alone(
    engine: LlamaBackend,
    context: Context,
    tasks: Sequence[Task],
    seen: _Seen,
    depth: int,
    share: float | None = None,
    counted: tuple[str, dict[str, attention.Blocks]] | None = None,
) -> Sample:
    """As many tokens as the engine wrote, with so many passes of the context alone."""
    wall = cpu = 0.0
    blocks = attention.Blocks(0, 0, 0)
    for place, task in enumerate(tasks):
        _read(engine, task)
        if counted is not None:
            attention.blocks(context)
        with skipping(context, share):
            sample = timed(lambda: write(context, len(task.prompt), len(seen.plain[place]), depth))  # noqa: B023  runs at once
        if counted is not None:
            more = attention.blocks(context)
            blocks = attention.Blocks(*(a + b for a, b in zip(astuple(blocks), astuple(more), strict=True)))
        wall, cpu = wall + sample.seconds, cpu + sample.cpu_seconds
        context.remove(0, len(task.prompt), -1)
    if counted is not None:
        counted[1][counted[0]] = blocks
    return Sample(wall, cpu)


def _never() -> bool:
    return False
