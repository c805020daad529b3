"""How well a model predicts text, and how far its predictions are from those of the unquantized model.

Rows of tokens are evaluated from an empty cache with every pass at every position. The reference's log-probabilities
go to a file in between, so that two models never lie in memory together.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.errors import ModelError
from iquest_lsp.runtime.llama.loop_context import LoopContext
from iquest_lsp.runtime.llama.model import Model
from quantize.pretrain import scores

BATCH = 512
SCORES = 2 * 1024 * 1024
#: Called with positions done and positions of all.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Rows:
    """What is scored: rows of tokens, and from which position on in each row."""

    tokens: list[NDArray[np.int32]]
    begin: int
    name: str

    @property
    def scored(self) -> int:
        """Number of predictions in all rows."""
        return sum(len(row) - 1 - self.begin for row in self.tokens)


@dataclass(frozen=True)
class Score:
    """Per prediction: surprise in nats, divergence from the reference in nats, whether the likeliest token agrees, and
    the surprise that is added to the reference's.

    Arrays [rows, predictions]; the latter three are None for the reference itself. `sizes` are the lengths in bytes
    of the rows' text that was predicted.
    """

    surprise: NDArray[np.float32]
    divergence: NDArray[np.float32] | None
    agrees: NDArray[np.bool_] | None
    added: NDArray[np.float32] | None
    sizes: list[int]
    begin: int

    def summary(self, window: int) -> dict[str, Any]:
        """The figures of a table; `beyond` is over positions at least two local windows from the start."""
        mean = float(self.surprise.mean())
        result: dict[str, Any] = {
            "predictions": int(self.surprise.size),
            "perplexity": math.exp(min(mean, 700.0)),
            "perplexity_error": math.exp(min(mean, 700.0)) * float(self._error(self.surprise)),
            "bits_per_byte": scores.per_byte(self.surprise.sum(axis=1) / math.log(2), self.sizes),
        }
        if self.divergence is None or self.agrees is None or self.added is None:
            return result
        far = slice(max(2 * window - self.begin, 0), None)
        beyond, agrees = self.divergence[:, far], self.agrees[:, far]
        return result | {
            "kl_mean": float(self.divergence.mean()),
            "kl_error": float(self._error(self.divergence)),
            "kl_median": float(np.median(self.divergence)),
            "kl_p99": float(np.quantile(self.divergence, 0.99)),
            "top1": float(self.agrees.mean()),
            "added_bits_per_byte": scores.per_byte(self.added.sum(axis=1) / math.log(2), self.sizes),
            "kl_beyond": float(beyond.mean()) if beyond.size else None,
            "top1_beyond": float(agrees.mean()) if agrees.size else None,
        }

    def by_position(self) -> list[dict[str, float]]:
        """Means over spans of positions that double in length; `from` is the first token predicted in a span."""
        found = []
        start, columns = 0, self.surprise.shape[1]
        size = 16
        while start < columns:
            span = slice(start, min(start + size, columns))
            entry = {"from": float(self.begin + start + 1), "surprise": float(self.surprise[:, span].mean())}
            if self.divergence is not None:
                entry["kl"] = float(self.divergence[:, span].mean())
            found.append(entry)
            start, size = start + size, size * 2
        return found

    @staticmethod
    def _error(values: NDArray[np.float32]) -> float:
        """Standard error of the mean, rows being independent and positions within a row not."""
        rows = values.mean(axis=1)
        return float(rows.std(ddof=1) / math.sqrt(len(rows))) if len(rows) > 1 else float("nan")


@dataclass
class Reference:
    """The unquantized model's log-probabilities of every prediction, in a file, as float32: half precision would add
    more than the divergence of 8-bit weights."""

    path: Path
    n_vocab: int
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def store(self, name: str, predictions: int) -> NDArray[np.float32]:
        """An array on disk [predictions, vocab] to write to."""
        self.shapes[name] = (predictions, self.n_vocab)
        needed, free = 4 * predictions * self.n_vocab, shutil.disk_usage(self.path).free
        if free < needed:
            raise ModelError(
                "There is no room for the reference's predictions",
                why=f"they take {needed / 1e9:.1f} GB and {self.path} has {free / 1e9:.1f} GB",
                fix="Measure fewer rows, or let TMPDIR name a folder on a larger disk",
            )
        return np.memmap(self._file(name), np.float32, "w+", shape=(predictions, self.n_vocab))

    def load(self, name: str) -> NDArray[np.float32]:
        """What was written."""
        return np.memmap(self._file(name), np.float32, "r", shape=self.shapes[name])

    def _file(self, name: str) -> Path:
        return self.path / f"{name}.f32"


def score(
    model: Model, rows: Rows, reference: Reference, is_reference: bool, progress: Progress | None = None
) -> Score:
    """Scores a model; the reference itself is stored, every other model is compared with what is stored."""
    longest = max(len(row) for row in rows.tokens)
    stored = reference.store(rows.name, rows.scored) if is_reference else reference.load(rows.name)
    count = len(rows.tokens[0]) - 1 - rows.begin
    surprise = np.zeros((len(rows.tokens), count), np.float32)
    divergence, added = np.zeros_like(surprise), np.zeros_like(surprise)
    agrees = np.zeros(surprise.shape, np.bool_)
    # without flash attention, which rounds; its scores are [heads, longest, size]
    size = min(BATCH, longest, max(SCORES // longest, 32))
    context = LoopContext(
        model, longest, n_batch=size, n_ubatch=size, swa_full=True, type_k="f32", type_v="f32", flash_attn=False
    )
    sizes = []
    try:
        for at, row in enumerate(rows.tokens):
            context.clear()
            for start in range(0, len(row), size):
                stop = min(start + size, len(row))
                context.decode(row[start:stop], np.arange(start, stop), 0, "all" if stop > rows.begin else None)
                for position in range(max(start, rows.begin), min(stop, len(row) - 1)):
                    logp = log_softmax(context.logits(position - start))
                    column = position - rows.begin
                    surprise[at, column] = -logp[row[position + 1]]
                    where = at * count + column
                    if is_reference:
                        stored[where] = logp
                    else:
                        base = stored[where].astype(np.float64)
                        divergence[at, column] = max(float((np.exp(base) * (base - logp)).sum()), 0.0)
                        agrees[at, column] = bool(base[int(logp.argmax())] >= base.max())
                        added[at, column] = base[row[position + 1]] - logp[row[position + 1]]
                if progress is not None:
                    progress(at * longest + stop, len(rows.tokens) * longest)
            sizes.append(sum(len(model.piece(int(token))) for token in row[rows.begin + 1 :]))
    finally:
        context.close()
    if is_reference:
        return Score(surprise, None, None, None, sizes, rows.begin)
    return Score(surprise, divergence, agrees, added, sizes, rows.begin)


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Log-probabilities in nats."""
    shifted = logits.astype(np.float64) - float(logits.max())
    return np.asarray(shifted - math.log(float(np.exp(shifted).sum())))


def cut(rows: Sequence[NDArray[np.int32]], begin: int, name: str) -> Rows:
    """Rows of one length to be scored from `begin` on."""
    assert len({len(row) for row in rows}) == 1
    return Rows(list(rows), begin, name)
