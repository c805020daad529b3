"""Repository memory in the engine: drafted answers are those of plain decoding, with shares and without."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from iquest_lsp.datatypes import Generation, Limits, Prompt
from iquest_lsp.errors import RequestCancelledError
from iquest_lsp.runtime.backends.llama import LlamaBackend
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.decode.controller import Controller, DraftSource, Move
from iquest_lsp.runtime.decode.share_learner import LEAST_FILES
from iquest_lsp.runtime.memory.builder import Builder, FileReading
from iquest_lsp.runtime.memory.shares import FEATURES, MemoryShares
from iquest_lsp.runtime.memory.store import ORDERS
from quantize.random_model import Recipe, write

SEEDS = 5
SURE = ((3.0,) + (0.0,) * (FEATURES - 1),) * (len(ORDERS) + 1)
SHARES = MemoryShares(SURE, SURE, 1.0, 2.0)


class Forced(Controller):
    """Verifies whatever is found, and lets the first pass write where nothing is."""

    def __init__(self, like: Controller) -> None:
        super().__init__(2, can_split=like.can_split)
        self.sources: set[DraftSource] = set()
        self._sizes = itertools.cycle((1, 5, 2, 8))

    def choose(self, offered: int, match: int, **how: object) -> Move:
        source = how["source"]
        assert isinstance(source, DraftSource)
        if offered:
            self.sources.add(source)
            return Move(source, min(offered, next(self._sizes)))
        return Move(DraftSource.PASS, 2) if self.can_split else Move(DraftSource.PLAIN)

    def goes_on(self, chances: object, **_: object) -> bool:
        return True


@pytest.fixture(scope="module", params=[1, 2])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlamaBackend]:
    path = tmp_path_factory.mktemp("memory") / "model.gguf"
    write(path, Recipe(vocab="bytes", n_vocab=258, n_layer=2, window=8, passes=request.param))
    made = LlamaBackend(
        EngineOptions(
            model_path=str(path), context_tokens=1024, batch_tokens=64, kv_type="f32", flash_attention=False, threads=1
        )
    )
    with pytest.MonkeyPatch.context() as patch:  # what is learned is kept there
        patch.setenv("XDG_CACHE_HOME", str(path.parent / "cache"))
        made.load(lambda share: None)
        yield made
        made.close()


@pytest.fixture
def files(engine: LlamaBackend, tmp_path: Path) -> tuple[str, ...]:
    """A memory of text over few letters, with what the model writes after some of it, and a change to it."""
    parts = engine.parts
    assert parts is not None
    texts = {str(at): row.tolist() for at, row in enumerate(np.random.default_rng(3).integers(97, 101, (6, 400)))}
    for seed in range(SEEDS):
        texts[f"{seed} goes on"] = [*start(seed)[-10:], *answer(engine, seed, (), draft=False, copying=False).tokens]
    builder = Builder(tmp_path, parts.model.vocabulary_key, parts.model.n_vocab, texts.__getitem__)
    builder.update(FileReading(f"folder/{name}.py", name) for name in texts)
    return builder.update([FileReading("folder/0.py", "1")]).files


def start(seed: int) -> tuple[int, ...]:
    return tuple(int(token) for token in np.random.default_rng(seed).integers(97, 101, 60))


def answer(engine: LlamaBackend, seed: int, files: tuple[str, ...], **limits: object) -> Generation:
    prompt = Prompt(start(seed), memory=files, path="folder/new.py")
    return engine.complete(prompt, replace(Limits(max_tokens=40), **limits), lambda: False)  # type: ignore[arg-type]


@pytest.mark.parametrize("shares", [None, SHARES])
def test_drafts_from_the_memory_change_nothing(
    engine: LlamaBackend, files: tuple[str, ...], shares: MemoryShares | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = engine.parts
    assert parts is not None
    monkeypatch.setattr(parts.decoder.mixtures, "memory_shares", shares)
    monkeypatch.setattr(parts.decoder, "controller", forced := Forced(parts.decoder.controller))
    changed = 0
    for seed in range(SEEDS):
        plain = answer(engine, seed, files, draft=False)
        drafted = answer(engine, seed, files)
        assert drafted.tokens == plain.tokens
        assert np.allclose(drafted.logprobs, plain.logprobs, atol=1e-4)
        assert drafted.counts.drafted > 0
        alone = answer(engine, seed, (), draft=False, copying=False)
        assert answer(engine, seed, files, draft=False, copying=False).tokens == alone.tokens
        changed += plain.tokens != alone.tokens
        if shares is not None:
            assert plain.memory_path == drafted.memory_path
            assert plain.memory_path.startswith("folder/")
            assert 0 < plain.memory_share <= 1
    assert DraftSource.MEMORY in forced.sources
    assert bool(changed) == (shares is not None)


def test_a_memory_that_is_gone_or_foreign_is_none(engine: LlamaBackend, tmp_path: Path) -> None:
    foreign = tmp_path / "large-0.memory"
    foreign.write_bytes(b"no memory")
    plain = answer(engine, 1, ())
    made = answer(engine, 1, (str(foreign), str(tmp_path / "gone.memory")))
    assert made.tokens == plain.tokens
    assert made.memory_path == ""


def test_how_far_a_model_leans_on_the_memory_is_learned_from_it(engine: LlamaBackend, tmp_path: Path) -> None:
    """Where the model's file does not say: in steps that give way, once, and known at the next start."""
    parts = engine.parts
    random = np.random.default_rng(5)
    phrases = random.integers(97, 123, (8, 12))
    texts = {f"{at}.py": phrases[random.integers(0, 8, 60)].ravel().tolist() for at in range(LEAST_FILES)}
    builder = Builder(tmp_path, parts.model.vocabulary_key, parts.model.n_vocab, texts.__getitem__)
    memory = builder.update(FileReading(name, name) for name in texts).files

    assert engine.learn((), 50.0, lambda: False) == 0, "there is nothing to learn from"
    left = engine.learn(memory, 1.0, lambda: False)
    assert left > 0
    with pytest.raises(RequestCancelledError):
        engine.learn(memory, 1e9, lambda: True)
    before = answer(engine, 0, (), copying=False).tokens
    assert engine.learn(memory, 1.0, lambda: False) < left, "what was read stays"
    assert engine.learn(memory, 1e9, lambda: False) == 0
    assert answer(engine, 0, (), copying=False).tokens == before, "it reads in a cache of its own"
    shares = parts.mixtures.memory_shares
    assert shares is not None
    assert engine.learn(memory, 1e9, lambda: False) == 0

    again = LlamaBackend(replace(engine.options))
    again.load(lambda share: None)
    try:
        assert again.parts.mixtures.memory_shares == shares
        assert again.learn(memory, 1e9, lambda: False) == 0
    finally:
        again.close()
        parts.mixtures.memory_shares = None
