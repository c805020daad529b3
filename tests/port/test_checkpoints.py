"""Models whose memory does not go back: typing at a prompt's end costs its end, and answers as a cold engine does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFWriter
from numpy.typing import NDArray

from iquest_lsp.runtime.kv.checkpoints import BEHIND, MOST, SPACING
from iquest_lsp.runtime.kv.prefill import Prefill
from iquest_lsp.runtime.llama.loop_context import LoopContext
from iquest_lsp.runtime.llama.model import Model

WIDTH, WORDS, LAYERS, CELLS = 64, 64, 4, 4096
#: Relative differences of logits: what other shapes of calls bring, and what a wrong state brings at the least.
NEAR, WRONG = 1e-3, 1e-2


def _writer(path: Path, architecture: str) -> GGUFWriter:
    writer = GGUFWriter(path, architecture)
    writer.add_context_length(CELLS)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(0 if architecture == "mamba" else 96)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(WORDS)
    writer.add_tokenizer_model("no_vocab")
    return writer


def _write(writer: GGUFWriter, shapes: dict[str, tuple[int, ...]]) -> None:
    random = np.random.default_rng(0)
    for name, shape in shapes.items():
        values = random.standard_normal(shape).astype(np.float32) * (1.0 if name.endswith("norm.weight") else 0.2)
        writer.add_tensor(name, -np.exp(values) if name.endswith("ssm_a") else values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def recurrent(path: Path) -> None:
    writer = _writer(path, "mamba")
    inner, state, rank = 2 * WIDTH, 8, 4
    writer.add_head_count(0)
    writer.add_ssm_conv_kernel(4)
    writer.add_ssm_inner_size(inner)
    writer.add_ssm_state_size(state)
    writer.add_ssm_time_step_rank(rank)
    shapes: dict[str, tuple[int, ...]] = {"token_embd.weight": (WORDS, WIDTH), "output_norm.weight": (WIDTH,)}
    for layer in range(LAYERS):
        shapes |= {
            f"blk.{layer}.{name}": shape
            for name, shape in {
                "attn_norm.weight": (WIDTH,),
                "ssm_in.weight": (2 * inner, WIDTH),
                "ssm_conv1d.weight": (inner, 4),
                "ssm_conv1d.bias": (inner,),
                "ssm_x.weight": (rank + 2 * state, inner),
                "ssm_dt.weight": (inner, rank),
                "ssm_dt.bias": (inner,),
                "ssm_a": (inner, state),
                "ssm_d": (inner,),
                "ssm_out.weight": (WIDTH, inner),
            }.items()
        }
    _write(writer, shapes)


FEED_FORWARD = {
    "ffn_norm.weight": (WIDTH,),
    "ffn_gate.weight": (96, WIDTH),
    "ffn_up.weight": (96, WIDTH),
    "ffn_down.weight": (WIDTH, 96),
}
ATTENTION = {
    "attn_norm.weight": (WIDTH,),
    "attn_q.weight": (WIDTH, WIDTH),
    "attn_k.weight": (32, WIDTH),
    "attn_v.weight": (32, WIDTH),
    "attn_output.weight": (WIDTH, WIDTH),
}


def hybrid(path: Path) -> None:
    writer = _writer(path, "lfm2")
    writer.add_head_count(4)
    writer.add_head_count_kv([0, 2, 0, 2])
    writer.add_shortconv_l_cache(3)
    shapes: dict[str, tuple[int, ...]] = {"token_embd.weight": (WORDS, WIDTH), "token_embd_norm.weight": (WIDTH,)}
    convolution = {
        "attn_norm.weight": (WIDTH,),
        "shortconv.conv.weight": (WIDTH, 3),
        "shortconv.in_proj.weight": (3 * WIDTH, WIDTH),
        "shortconv.out_proj.weight": (WIDTH, WIDTH),
    }
    norms = {"attn_q_norm.weight": (16,), "attn_k_norm.weight": (16,)}
    for layer in range(LAYERS):
        parts = FEED_FORWARD | (ATTENTION | norms if layer % 2 else convolution)
        shapes |= {f"blk.{layer}.{name}": shape for name, shape in parts.items()}
    _write(writer, shapes)


def sliding(path: Path) -> None:
    writer = _writer(path, "gemma3")
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_key_length(16)
    writer.add_value_length(16)
    writer.add_sliding_window(16)
    shapes: dict[str, tuple[int, ...]] = {"token_embd.weight": (WORDS, WIDTH), "output_norm.weight": (WIDTH,)}
    norms = {
        "attn_q_norm.weight": (16,),
        "attn_k_norm.weight": (16,),
        "post_attention_norm.weight": (WIDTH,),
        "post_ffw_norm.weight": (WIDTH,),
    }
    for layer in range(LAYERS):
        shapes |= {f"blk.{layer}.{name}": shape for name, shape in (FEED_FORWARD | ATTENTION | norms).items()}
    _write(writer, shapes)


@pytest.fixture(scope="module", params=[recurrent, hybrid, sliding], ids=["recurrent", "hybrid", "sliding window"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Model]:
    path = tmp_path_factory.mktemp("checkpoints") / "model.gguf"
    request.param(path)
    loaded = Model.load(path)
    yield loaded
    loaded.close()


def prefill(model: Model) -> Prefill:
    return Prefill(LoopContext(model, CELLS, n_threads=1, type_k="f32", type_v="f32", flash_attn=False), 256)


def evaluated(engine: Prefill, tokens: list[int]) -> tuple[int, NDArray[np.float32]]:
    """How many tokens a prompt cost, and the logits behind it."""
    before = engine.evaluated
    engine.run(tokens, 0, lambda: False, None)
    return engine.evaluated - before, engine.context.logits(-1).copy()


def far(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The relative difference of two rows of logits."""
    return float(np.linalg.norm(one - other) / np.linalg.norm(other))


