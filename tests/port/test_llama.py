"""The wrapper: vocabulary, batches, moving spans, flash attention, cancelling; stock architectures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from iquest_lsp.errors import EngineError, EngineMemoryError, RequestCancelledError, UnsupportedModelError
from iquest_lsp.runtime.llama.context import Context
from iquest_lsp.runtime.llama.loop_context import LoopContext
from iquest_lsp.runtime.llama.model import Model
from quantize.oracle import Oracle
from quantize.random_model import Recipe, write
from tests.port.agreement import TOLERANCE, error, open_context, run, tokens_for

Files = Callable[[Recipe], Path]

TEXTS = ["def f(x):\n    return x\n", "  \t", "Ünïcödé ✓ 日本語 🙂\r\n", "<|endoftext|>", "", "\x00\x01", "a" * 500]


@pytest.mark.parametrize("community", [False, True], ids=["iquestloopcoder", "llama"])
def test_a_byte_vocabulary_reads_and_writes_text(community: bool, random_model: Files) -> None:
    model = Model.load(random_model(Recipe(vocab="bytes", n_vocab=300, community=community, seed=60)))
    for text in TEXTS:
        ids = model.tokenize(text)
        assert b"".join(map(model.piece, ids)) == text.encode()
        assert 256 not in ids
    assert model.tokenize("<|endoftext|>", special=True) == [256]
    assert model.token_id("<|endoftext|>") == 256
    assert model.token_id("nothing of the kind") is None
    special = model.special_tokens()
    assert special["<|endoftext|>"] == 256
    assert "th" not in special
    assert model.token_eos == 256
    assert model.is_eog(256)
    assert not model.is_eog(65)
    assert model.piece(256) == b""
    assert model.piece(256, special=True) == b"<|endoftext|>"
    assert (model.n_vocab, model.n_layer, model.passes, model.loop_window) == (300, 3, 2, 8)
    model.close()


def test_a_model_without_vocabulary_says_so(random_model: Files) -> None:
    model = Model.load(random_model(Recipe(seed=61)))
    with pytest.raises(UnsupportedModelError, match="has no vocabulary"):
        model.tokenize("text")
    assert model.special_tokens() == {}
    model.close()


def test_key_length_alone_is_enough(tmp_path: Path) -> None:
    recipe = Recipe(head_dim=24, seed=62)
    path = write(tmp_path / "key.gguf", recipe, leave_out=("attention.value_length",))
    model, tokens = Model.load(path), tokens_for(recipe, 30)
    context = open_context(model)
    assert error(np.stack(run(context, tokens, [30])), Oracle.from_gguf(path).logits(tokens)) <= TOLERANCE
    context.close()
    model.close()


@pytest.mark.parametrize("bias", [0.0, 8.0], ids=["rope", "alibi"])
def test_a_sequence_can_be_moved(bias: float, random_model: Files) -> None:
    # a gate that reads rotated queries depends on where a sequence stands, this one does not
    recipe = Recipe(max_alibi_bias=bias, gate_hidden=True, seed=63)
    path = random_model(recipe)
    model, tokens = Model.load(path), tokens_for(recipe, 60)
    context = open_context(model)
    run(context, tokens[:50], [50])
    context.shift(0, 0, -1, 7)
    result = np.stack(run(context, tokens[50:], [1], start=57))
    assert error(result, Oracle.from_gguf(path).logits(tokens)[50:]) <= 3 * TOLERANCE  # rotated twice in float32
    context.close()
    model.close()


@pytest.mark.parametrize("kinds", [("f16", "f16"), ("q8_0", "q8_0")])
@pytest.mark.parametrize("bias", [0.0, 8.0], ids=["rope", "alibi"])
def test_flash_attention_and_small_kv_stay_close(bias: float, kinds: tuple[str, str], random_model: Files) -> None:
    recipe = Recipe(head_dim=32, max_alibi_bias=bias, window=16, seed=64)
    path = random_model(recipe)
    model, tokens = Model.load(path), tokens_for(recipe, 80)
    context = Context(model, 256, type_k=kinds[0], type_v=kinds[1], flash_attn=True, n_threads=1)
    result = np.stack(run(context, tokens, [60, 1]))
    assert error(result, Oracle.from_gguf(path).logits(tokens)) < 0.05
    context.close()
    model.close()


def test_the_parallel_variant_in_streams_of_their_own(random_model: Files) -> None:
    recipe = Recipe(parallel=True, gate_hidden=True, seed=65)
    path = random_model(recipe)
    model, tokens = Model.load(path), tokens_for(recipe, 40)
    context = LoopContext(
        model, 1024, n_seq_max=2, unified=False, type_k="f32", type_v="f32", flash_attn=False, n_threads=1
    )
    reference = Oracle.from_gguf(path).logits(tokens)
    run(context, tokens[:20], [20], seq=0)
    run(context, tokens[:30], [30], seq=1)
    for i in range(5):
        context.decode([tokens[20 + i], tokens[30 + i]], [20 + i, 30 + i], [0, 1], "all")
        assert error(context.logits(0), reference[20 + i]) <= TOLERANCE
        assert error(context.logits(1), reference[30 + i]) <= TOLERANCE
    with pytest.raises(EngineError, match="cannot be copied"):
        context.copy(0, 1, 0, 10)
    context.close()
    model.close()


def test_a_full_cache_and_a_stopped_evaluation_are_named(random_model: Files) -> None:
    model = Model.load(random_model(Recipe(seed=66)))
    context = Context(model, 256, n_batch=512, n_ubatch=64)
    context.decode(np.zeros(256, np.int32), np.arange(256))
    with pytest.raises(EngineMemoryError, match="no room"):
        context.decode([0], [256])
    context.clear()
    context.decode([1, 2, 3], [0, 1, 2])
    context.set_abort(lambda: True)
    with pytest.raises(RequestCancelledError):
        context.decode([4, 5], [3, 4])
    context.set_abort(None)
    assert context.position_max(0) == 2
    context.decode([4, 5], [3, 4], logits="last")
    context.close()
    with pytest.raises(EngineError, match="closed"):
        context.decode([6], [5])
    model.close()


def test_loading_reports_progress_and_can_be_stopped(random_model: Files) -> None:
    path = random_model(Recipe(seed=67))
    seen: list[float] = []
    Model.load(path, progress=lambda share: seen.append(share) is None).close()
    assert seen[-1] == 1.0
    with pytest.raises(RequestCancelledError):
        Model.load(path, progress=lambda share: False)

    def fail(share: float) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Model.load(path, progress=fail)


@pytest.mark.parametrize("architecture", ["llama", "qwen2", "gemma3"])
def test_stock_architectures_load_and_run(architecture: str, tmp_path: Path) -> None:
    path = tmp_path / f"{architecture}.gguf"
    write_stock(path, architecture)
    model = Model.load(path)
    context = LoopContext(model, 256, n_threads=1)
    assert context.passes == 1
    context.run(context.plan(0, 0, 20), np.arange(20))
    assert np.isfinite(context.logits(-1)).all()
    context.decode([3], [20], 0, "last")
    assert context.exact_from(0, 21) == 0
    assert (context.evaluated_first, context.evaluated_later) == (21, 0)
    context.close()
    model.close()


def write_stock(path: Path, architecture: str) -> None:
    """A random model of an architecture that llama.cpp knows by itself."""
    from gguf import GGUFWriter

    random = np.random.default_rng(0)
    writer = GGUFWriter(path, architecture)
    writer.add_context_length(512)
    writer.add_embedding_length(64)
    writer.add_block_count(2)
    writer.add_feed_forward_length(96)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_key_length(16)
    writer.add_value_length(16)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(64)
    writer.add_tokenizer_model("no_vocab")
    if architecture == "gemma3":
        writer.add_sliding_window(16)

    def add(name: str, *shape: int) -> None:
        writer.add_tensor(name, random.standard_normal(shape).astype(np.float32) * 0.1)

    add("token_embd.weight", 64, 64)
    add("output_norm.weight", 64)
    for i in range(2):
        for name, shape in {
            "attn_norm": (64,),
            "attn_q": (64, 64),
            "attn_k": (32, 64),
            "attn_v": (32, 64),
            "attn_output": (64, 64),
            "ffn_norm": (64,),
            "ffn_gate": (96, 64),
            "ffn_up": (96, 64),
            "ffn_down": (64, 96),
        }.items():
            add(f"blk.{i}.{name}.weight", *shape)
        if architecture == "qwen2":
            for name, width in {"attn_q": 64, "attn_k": 32, "attn_v": 32}.items():
                add(f"blk.{i}.{name}.bias", width)
        if architecture == "gemma3":
            for name, width in {
                "attn_q_norm": 16,
                "attn_k_norm": 16,
                "post_attention_norm": 64,
                "post_ffw_norm": 64,
            }.items():
                add(f"blk.{i}.{name}.weight", width)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
