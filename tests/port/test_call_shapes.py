"""A token costs one row: the shapes of the calls of plain models, Loop models with RoPE and ALiBi, and PLT."""

from __future__ import annotations

import numpy as np
import pytest

from iquest_lsp.datatypes import Limits, Prompt
from iquest_lsp.runtime.backends.llama import LlamaBackend
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.decode.controller import DraftSource
from iquest_lsp.runtime.llama.context import Context
from quantize.random_model import Recipe, write
from tests.port.test_drafting import Forced, Guesses, guess, never, prompt

RECIPES = {
    "plain": Recipe(vocab="bytes", n_vocab=258, n_layer=2, passes=1),
    "rope loop": Recipe(vocab="bytes", n_vocab=258, n_layer=2, window=8),
    "parallel": Recipe(vocab="bytes", n_vocab=258, n_layer=2, window=8, parallel=True),
    "alibi": Recipe(vocab="bytes", n_vocab=258, n_layer=2, window=8, max_alibi_bias=8.0),
}


@pytest.fixture(scope="module", params=RECIPES)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LlamaBackend:
    path = write(tmp_path_factory.mktemp("shapes") / "model.gguf", RECIPES[request.param])
    # two threads, as on most machines: flash attention shares the cache out among them for single rows
    made = LlamaBackend(EngineOptions(model_path=str(path), context_tokens=512, batch_tokens=64, threads=2))
    made.load(lambda share: None)
    return made


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of rows of each call from now on."""
    seen: list[int] = []
    original = Context.decode_batch

    def counted(self: Context, tokens: np.ndarray | None, hidden: np.ndarray | None, *rest: object) -> None:  # type: ignore[type-arg]
        given = tokens if tokens is not None else hidden
        assert given is not None
        seen.append(len(given))
        original(self, tokens, hidden, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Context, "decode_batch", counted)
    return seen


def test_plain_decoding_evaluates_one_row_a_token(engine: LlamaBackend, rows: list[int]) -> None:
    asked = Prompt(prompt(1))
    engine.complete(asked, Limits(max_tokens=1, draft=False), never)
    rows.clear()
    made = engine.complete(asked, Limits(max_tokens=30, draft=False), never)
    again = 1 if made.counts.prefilled else 0
    assert len(made.tokens) > 5
    assert rows[again:] == [1] * (len(made.tokens) - 1)


def test_a_verified_draft_costs_a_row_for_each_of_its_tokens(
    engine: LlamaBackend, rows: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    guess(engine, monkeypatch)
    asked = Prompt(prompt(2))
    plain = engine.complete(asked, Limits(max_tokens=40, draft=False), never)
    monkeypatch.setattr(Guesses, "plain", plain.tokens)
    forced = Forced(engine.parts.decoder.controller, (DraftSource.LOOKUP, DraftSource.PLAIN))
    monkeypatch.setattr(engine.parts.decoder, "controller", forced)
    rows.clear()
    made = engine.complete(asked, Limits(max_tokens=40), never)
    again = 1 if made.counts.prefilled else 0
    assert made.tokens == plain.tokens
    assert made.counts.drafted > 10
    assert sum(size - 1 for size in rows[again:]) == made.counts.drafted


def test_the_passes_run_apart_have_a_row_for_each_token(
    engine: LlamaBackend, rows: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not engine.context.can_finish:
        assert not engine.parts.decoder.controller.can_split
        return
    asked = Prompt(prompt(3))
    plain = engine.complete(asked, Limits(max_tokens=40, draft=False), never)
    forced = Forced(engine.parts.decoder.controller, (DraftSource.PASS, DraftSource.PLAIN))
    monkeypatch.setattr(engine.parts.decoder, "controller", forced)
    rows.clear()
    made = engine.complete(asked, Limits(max_tokens=40), never)
    again = 1 if made.counts.prefilled else 0
    assert made.tokens == plain.tokens
    assert made.counts.drafted > 10
    assert sum(size - 1 for size in rows[again:]) == made.counts.drafted  # of the later passes: pass 1 has one each
