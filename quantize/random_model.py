"""Small random Loop models as GGUF files: hard on purpose, for comparing implementations.

The gates are large, so that both branches of the attention matter, and differ from head to head; the sizes are those
of a model that evaluates in milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantize import model_keys
from quantize.model_keys import ARCHITECTURE, Geometry, Loop


@dataclass(frozen=True)
class Recipe:
    """What to write. `parallel` adds the Parallel Loop Transformer's keys; `community` writes a `llama` file."""

    n_layer: int = 3
    n_embd: int = 64
    n_head: int = 4
    n_head_kv: int = 2
    head_dim: int | None = None
    n_ff: int = 96
    n_vocab: int = 256
    passes: int = 2
    window: int = 8
    context: int = 4096
    rope_base: float = 10000.0
    max_alibi_bias: float = 0.0
    gate_scale: float = 0.7
    tied: bool = False
    vocab: str = "none"  # or "bytes": a byte-level BPE with one merge, from 258 entries on
    parallel: bool = False
    position_offset: int = 1
    gate_hidden: bool = False
    community: bool = False
    chat_template: str = ""  # with the control tokens of ChatML and <think> in the vocabulary, which must be "bytes"
    exit_head: bool = False
    quantization: str | None = None  # a GGUF type name for the matrices, such as "Q8_0"
    gate_quantization: str | None = None
    seed: int = 0

    @property
    def key_length(self) -> int:
        return self.head_dim or self.n_embd // self.n_head


