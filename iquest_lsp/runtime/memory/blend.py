"""What a context is likely to go on with, by what followed it before: n-grams of several orders, blended.

From the lowest order up, each order's frequencies take the part n / (n + SPREAD * d) of the distribution and leave the
rest to the orders below, where a context of that order was followed n times, by d different tokens; what the lowest
order leaves is nobody's. After Witten and Bell, "The zero-frequency problem" (1991), method C.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.runtime.base.token_buffer import Ids
from iquest_lsp.runtime.memory.store import ORDER_OF, ORDERS, FoundRuns

SPREAD = 0.7
_ORDER_BITS = 3


@dataclass(frozen=True, slots=True)
class Forecast:
    """Tokens that may follow and their probabilities (together 1 or less), the greatest order of the n-grams found (an
    index of ORDERS), and how often one of that order was found."""

    tokens: Ids
    parts: NDArray[np.float64]
    order: int
    count: float

    @property
    def top(self) -> float:
        """The greatest probability."""
        return float(self.parts.max())


def blend(found: Sequence[tuple[FoundRuns, float]]) -> Forecast | None:
    """The forecast of places in several texts, each with a weight of its own; None where there are none."""
    some = [(one, weight) for one, weight in found if len(one.followers)]
    if not some:
        return None
    followers = some[0][0].followers if len(some) == 1 else np.concatenate([one.followers for one, _ in some])
    matches = some[0][0].matches if len(some) == 1 else np.concatenate([one.matches for one, _ in some])
    weights = np.concatenate([one.weights * weight for one, weight in some])
    orders = ORDER_OF[matches]
    # by token, and the greatest order of each last
    sort = (followers.astype(np.int64) << _ORDER_BITS | orders).argsort()
    followers, orders, weights = followers[sort], orders[sort], weights[sort]
    ends = np.flatnonzero(followers[1:] != followers[:-1])
    lasts = np.append(ends, len(followers) - 1)
    counts = np.bincount(orders, weights, len(ORDERS)).tolist()
    kinds = np.bincount(orders[lasts], minlength=len(ORDERS)).tolist()
    top = max(order for order, count in enumerate(counts) if count)
    per_place = np.zeros(len(ORDERS))
    # n and d of an order are those of all matches that are at least as long
    seen = different = 0.0
    left = 1.0
    for order in range(len(ORDERS) - 1, -1, -1):
        seen += counts[order]
        different += kinds[order]
        if seen:
            part = left * seen / (seen + SPREAD * different)
            per_place[order] = part / seen
            left -= part
    share = per_place.cumsum()  # a place counts with its own order and all below
    parts = np.add.reduceat(weights * share[orders], np.concatenate(([0], ends + 1)))
    return Forecast(followers[lasts], parts, top, counts[top])
