"""A token's logits do not depend on the tokens evaluated beside it, nor on the threads: drafts change no answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import lossless
from iquest_lsp.bench.corpus import code_tokens
from iquest_lsp.datatypes import Limits, Prompt
from iquest_lsp.runtime.backends.llama import LlamaBackend
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.decode.controller import MOST_ROWS, Controller, DraftSource, Move
from iquest_lsp.runtime.llama import attention
from iquest_lsp.runtime.llama.loop_context import LoopContext
from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.runtime.models.catalogue import embedded_path
from quantize.random_model import Recipe, write
from tests.port.test_drafting import Guesses, guess

READ, ROWS = 700, 48


def rows_of(context: LoopContext, ids: np.ndarray[tuple[int], np.dtype[np.int64]], size: int) -> np.ndarray:  # type: ignore[type-arg]
    """The logits of the last ROWS tokens, so many a call."""
    start = len(ids) - ROWS
    context.remove(0, start, -1)
    found = []
    for place in range(start, len(ids), size):
        piece = ids[place : place + size]
        context.decode(piece, np.arange(place, place + len(piece)), 0, "all")
        found += [context.logits(row) for row in range(len(piece))]
    return np.stack(found)


@pytest.mark.parametrize("threads", [1, 2])
def test_logits_of_the_embedded_model_are_the_same_in_any_batch(threads: int) -> None:
    model = Model.load(embedded_path())
    ids = np.asarray(code_tokens(model.tokenize, READ + ROWS))
    context = LoopContext(model, READ + 256, margin=128, n_threads=threads)
    context.run(context.plan(0, 0, READ, extra=64), ids[:READ])
    attention.blocks(context)
    single = rows_of(context, ids, 1)
    assert attention.blocks(context).skipped > 0
    for size in (2, 3, 5, 8, MOST_ROWS):
        assert np.array_equal(rows_of(context, ids, size), single), size
    context.set_threads(1, 1)  # fewer than it was made for
    assert np.array_equal(rows_of(context, ids, 4), single)
    context.close()
    model.close()


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("kv", ["f32", "f16", "q8_0"])
def test_each_row_decides_for_itself_what_to_leave_out(kv: str, threads: int, tmp_path: Path) -> None:
    """Steep slopes over a long context: rows disagree about blocks, and other sequences lie between them."""
    recipe = Recipe(
        n_layer=2,
        n_embd=256,
        n_head=8,
        n_head_kv=2,
        n_ff=256,
        window=16,
        max_alibi_bias=8.0,
        seed=95,
        quantization="Q8_0",
    )
    model = Model.load(write(tmp_path / "model.gguf", recipe))
    ids = np.random.default_rng(1).integers(0, model.n_vocab, 1500)
    context = LoopContext(
        model, 4096, margin=128, type_k=kv, type_v=kv, flash_attn=True, n_threads=threads, n_seq_max=2
    )
    for place in range(0, len(ids) - ROWS, 100):
        piece = np.arange(place, min(place + 100, len(ids) - ROWS))
        context.decode(ids[piece], piece, 0)
        context.decode(ids[piece][::-1], piece, 1)
    attention.blocks(context)
    single = rows_of(context, ids, 1)
    assert attention.blocks(context).skipped > 0
    for size in (2, 7, MOST_ROWS):
        assert np.array_equal(rows_of(context, ids, size), single), size
    context.close()
    model.close()


@pytest.mark.parametrize("threads", [1, 2])
def test_drafts_change_no_token_of_real_code(threads: int) -> None:
    engine = LlamaBackend(EngineOptions(model_path=str(embedded_path()), context_tokens=1024, threads=threads))
    engine.load(lambda share: None)
    pieces = lossless.Prompts(engine, 200, 400)
    cases = [lossless.compare(engine, index, pieces.get(index), 24) for index in range(12)]
    engine.close()
    assert all(case.is_same and case.off == 0.0 for case in cases), cases
    assert sum(case.drafted for case in cases) > 12
    assert sum(case.accepted for case in cases) > 0


def test_no_call_has_more_rows_than_are_computed_each_for_itself() -> None:
    header = (Path(attention.__file__).parents[1] / "port" / "ggml-flash-attn-alibi.h").read_text("utf-8")
    assert f"#define GGML_FA_ALIBI_ROWS {MOST_ROWS} " in header
    assert Controller(2, can_split=True).longest(1000) + 1 == MOST_ROWS


def test_the_longest_drafts_change_no_logit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drafts as long as they get, all right: the log-probabilities are those of single tokens, bit for bit."""
    engine = LlamaBackend(EngineOptions(model_path=str(embedded_path()), context_tokens=1024, threads=1))
    engine.load(lambda share: None)
    controller = engine.parts.decoder.controller

    def longest(offered: int, match: int, *, room: int, **_: object) -> Move:
        return Move(DraftSource.LOOKUP, min(offered, room)) if offered and room else Move(DraftSource.PLAIN)

    guess(engine, monkeypatch)
    monkeypatch.setattr(Guesses, "share", 0.0)
    for index in range(4):
        prompt = Prompt(lossless.Prompts(engine, 400, 700).get(index))
        engine.complete(prompt, Limits(max_tokens=1), lambda: False)
        plain = engine.complete(prompt, Limits(max_tokens=60, draft=False), lambda: False)
        monkeypatch.setattr(Guesses, "plain", plain.tokens)
        with monkeypatch.context() as patch:
            patch.setattr(controller, "choose", longest)
            drafted = engine.complete(prompt, Limits(max_tokens=60), lambda: False)
        assert drafted.counts.drafted >= min(len(plain.tokens) - 8, 50)
        assert drafted.tokens == plain.tokens
        assert drafted.logprobs == plain.logprobs
    engine.close()
