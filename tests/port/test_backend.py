"""The engine's backend on random Loop models: whatever was cached, edits and interruptions change no answer."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from iquest_lsp.datatypes import Limits, Prompt
from iquest_lsp.errors import EngineError, RequestCancelledError
from iquest_lsp.runtime.backends.llama import LlamaBackend
from iquest_lsp.runtime.base.engine import EngineOptions
from quantize.random_model import Recipe, write
from tests.unit.runtime.models.parts import split

VOCABULARY = 256


def backend(path: Path) -> LlamaBackend:
    made = LlamaBackend(
        EngineOptions(
            model_path=str(path), context_tokens=1024, batch_tokens=64, kv_type="f32", flash_attention=False, threads=1
        )
    )
    made.load(lambda share: None)
    return made


@pytest.fixture(scope="module", params=[0.0, 8.0], ids=["rope", "alibi"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("backend") / "loop.gguf"
    return write(path, Recipe(vocab="bytes", n_vocab=VOCABULARY + 2, max_alibi_bias=request.param, n_layer=4, window=8))


def never() -> bool:
    return False


def test_edits_anywhere_answer_as_a_cold_engine_does(model: Path) -> None:
    random = np.random.default_rng(5)
    warm, cold = backend(model), backend(model)
    tokens = [int(token) for token in random.integers(0, VOCABULARY, 500)]
    for turn in range(12):
        place = int(random.integers(0, len(tokens)))
        if turn % 3 == 0:
            tokens[place:] = []
        tokens[place : place + int(random.integers(0, 30))] = random.integers(0, VOCABULARY, 1 + turn * 3).tolist()
        prompt = Prompt(tuple(tokens))
        got = warm.complete(prompt, Limits(max_tokens=6), never)
        assert cold.parts is not None
        cold.parts.prefill.cache.clear()
        cold.parts.context.clear()
        expected = cold.complete(prompt, Limits(max_tokens=6), never)
        assert got.tokens == expected.tokens
        assert got.counts.reused + got.counts.prefilled == len(tokens)
        assert np.allclose(got.logprobs, expected.logprobs, atol=1e-4)


def test_typing_on_costs_the_typed_tokens(model: Path) -> None:
    engine = backend(model)
    tokens = tuple(int(token) for token in np.random.default_rng(1).integers(0, VOCABULARY, 400))
    engine.complete(Prompt(tokens[:300]), Limits(max_tokens=1), never)
    typed = engine.complete(Prompt(tokens[:305]), Limits(max_tokens=1), never)
    assert (typed.counts.reused, typed.counts.prefilled) == (300, 5)
    back = engine.complete(Prompt(tokens[:299]), Limits(max_tokens=1), never)
    assert (back.counts.reused, back.counts.prefilled) == (298, 1)


def test_interrupted_work_stays_and_does_no_harm(model: Path) -> None:
    tokens = tuple(int(token) for token in np.random.default_rng(2).integers(0, VOCABULARY, 600))
    engine = backend(model)
    calls = itertools.count()
    with pytest.raises(RequestCancelledError):
        engine.complete(Prompt(tokens), Limits(), lambda: next(calls) > 40)
    held = engine.metrics().cached.get(0, 0)
    assert 0 <= held < len(tokens)
    got = engine.complete(Prompt(tokens), Limits(max_tokens=8), never)
    fresh = backend(model).complete(Prompt(tokens), Limits(max_tokens=8), never)
    assert got.tokens == fresh.tokens
    assert got.counts.reused >= held - 1 or got.counts.reused == 0


def test_warming_in_steps_answers_as_one_prefill(model: Path) -> None:
    tokens = tuple(int(token) for token in np.random.default_rng(3).integers(0, VOCABULARY, 700))
    engine = backend(model)
    steps = 0
    while engine.warm(tokens, 0, 1.0, never).remaining:
        steps += 1
    assert steps > 1
    got = engine.complete(Prompt(tokens), Limits(max_tokens=8), never)
    assert got.counts.prefilled == 1
    assert got.tokens == backend(model).complete(Prompt(tokens), Limits(max_tokens=8), never).tokens


def test_too_long_a_prompt_is_a_clear_error(model: Path) -> None:
    with pytest.raises(EngineError, match="does not fit"):
        backend(model).complete(Prompt(tuple([1] * 1020)), Limits(max_tokens=64), never)
    with pytest.raises(EngineError, match="empty"):
        backend(model).complete(Prompt(()), Limits(), never)


def test_as_much_of_a_very_long_answer_as_fits_is_written(model: Path) -> None:
    got = backend(model).complete(Prompt(tuple([1] * 500)), Limits(max_tokens=2**31 - 1, draft=False), never)
    assert 0 < len(got.tokens) <= 524


def test_healing_takes_the_last_word_back_and_spells_it_again(model: Path) -> None:
    engine = backend(model)
    text = "def area(wi"
    tokens = tuple(engine.tokenize([text])[0])
    plain = engine.complete(Prompt(tokens), Limits(max_tokens=8), never)
    healed = engine.complete(Prompt(tokens, heal=True), Limits(max_tokens=8), never)
    assert plain.counts.window == len(tokens)
    assert healed.counts.window == len(tokens) - 2  # one token a byte here: "w" and "i" are taken back
    assert engine.parts is not None
    spelled = b"".join(map(engine.parts.model.piece, healed.tokens))
    assert spelled.startswith(b"wi")
    assert healed.text == spelled[2:].decode("utf-8", "replace")


def test_a_model_in_several_files_answers_as_in_one(model: Path, tmp_path: Path) -> None:
    parts = split(model, tmp_path, 3)
    tokens = [int(token) for token in np.random.default_rng(7).integers(0, VOCABULARY, 60)]
    answers = [
        made.complete(Prompt(tokens), Limits(max_tokens=12), never).tokens
        for made in (backend(model), backend(parts[0]), backend(parts[2]))
    ]
    assert answers[0] == answers[1] == answers[2]
