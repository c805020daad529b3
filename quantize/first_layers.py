"""Runs a file's first layers twice: in float64 from the equations, and through llama.cpp.

Both get an excerpt: the first layers, the embeddings of the tokens of one prompt, and a header corrected where it was
wrong, so that a model of any size is checked in the memory of a few layers. llama.cpp gets it in F32: a difference is
then one of meaning, not of rounding. All passes are run: the gates and the local window matter from the second one on.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.errors import EngineError, ModelError, ModelFileError
from iquest_lsp.runtime.llama.loop_context import LoopContext
from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.runtime.models.gguf_header import TensorInfo
from quantize import outputs
from quantize.gguf_edit import Entry, RawFile
from quantize.gguf_stream import Progress
from quantize.observe import Observer
from quantize.oracle import Array, Oracle, shape_of

#: A prompt's least length, and how far it reaches beyond the local window.
PROMPT, BEYOND = 96, 32
LONGEST = 1024
#: Difference relative to a layer's largest value up to which the two agree.
ALLOWED = 1e-4
#: Ways of stretching the rotation that the equations here have.
_SCALINGS = ("none", "linear")


@dataclass(frozen=True, slots=True)
class Agreement:
    """`worst` is the largest difference relative to a layer's largest value, over passes x layers of them."""

    worst: float
    layers: int
    passes: int

    @property
    def is_exact(self) -> bool:
        """Whether the two agree; not where there are numbers that are none."""
        return self.worst <= ALLOWED

    def describe(self) -> str:
        """In words."""
        passes = f" in {self.passes} passes" if self.passes > 1 else ""
        verb = "agree with" if self.is_exact else "differ from"
        return f"{self.layers} layers{passes} {verb} the equations by {self.worst:.1e} (allowed {ALLOWED:.0e})"


def compare(raw: RawFile, layers: int, progress: Progress | None = None) -> Agreement:
    """Runs both. Raises ModelError where llama.cpp refuses the file or the equations do not cover it."""
    architecture = str(raw.get("general.architecture"))
    scaling = raw.get(f"{architecture}.rope.scaling.type", "linear")
    if scaling not in _SCALINGS:
        raise ModelError(f"rotation scaled by {scaling!r} is not in the equations here")
    layers = min(layers, int(raw.get(f"{architecture}.block_count")))
    tokens = _prompt(raw, int(raw.get(f"{architecture}.loop.window_size", 1)))
    chosen, ids = np.unique(tokens, return_inverse=True)
    kept = tuple(tensor for tensor in raw.tensors if _is_kept(tensor.name, layers))
    passes = int(raw.get(f"{architecture}.loop.num", 1))
    total = len(kept) + passes * sum(".ffn_" in tensor.name for tensor in kept)
    steps = itertools.count(1)

    def step(what: str) -> None:
        if progress is not None:
            progress(min(next(steps), total), total, what)

    expected = _equations(raw, kept, chosen, ids, layers, step)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{raw.path.stem}-excerpt.gguf"
        try:
            _excerpt(raw, kept, chosen, layers, path, step)
        except ModelFileError as error:
            fix = "Let TMPDIR name a folder with more room, or pass --layers 1"
            raise ModelError(f"not run: {error.what}", why=error.why, fix=fix) from error
        try:
            found = _through_llama(path, ids.astype(np.int32), passes, layers)
        except EngineError as error:
            raise ModelError(f"llama.cpp does not run it: {error}") from error
    differences = [
        float(np.abs(mine - theirs).max() / max(float(np.abs(theirs).max()), 1e-30))
        for mine, theirs in zip(found, expected, strict=True)
    ]
    return Agreement(float(np.max(differences)), layers, passes)


def _prompt(raw: RawFile, window: int) -> NDArray[np.int64]:
    n_vocab = next(tensor for tensor in raw.tensors if tensor.name == "token_embd.weight").shape[1]
    length = min(max(PROMPT, window + BEYOND), LONGEST)
    return np.random.default_rng(0).integers(0, n_vocab, length)


def _is_kept(name: str, layers: int) -> bool:
    """The excerpt has no output matrix: no logits are compared."""
    if name.startswith("blk."):
        number = name.split(".")[1]
        return number.isdigit() and int(number) < layers
    return name in ("token_embd.weight", "output_norm.weight", "rope_freqs.weight")


