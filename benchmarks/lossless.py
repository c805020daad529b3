"""Drafted decoding against plain decoding on prompts of real code: are all tokens the same, and what does it gain?

    python -m benchmarks.lossless [--model PATH] [--prompts 500] [--shortest 512] [--longest 1024] [--tokens 48]
                                   [--threads 1] [--out FILE]

Prompts are stretches of the standard library's modules that end anywhere (seed fixed). Each is read once, in batches
of one size, and answered twice from there: one token a step, and with drafts. An answer that differs is excused only
where the two best logits of the plain one lie within 1e-3 of each other at the first difference; all are counted. With
`--out` every prompt's result is a line of that file, and a run that was stopped goes on behind the last one. Exit code
1 if an answer is not excused.
"""

from __future__ import annotations

import argparse
import json
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.datatypes import Generation, Limits, Prompt, Sampling
from iquest_lsp.errors import UsageError
from iquest_lsp.runtime.backends.llama import LlamaBackend
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.decode.sampling import Choice, Sampler
from iquest_lsp.runtime.models.catalogue import embedded_path
from iquest_lsp.runtime.models.gguf_header import fingerprint, read_header
from iquest_lsp.token_ids import TokenIds

CLOSE = 1e-3


@dataclass(frozen=True, slots=True)
class Case:
    """What one prompt showed: `place` is the first token that differs (-1: none), `gap` how far apart the plain
    answer's two best logits are there; `close` of the plain answer's tokens had gaps below CLOSE; `off` is the largest
    difference of a token's log-probability up to there. Seconds are of processor time, for writing alone."""

    index: int
    length: int
    tokens: int
    place: int
    gap: float
    close: int
    off: float
    drafted: int
    accepted: int
    plain_s: float
    drafted_s: float

    @property
    def is_same(self) -> bool:
        return self.place < 0

    @property
    def is_excused(self) -> bool:
        return not self.is_same and self.gap < CLOSE


@dataclass
class Tally:
    """All that was seen."""

    cases: list[Case] = field(default_factory=list)

    def sums(self) -> dict[str, Any]:
        """The counts, and how much faster drafts made writing."""
        cases = self.cases
        plain, drafted = sum(case.plain_s for case in cases), sum(case.drafted_s for case in cases)
        return {
            "prompts": len(cases),
            "tokens": sum(case.tokens for case in cases),
            "close_calls": sum(case.close for case in cases),
            "same": sum(case.is_same for case in cases),
            "same_to_the_bit": sum(case.is_same and case.off == 0.0 for case in cases),
            "largest_difference": max((case.off for case in cases), default=0.0),
            "excused": sum(case.is_excused for case in cases),
            "failed": [asdict(case) for case in cases if not (case.is_same or case.is_excused)],
            "drafted": sum(case.drafted for case in cases),
            "accepted": sum(case.accepted for case in cases),
            "plain_cpu_s": round(plain, 2),
            "drafted_cpu_s": round(drafted, 2),
            "cpu_gain": round(plain / drafted, 3) if drafted > 0 else None,
        }


class Watched(Sampler):
    """Takes the likeliest token, and notes how far its logit is from the second best."""

    def __init__(self) -> None:
        super().__init__(Sampling(), np.random.default_rng(0))
        self.gaps: list[float] = []

    def choose(self, logits: NDArray[np.float32]) -> Choice:
        best = np.partition(logits, -2)[-2:]
        self.gaps.append(float(best[1] - best[0]))
        return super().choose(logits)


class Prompts:
    """Pieces of real code by number."""

    def __init__(self, engine: LlamaBackend, shortest: int, longest: int) -> None:
        """Pieces have `shortest` to `longest` tokens."""
        self._engine = engine
        self._sizes = shortest, longest
        self._paths = sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))
        self._texts: dict[Path, list[int]] = {}

    def get(self, index: int) -> tuple[int, ...]:
        """The prompt of that number: the same in every run."""
        generator = np.random.default_rng((7, index))
        length = int(generator.integers(self._sizes[0], self._sizes[1] + 1))
        while True:
            tokens = self._tokens(self._paths[int(generator.integers(len(self._paths)))])
            if len(tokens) > length:
                end = int(generator.integers(length, len(tokens)))
                return tuple(tokens[end - length : end])

    def _tokens(self, path: Path) -> list[int]:
        if path not in self._texts:
            self._texts[path] = self._engine.tokenize([path.read_text("utf-8", "replace")])[0]
        return self._texts[path]


