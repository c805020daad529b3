"""From logits to tokens: the likeliest or a sample, and a judgement of drafts that keeps the distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.datatypes import Sampling


@dataclass(frozen=True, slots=True)
class Choice:
    """A token, its log-probability at temperature 1, and whether it is the draft that was judged."""

    token: int
    logprob: float
    is_draft: bool = False


@dataclass(frozen=True, slots=True)
class DraftToken:
    """A guess of the next token; `weights` is the distribution that it was drawn from, None for a certain guess."""

    token: int
    weights: NDArray[np.float64] | None = None


def only(logits: NDArray[np.float32], tokens: Sequence[int]) -> NDArray[np.float32]:
    """The logits with all other tokens ruled out; unchanged where there is no such token."""
    if not tokens:
        return logits
    kept = np.full_like(logits, -np.inf)
    kept[tokens] = logits[tokens]
    return kept


def without(logits: NDArray[np.float32], tokens: Sequence[int]) -> NDArray[np.float32]:
    """The logits with some tokens ruled out; unchanged where no other would be left."""
    kept = logits.copy()
    kept[[token for token in tokens if 0 <= token < len(kept)]] = -np.inf
    return kept if np.isfinite(kept).any() else logits


#: A verified row whose two best logits lie closer than this may choose another token than it would alone: kernels round
#: otherwise for one row than for several, and where activations are rounded to 8 bits some hundredths come of it.
CLOSE_CALL = 0.05


def is_close_call(logits: NDArray[np.float32]) -> bool:
    """Whether the two best logits lie closer than rounding may move them."""
    best = int(logits.argmax())
    others = (logits[:best], logits[best + 1 :])
    second = max((float(part.max()) for part in others if len(part)), default=-np.inf)
    return float(logits[best]) - second < CLOSE_CALL


def truncated(logits: NDArray[np.float32], sampling: Sampling) -> NDArray[np.float32]:
    """The logits [n_vocab] with the tokens ruled out that are not drawn at all (see Sampling)."""
    kept = logits
    if 0 < sampling.top_k < len(logits):
        least = np.partition(logits, -sampling.top_k)[-sampling.top_k]
        kept = np.where(logits >= least, logits, np.float32(-np.inf))
    if sampling.top_p < 1.0:
        order = np.argsort(-kept, kind="stable")
        shares = np.exp((kept[order] - kept[order[0]]).astype(np.float64))
        count = int(np.searchsorted(np.cumsum(shares), sampling.top_p * shares.sum())) + 1
        narrowed = np.full_like(kept, -np.inf)
        narrowed[order[:count]] = kept[order[:count]]
        kept = narrowed
    if sampling.min_p > 0.0:
        kept = np.where(kept >= kept.max() + np.log(sampling.min_p), kept, np.float32(-np.inf))
    return kept


class Sampler:
    """Chooses tokens by the rules of one Sampling."""

    def __init__(self, sampling: Sampling, generator: np.random.Generator) -> None:
        self.sampling = sampling
        self._generator = generator

    @property
    def samples(self) -> bool:
        """Whether chance plays a part."""
        return self.sampling.temperature > 0

    def looks_at(self, tokens: int) -> int:
        """How many of the likeliest of so many tokens count: two where the likeliest is taken, since it is looked how
        close the next one comes."""
        if not self.samples:
            return 2
        return self.sampling.top_k or tokens

    def choose(self, logits: NDArray[np.float32]) -> Choice:
        """The next token."""
        if not self.samples:
            return _scored(int(logits.argmax()), logits)
        return _scored(self._draw(self.weights(logits)), logits)

    def score(self, token: int, logits: NDArray[np.float32]) -> Choice:
        """A token that was chosen already, with its log-probability."""
        return _scored(token, logits)

    def judge(self, logits: NDArray[np.float32], draft: DraftToken) -> Choice:
        """The next token, which is the draft as often as the distribution of `logits` allows.

        Accepting a draft x from q with probability min(1, p(x)/q(x)), and else drawing from the part of p that
        exceeds q, gives exactly p: Leviathan et al. (2023), theorem in appendix A.1.
        """
        if not self.samples:
            choice = self.choose(logits)
            return Choice(choice.token, choice.logprob, choice.token == draft.token)
        wanted = self.weights(logits)
        offered = draft.weights
        if offered is None:
            offered = np.zeros_like(wanted)
            offered[draft.token] = 1.0
        if self._generator.random() * offered[draft.token] < wanted[draft.token]:
            scored = _scored(draft.token, logits)
            return Choice(scored.token, scored.logprob, True)
        excess = np.maximum(wanted - offered, 0.0)
        total = excess.sum()
        return _scored(self._draw(excess / total if total > 0 else wanted), logits)

    def propose(self, logits: NDArray[np.float32]) -> tuple[DraftToken, float]:
        """A draft from a pass's logits, and the probability that the pass gave it."""
        if self.samples:
            weights = self.weights(logits)
            token = self._draw(weights)
            return DraftToken(token, weights), float(weights[token])
        choice = _scored(int(logits.argmax()), logits)
        return DraftToken(choice.token), float(np.exp(choice.logprob))

    def weights(self, logits: NDArray[np.float32]) -> NDArray[np.float64]:
        """The probabilities that tokens are drawn with, [n_vocab]."""
        kept = truncated(logits, self.sampling)
        weights: NDArray[np.float64] = np.exp((kept - kept.max()).astype(np.float64) / self.sampling.temperature)
        weights /= weights.sum()
        return weights

    def _draw(self, weights: NDArray[np.float64]) -> int:
        return int(self._generator.choice(len(weights), p=weights))


def _scored(token: int, logits: NDArray[np.float32]) -> Choice:
    top = float(logits.max())
    total = top + float(np.log(np.exp(logits - top, dtype=np.float32).sum()))
    return Choice(token, float(logits[token]) - total)