def draw(seed: int, count: int) -> list[int]:
    return [int(token) for token in np.random.default_rng(seed).integers(0, WORDS, count)]


def test_typing_costs_the_end_of_the_prompt(model: Model) -> None:
    engine = prefill(model)
    tokens = draw(1, 900)
    assert evaluated(engine, tokens)[0] == 900
    random = np.random.default_rng(2)
    for turn in range(12):
        # The last word is another one, as while it is typed; sometimes the one before it too, or nothing but more.
        kept = len(tokens) - int(random.integers(0, 4))
        tokens = [*tokens[:kept], *draw(10 + turn, 1 + turn % 3)]
        cost, logits = evaluated(engine, tokens)
        assert cost <= BEHIND + 8
        assert far(logits, evaluated(prefill(model), tokens)[1]) < NEAR


def test_a_change_further_back_goes_on_from_an_earlier_checkpoint(model: Model) -> None:
    engine = prefill(model)
    tokens = draw(3, 2000)
    evaluated(engine, tokens)
    changed = [*tokens[:1500], *draw(4, 400)]
    cost, logits = evaluated(engine, changed)
    assert cost <= 400 + SPACING + 256
    assert far(logits, evaluated(prefill(model), changed)[1]) < NEAR
    other = draw(5, 700)
    cost, logits = evaluated(engine, other)
    assert cost == 700
    assert far(logits, evaluated(prefill(model), other)[1]) < NEAR


def test_the_same_prompt_again_costs_its_end(model: Model) -> None:
    engine = prefill(model)
    tokens = draw(6, 600)
    first = evaluated(engine, tokens)[1]
    engine.context.decode([1, 2, 3], [600, 601, 602], 0, "last")  # an answer
    engine.cache.extend(0, [1, 2, 3])
    cost, again = evaluated(engine, tokens)
    assert cost <= BEHIND
    assert far(first, again) < NEAR


def test_few_are_kept(model: Model) -> None:
    engine = prefill(model)
    for turn in range(20):
        evaluated(engine, [*draw(7, 300), *draw(100 + turn, 40)])
        assert len(engine.checkpoints.lengths(0)) <= MOST


def test_a_state_of_another_place_would_be_noticed(model: Model) -> None:
    engine = prefill(model)
    tokens = draw(8, 400)
    evaluated(engine, tokens)
    state = engine.context.write_partial_state(0)
    other = draw(9, 400)
    evaluated(engine, other)
    assert engine.context.read_partial_state(0, state)
    engine.context.decode([5], [400], 0, "last")
    expected = evaluated(prefill(model), [*other, 5])[1]
    assert far(engine.context.logits(-1), expected) > WRONG