def compare(engine: LlamaBackend, index: int, prompt: tuple[int, ...], tokens: int) -> Case:
    """Answers one prompt both ways."""
    forget(engine)
    engine.complete(Prompt(TokenIds(prompt)), Limits(max_tokens=1), lambda: False)
    watched = Watched()
    plain, plain_s = _answer(engine, prompt, tokens, draft=False, sampler=watched)
    drafted, drafted_s = _answer(engine, prompt, tokens, draft=True)
    place = -1
    if plain.tokens != drafted.tokens:
        pairs = zip(plain.tokens, drafted.tokens, strict=False)
        place = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(plain.tokens), len(drafted.tokens)))
    alike = len(plain.tokens) if place < 0 else place
    off = max((abs(a - b) for a, b in zip(plain.logprobs[:alike], drafted.logprobs, strict=False)), default=0.0)
    return Case(
        index,
        len(prompt),
        len(plain.tokens),
        place,
        watched.gaps[place] if place >= 0 else 0.0,
        sum(gap < CLOSE for gap in watched.gaps),
        off,
        drafted.counts.drafted,
        drafted.counts.accepted,
        round(plain_s, 4),
        round(drafted_s, 4),
    )


def _answer(
    engine: LlamaBackend, prompt: tuple[int, ...], tokens: int, *, draft: bool, sampler: Sampler | None = None
) -> tuple[Generation, float]:
    begin = time.process_time()
    made = engine.complete(
        Prompt(TokenIds(prompt)), Limits(max_tokens=tokens, draft=draft), lambda: False, sampler=sampler
    )
    return made, time.process_time() - begin


def forget(engine: LlamaBackend) -> None:
    """Empties the engine's cache, and lets it read the next prompt in batches of the first size, which follows the
    measured speed otherwise; and rounding in a prompt's KV follows that."""
    prefill = engine.parts.prefill
    prefill.token_ms = 0.0
    prefill.cache.clear()
    engine.context.clear()


def _lines(path: Path, settings: dict[str, Any]) -> Iterator[Case]:
    """The cases of an earlier run with the same settings; raises UsageError for a file of others."""
    if not path.exists():
        path.write_text(json.dumps(settings) + "\n", "utf-8")
        return
    first, *rest = path.read_text("utf-8").splitlines()
    if json.loads(first) != settings:
        raise UsageError(f"{path} is of a run with other settings", why=first, fix="Name another file")
    for line in rest:
        yield Case(**json.loads(line))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=embedded_path())
    parser.add_argument("--prompts", type=int, default=500)
    parser.add_argument("--shortest", type=int, default=512)
    parser.add_argument("--longest", type=int, default=1024)
    parser.add_argument("--tokens", type=int, default=48)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=None)
    given = parser.parse_args()
    engine = LlamaBackend(
        EngineOptions(model_path=str(given.model), context_tokens=given.longest + 512, threads=given.threads)
    )
    engine.load(lambda share: None)
    settings = {
        "model": fingerprint(read_header(given.model)),
        "shortest": given.shortest,
        "longest": given.longest,
        "tokens": given.tokens,
        "threads": given.threads,
    }
    tally = Tally(list(_lines(given.out, settings)) if given.out is not None else [])
    pieces = Prompts(engine, given.shortest, given.longest)
    for index in range(len(tally.cases), given.prompts):
        tally.cases.append(compare(engine, index, pieces.get(index), given.tokens))
        if given.out is not None:
            with given.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(tally.cases[-1])) + "\n")
    print(json.dumps(tally.sums(), indent=1))
    return int(any(not (case.is_same or case.is_excused) for case in tally.cases))


if __name__ == "__main__":
    raise SystemExit(main())