# ------------------------------------------------------------------------------------------- the equations


class _Stored:
    """A matrix [out, in] that stays in the file; a product with it reads some rows at a time."""

    __array_ufunc__ = None  # numpy leaves x @ matrix to __rmatmul__

    def __init__(self, raw: RawFile, tensor: TensorInfo, step: Callable[[str], None]) -> None:
        self._raw, self._tensor, self._step = raw, tensor, step

    @property
    def T(self) -> _Stored:  # noqa: N802  numpy's name
        """Products are always with the transposed matrix."""
        return self

    def __rmatmul__(self, x: Array) -> Array:
        result = np.empty((len(x), self._tensor.shape[1]))
        for start, rows in self._raw.pieces(self._tensor):
            result[:, start : start + len(rows)] = x @ rows.T.astype(np.float64)
        self._step(f"equations, {self._tensor.name}")
        return result


def _equations(
    raw: RawFile,
    tensors: tuple[TensorInfo, ...],
    chosen: NDArray[np.int64],
    ids: NDArray[np.int64],
    layers: int,
    step: Callable[[str], None],
) -> list[Array]:
    """Outputs of the first layers in every pass, [n, n_embd] each."""
    architecture = str(raw.get("general.architecture"))
    prefix = architecture + "."
    fields = {key: entry.value for key, entry in raw.entries.items() if key.startswith(prefix)}
    shape = replace(shape_of(architecture, fields), n_layer=layers)
    weights: dict[str, Array] = {}
    for tensor in tensors:
        if tensor.name == "token_embd.weight":
            rows = [raw.rows(tensor, int(at), int(at) + 1) for at in chosen]
            weights[tensor.name] = np.concatenate(rows).astype(np.float64)
        elif ".ffn_" in tensor.name and len(tensor.shape) == 2:
            weights[tensor.name] = cast(Array, _Stored(raw, tensor, step))
        else:
            whole = np.concatenate([rows.astype(np.float64) for _, rows in raw.pieces(tensor)])
            weights[tensor.name] = whole if len(tensor.shape) > 1 else whole.reshape(-1)
    return Oracle.of(shape, weights, architecture).layers(ids)


# --------------------------------------------------------------------------------------------- llama.cpp


def _excerpt(
    raw: RawFile,
    tensors: tuple[TensorInfo, ...],
    chosen: NDArray[np.int64],
    layers: int,
    path: Path,
    step: Callable[[str], None],
) -> None:
    """Writes a model of the first layers whose vocabulary is the chosen tokens, without texts."""
    architecture = str(raw.get("general.architecture"))
    changes: dict[str, Entry | None] = {key: None for key in raw.entries if key.startswith("tokenizer.")}
    changes |= {
        "tokenizer.ggml.model": Entry.of("no_vocab"),
        f"{architecture}.vocab_size": Entry.of(len(chosen)),
        f"{architecture}.block_count": Entry.of(layers),
    }
    changes |= {key: None for key in raw.entries if key.startswith("split.")}
    rows = {tensor: chosen if tensor.name == "token_embd.weight" else None for tensor in tensors}
    raw.with_entries(changes).write_f32(path, rows, step)


def _through_llama(path: Path, tokens: NDArray[np.int32], passes: int, layers: int) -> list[NDArray[np.float32]]:
    names = [f"l_out-{at}" for at in range(passes * layers)]
    # where nothing lies between two passes, the last layer's output is known by its other name
    starts = {f"l_out-{at * layers - 1}": f"loop_start-{at * layers}" for at in range(1, passes)}
    found: dict[str, NDArray[np.float32]] = {}

    def keep(name: str, values: NDArray[np.float32]) -> None:
        found.setdefault(name, values)

    wanted = {*names, *starts.values()}
    observer = Observer(on_result=keep, results=lambda name: name in wanted)
    model = Model.load(path)
    try:
        context = LoopContext(
            model,
            len(tokens),
            n_batch=len(tokens),
            n_ubatch=len(tokens),
            type_k="f32",
            type_v="f32",
            flash_attn=False,
            observer=observer.callback,
            swa_full=True,
        )
        try:
            with outputs.deferred_interrupts():
                context.decode_depth(tokens, np.arange(len(tokens)), 0, passes, "all")
            observer.check()
        finally:
            context.close()
    finally:
        model.close()
    return [found[name] if name in found else found[starts[name]] for name in names]