def write(path: Path, recipe: Recipe, overrides: dict[str, Any] | None = None, leave_out: tuple[str, ...] = ()) -> Path:
    """Writes the model; `overrides` and `leave_out` change keys (without the architecture prefix), for odd files."""
    from gguf import GGMLQuantizationType, GGUFWriter
    from gguf.quants import quantize

    architecture = "llama" if recipe.community else ARCHITECTURE
    writer = GGUFWriter(path, architecture)
    chosen = keys(recipe) | (overrides or {})
    model_keys.write(writer, architecture, {key: value for key, value in chosen.items() if key not in leave_out})
    add_vocabulary(writer, recipe)
    for name, data in tensors(recipe).items():
        wanted = recipe.gate_quantization if ".loop_gate.weight" in name else recipe.quantization
        if wanted is None or data.ndim < 2 or "exit" in name:
            writer.add_tensor(name, data)
        else:
            kind = GGMLQuantizationType[wanted]
            writer.add_tensor(name, quantize(data, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def keys(recipe: Recipe) -> dict[str, Any]:
    """The metadata under the architecture's prefix."""
    loop = Loop(
        recipe.passes, recipe.window, recipe.parallel, 0.7, 0.6, True, recipe.position_offset, recipe.gate_hidden
    )
    rotates = recipe.max_alibi_bias <= 0
    return Geometry(
        recipe.n_layer,
        recipe.context,
        recipe.n_embd,
        recipe.n_ff,
        recipe.n_head,
        recipe.n_head_kv,
        1e-5,
        recipe.head_dim,
        recipe.rope_base if rotates else 0.0,
        recipe.key_length,
        recipe.max_alibi_bias,
        loop,
        recipe.n_vocab,
    ).keys()


def tensors(recipe: Recipe) -> dict[str, NDArray[np.float32]]:
    """The weights, matrices as [out, in]."""
    random = np.random.default_rng(recipe.seed)

    def matrix(out: int, width: int, gain: float = 1.0) -> NDArray[np.float32]:
        return np.asarray(random.standard_normal((out, width)) * (gain / np.sqrt(width)), np.float32)

    def norm(width: int) -> NDArray[np.float32]:
        return np.asarray(1.0 + 0.2 * random.standard_normal(width), np.float32)

    queries, kept = recipe.n_head * recipe.key_length, recipe.n_head_kv * recipe.key_length
    result = {"token_embd.weight": random.standard_normal((recipe.n_vocab, recipe.n_embd)).astype(np.float32)}
    for i in range(recipe.n_layer):
        block = {
            "attn_norm.weight": norm(recipe.n_embd),
            "attn_q.weight": matrix(queries, recipe.n_embd, 1.5),
            "attn_k.weight": matrix(kept, recipe.n_embd, 1.5),
            "attn_v.weight": matrix(kept, recipe.n_embd),
            "attn_output.weight": matrix(recipe.n_embd, queries),
            "ffn_norm.weight": norm(recipe.n_embd),
            "ffn_gate.weight": matrix(recipe.n_ff, recipe.n_embd),
            "ffn_up.weight": matrix(recipe.n_ff, recipe.n_embd),
            "ffn_down.weight": matrix(recipe.n_embd, recipe.n_ff),
        }
        if recipe.passes > 1:
            width = recipe.n_embd if recipe.gate_hidden else recipe.key_length
            scale = recipe.gate_scale * np.sqrt(recipe.key_length)  # the spread of the gate's score
            block["loop_gate.weight"] = matrix(recipe.n_head, width, scale)
            block["loop_gate.bias"] = random.standard_normal(recipe.n_head).astype(np.float32)
            if recipe.gate_hidden:
                block["loop_gate_norm.weight"] = norm(recipe.n_embd)
        if recipe.community:
            block["attn_q.weight"] = interleave(block["attn_q.weight"], recipe.n_head)
            block["attn_k.weight"] = interleave(block["attn_k.weight"], recipe.n_head_kv)
        result |= {f"blk.{i}.{name}": value for name, value in block.items()}
    result["output_norm.weight"] = norm(recipe.n_embd)
    if not recipe.tied:
        result["output.weight"] = matrix(recipe.n_vocab, recipe.n_embd, 3.0)
    if recipe.exit_head:
        result["loop_exit.weight"] = matrix(1, recipe.n_embd, 3.0)
        result["loop_exit.bias"] = random.standard_normal(1).astype(np.float32)
    return result


def interleave(rows: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Puts Q or K rows into the order that llama.cpp's Llama converter writes: (i, half + i) to pairs (2i, 2i+1)."""
    out, columns = rows.shape
    return np.asarray(rows.reshape(heads, 2, out // heads // 2, columns).swapaxes(1, 2).reshape(out, columns))


def tensor_shapes(recipe: Recipe) -> dict[str, tuple[int, ...]]:
    """The names of tensors() and their shapes, without the weights."""
    wide, queries, kept = recipe.n_embd, recipe.n_head * recipe.key_length, recipe.n_head_kv * recipe.key_length
    block: dict[str, tuple[int, ...]] = {
        "attn_norm.weight": (wide,),
        "attn_q.weight": (queries, wide),
        "attn_k.weight": (kept, wide),
        "attn_v.weight": (kept, wide),
        "attn_output.weight": (wide, queries),
        "ffn_norm.weight": (wide,),
        "ffn_gate.weight": (recipe.n_ff, wide),
        "ffn_up.weight": (recipe.n_ff, wide),
        "ffn_down.weight": (wide, recipe.n_ff),
    }
    if recipe.passes > 1:
        block |= {
            "loop_gate.weight": (recipe.n_head, wide if recipe.gate_hidden else recipe.key_length),
            "loop_gate.bias": (recipe.n_head,),
        }
        if recipe.gate_hidden:
            block["loop_gate_norm.weight"] = (wide,)
    result: dict[str, tuple[int, ...]] = {"token_embd.weight": (recipe.n_vocab, wide)}
    for i in range(recipe.n_layer):
        result |= {f"blk.{i}.{name}": shape for name, shape in block.items()}
    result["output_norm.weight"] = (wide,)
    if not recipe.tied:
        result["output.weight"] = (recipe.n_vocab, wide)
    if recipe.exit_head:
        result |= {"loop_exit.weight": (1, wide), "loop_exit.bias": (1,)}
    return result


def add_vocabulary(writer: Any, recipe: Recipe) -> None:
    """The tokenizer's keys that Recipe.vocab asks for."""
    if recipe.vocab == "none":
        writer.add_tokenizer_model("no_vocab")
        return
    tokens = [*_byte_alphabet(), "<|endoftext|>", "th"]  # one merge, since llama.cpp wants a list of them
    types = [1] * 256 + [3, 1]
    if recipe.chat_template:
        tokens += ["<|im_start|>", "<|im_end|>", "<think>", "</think>"]
        types += [3, 3, 4, 4]
        writer.add_chat_template(recipe.chat_template)
    types += [3] * (recipe.n_vocab - len(tokens))
    tokens += [f"unused {i}" for i in range(recipe.n_vocab - len(tokens))]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(["t h"])
    writer.add_eos_token_id(256)
    writer.add_add_bos_token(False)


def _byte_alphabet() -> list[str]:
    """The 256 printable stand-ins for bytes of GPT-2's byte-level BPE, in byte order."""
    plain = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    extra = iter(range(256, 512))
    return [chr(byte) if byte in plain else chr(next(extra)) for byte in range(256)]
