"""Drafted decoding against plain decoding on prompts of real code: are all tokens the same, and what does it gain?

    python -m tests.bench.lossless [--model PATH] [--prompts 500] [--tokens 48] [--length 400] [--threads 1]

Prompts end at random places of the standard library's modules (seed fixed). Each is answered twice by one engine, its
cache emptied before each: one token a step, and with drafts. An answer that differs is excused only where the two best
logits of the plain one lie within 1e-3 of each other at the first difference; all are counted. Exit code 1 if one is
not excused.
"""

from __future__ import annotations

import argparse
import json
import sysconfig
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from iquest_lsp.datatypes import Generation, Limits, Prompt
from iquest_lsp.runtime.catalogue import embedded_path
from iquest_lsp.runtime.engine import EngineOptions
from iquest_lsp.runtime.llama_backend import LlamaBackend

CLOSE = 1e-3


@dataclass
class Tally:
    """What was seen: counts of tokens and prompts, processor and wall-clock seconds of decoding."""

    prompts: int = 0
    tokens: int = 0
    same: int = 0
    excused: int = 0
    differing: list[tuple[int, int, float]] = field(default_factory=list)
    drafted: int = 0
    accepted: int = 0
    plain_s: float = 0.0
    drafted_s: float = 0.0
    plain_cpu_s: float = 0.0
    drafted_cpu_s: float = 0.0


def prompts(engine: LlamaBackend, count: int, length: int) -> list[tuple[int, ...]]:
    """Token ids of `count` pieces of real code, `length` tokens each, that end anywhere."""
    paths = sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))
    generator = np.random.default_rng(0)
    found: list[tuple[int, ...]] = []
    texts: dict[Path, list[int]] = {}
    while len(found) < count:
        path = paths[int(generator.integers(len(paths)))]
        if path not in texts:
            texts[path] = engine.tokenize([path.read_text("utf-8", "replace")])[0]
        tokens = texts[path]
        if len(tokens) > length:
            end = int(generator.integers(length, len(tokens)))
            found.append(tuple(tokens[end - length : end]))
    return found


def compare(engine: LlamaBackend, prompt: tuple[int, ...], tokens: int, tally: Tally) -> None:
    """Answers one prompt both ways and adds what was found."""
    plain, plain_cpu = answer(engine, prompt, tokens, draft=False)
    drafted, drafted_cpu = answer(engine, prompt, tokens, draft=True)
    tally.prompts += 1
    tally.tokens += len(plain.tokens)
    tally.plain_s += plain.timings.decode_ms / 1000
    tally.drafted_s += drafted.timings.decode_ms / 1000
    tally.plain_cpu_s += plain_cpu
    tally.drafted_cpu_s += drafted_cpu
    tally.drafted += drafted.counts.drafted
    tally.accepted += drafted.counts.accepted
    if plain.tokens == drafted.tokens:
        tally.same += 1
        return
    pairs = zip(plain.tokens, drafted.tokens, strict=False)
    place = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(plain.tokens), len(drafted.tokens)))
    gap = closeness(engine, (*prompt, *plain.tokens[:place]))
    tally.excused += gap < CLOSE
    tally.differing.append((tally.prompts - 1, place, round(gap, 5)))


def answer(engine: LlamaBackend, prompt: tuple[int, ...], tokens: int, *, draft: bool) -> tuple[Generation, float]:
    """One answer from an empty cache, and the processor seconds that its decoding took."""
    forget(engine)
    engine.complete(Prompt(prompt), Limits(max_tokens=1), lambda: False)
    begin = time.process_time()
    made = engine.complete(Prompt(prompt), Limits(max_tokens=tokens, draft=draft), lambda: False)
    return made, time.process_time() - begin


def forget(engine: LlamaBackend) -> None:
    """Empties the engine's cache, and lets it read the next prompt in batches of the usual size: their size follows the
    measured speed, and rounding in a prompt's KV follows their size."""
    assert engine._parts is not None
    engine._parts.prefill._token_ms = 0.0
    engine._parts.prefill.cache.clear()
    engine._parts.context.clear()


def closeness(engine: LlamaBackend, tokens: tuple[int, ...]) -> float:
    """How far apart the two best logits after these tokens are."""
    forget(engine)
    engine.complete(Prompt(tokens), Limits(max_tokens=1, draft=False), lambda: False)
    assert engine._parts is not None
    best = np.sort(engine._parts.context.logits(-1))
    return float(best[-1] - best[-2])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=embedded_path())
    parser.add_argument("--prompts", type=int, default=500)
    parser.add_argument("--tokens", type=int, default=48)
    parser.add_argument("--length", type=int, default=400)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    engine = LlamaBackend(
        EngineOptions(model_path=str(given.model), context_tokens=given.length + 512, threads=given.threads)
    )
    engine.load(lambda share: None)
    tally = Tally()
    for prompt in prompts(engine, given.prompts, given.length):
        compare(engine, prompt, given.tokens, tally)
    print(json.dumps({**tally.__dict__, "cpu_gain": round(tally.plain_cpu_s / tally.drafted_cpu_s, 3)}, indent=1))
    return int(tally.same + tally.excused < tally.prompts)


if __name__ == "__main__":
    raise SystemExit(main())
