"""Saved KV on random models: an engine that restores answers as one that evaluated everything itself."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from iquest_lsp.datatypes import Limits, Prompt
from iquest_lsp.runtime.backends.llama import LlamaBackend
from iquest_lsp.runtime.base.engine import EngineOptions, StateLabel
from quantize.random_model import Recipe, write
from tests.port.states import load_state, save_state

VOCABULARY = 256
LABEL = StateLabel("/home/ann/shapes", "main", "1")
RECIPES = {
    "rope": Recipe(vocab="bytes", n_vocab=VOCABULARY + 2, n_layer=4, window=8),
    "alibi": Recipe(vocab="bytes", n_vocab=VOCABULARY + 2, n_layer=4, window=8, max_alibi_bias=8.0),
    "three passes": Recipe(vocab="bytes", n_vocab=VOCABULARY + 2, n_layer=2, window=12, passes=3),
    "parallel": Recipe(vocab="bytes", n_vocab=VOCABULARY + 2, n_layer=3, window=8, parallel=True, gate_hidden=True),
}


def never() -> bool:
    return False


def options(path: Path, folder: Path) -> EngineOptions:
    return EngineOptions(
        model_path=str(path),
        context_tokens=1024,
        batch_tokens=64,
        kv_type="f32",
        flash_attention=False,
        threads=1,
        state_folder=str(folder),
        state_limit=1 << 30,
        sequences=2,
    )


def engine(chosen: EngineOptions) -> LlamaBackend:
    made = LlamaBackend(chosen)
    made.load(lambda share: None)
    return made


@pytest.fixture(scope="module", params=RECIPES)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("saved") / "loop.gguf", RECIPES[request.param])


def test_restored_equals_cold_wherever_the_prompt_goes_on(model: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    tokens = [int(token) for token in random.integers(0, VOCABULARY, 600)]
    chosen = options(model, tmp_path)
    first = engine(chosen)
    first.complete(Prompt(tuple(tokens)), Limits(max_tokens=1), never)
    held = first.metrics().cached[0]
    assert first.save(LABEL, 0, True) == held == 600
    assert first.metrics().evaluated_tokens == 600
    cold = engine(replace(chosen, state_limit=0))
    assert cold.restore(LABEL, 0) == 0
    for place in (600, 599, 595, 560, 300, 40, 1):
        restored = engine(chosen)
        assert restored.restore(LABEL, 0) == held
        assert restored.metrics().evaluated_tokens == 0
        prompt = Prompt((*tokens[:place], *(int(token) for token in random.integers(0, VOCABULARY, 5))))
        got = restored.complete(prompt, Limits(max_tokens=12), never)
        expected = cold.complete(prompt, Limits(max_tokens=12), never)
        assert got.tokens == expected.tokens
        assert np.allclose(got.logprobs, expected.logprobs, atol=1e-4)
        assert got.counts.reused + got.counts.prefilled == len(prompt.tokens)
        if place == 600:
            assert got.counts.prefilled == 5  # nothing of what was saved is evaluated again
        restored.close()
    first.close()
    cold.close()


def test_a_restored_sequence_is_exact_after_typing_and_rewinding(model: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(8)
    tokens = [int(token) for token in random.integers(0, VOCABULARY, 400)]
    chosen = options(model, tmp_path)
    first, cold = engine(chosen), engine(replace(chosen, state_limit=0))
    first.complete(Prompt(tuple(tokens)), Limits(max_tokens=4), never)
    assert first.save(LABEL, 0, True)
    restored = engine(chosen)
    restored.restore(LABEL, 1)  # into another sequence than it came from
    for turn in range(8):
        place = int(random.integers(len(tokens) - 60, len(tokens))) if turn % 3 else int(random.integers(1, 400))
        tokens[place:] = [int(token) for token in random.integers(0, VOCABULARY, int(random.integers(1, 40)))]
        got = restored.complete(Prompt(tuple(tokens), sequence=1), Limits(max_tokens=6), never)
        expected = cold.complete(Prompt(tuple(tokens)), Limits(max_tokens=6), never)
        assert got.tokens == expected.tokens
        assert np.allclose(got.logprobs, expected.logprobs, atol=1e-4)
    for one in (first, cold, restored):
        one.close()


def test_another_model_memory_or_a_damaged_file_is_a_cold_start(
    model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chosen = options(model, tmp_path / "kv")
    first = engine(chosen)
    tokens = tuple(int(token) for token in np.random.default_rng(1).integers(0, VOCABULARY, 400))
    first.complete(Prompt(tokens), Limits(max_tokens=1), never)
    assert first.save(LABEL, 0, True) == 400
    first.close()
    (path,) = (tmp_path / "kv").glob("*.kv")

    with caplog.at_level(logging.WARNING):
        other_type = engine(replace(chosen, kv_type="f16"))
        assert other_type.restore(LABEL, 0) == 0
        assert len(caplog.records) == 1
        other_type.close()

        copy = tmp_path / "copy.gguf"
        data = bytearray(model.read_bytes())
        data[-5] ^= 1  # a weight
        copy.write_bytes(data)
        other_model = engine(replace(chosen, model_path=str(copy)))
        assert other_model.restore(LABEL, 0) == 0  # a file of its own, and there is none
        other_model.close()

        small = engine(replace(chosen, context_tokens=128))
        caplog.clear()
        assert small.restore(LABEL, 0) == 0
        assert len(caplog.records) == 1
        assert small.complete(Prompt(tokens[:50]), Limits(max_tokens=2), never).counts.prefilled == 50
        small.close()

        damaged = bytearray(path.read_bytes())
        damaged[-100] ^= 4
        path.write_bytes(damaged)
        caplog.clear()
        again = engine(chosen)
        assert again.restore(LABEL, 0) == 0
        assert len(caplog.records) == 1
        assert again.complete(Prompt(tokens), Limits(max_tokens=2), never).counts.reused == 0
        again.close()


def test_a_state_that_does_not_fit_leaves_the_sequence_empty(model: Path, tmp_path: Path) -> None:
    first = engine(options(model, tmp_path))
    tokens = tuple(int(token) for token in np.random.default_rng(1).integers(0, VOCABULARY, 200))
    first.complete(Prompt(tokens), Limits(max_tokens=1), never)
    context = first.parts.context
    state = save_state(context, 0)
    for cut in (len(state) // 3, len(state) - 8):
        with pytest.raises(Exception, match="does not fit"):
            load_state(context, 1, state[:cut])
        assert context.position_max(1) == -1
    first.close()


def test_an_unused_sequence_gives_its_cells_and_comes_back_from_disk(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(6)
    one, other = (tuple(int(token) for token in random.integers(0, VOCABULARY, 300)) for _ in range(2))
    made = engine(options(model, tmp_path))
    assert made.restore(LABEL, 0) == 0
    made.complete(Prompt(one), Limits(max_tokens=1), never)
    assert made.save(LABEL, 0, True) == 300
    while made.warm(other, 1, 50.0, never).remaining:
        pass
    assert made.metrics().cached[0] == 300  # used a moment ago
    monkeypatch.setattr("iquest_lsp.runtime.kv.prefill.IDLE_S", -1.0)
    made.warm(other, 1, 50.0, never)
    assert made.metrics().cached == {0: 0, 1: 300}
    more = (*one, 1, 2)
    got = made.complete(Prompt(more), Limits(max_tokens=6), never)
    assert got.counts.prefilled == 2
    cold = engine(replace(options(model, tmp_path), state_limit=0))
    expected = cold.complete(Prompt(more), Limits(max_tokens=6), never)
    assert got.tokens == expected.tokens
    assert np.allclose(got.logprobs, expected.logprobs, atol=1e-4)
    made.close()
    cold.close()
