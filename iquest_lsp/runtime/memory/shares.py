"""How far a model leans on the memory: the share of the mixture, fitted to the model, as the GGUF key keeps it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Self

import numpy as np

from iquest_lsp.runtime.memory.blend import Forecast
from iquest_lsp.runtime.memory.layers import OWN, Layer
from iquest_lsp.runtime.memory.store import ORDERS

MEMORY_KEY = "iquest.memory"
#: What is said of a forecast: 1, the logarithm of its count, the log odds of its likeliest token and of the model's.
FEATURES = 4
#: Log odds go no further than this, and no share beyond MOST: nothing is ever ruled out.
_LONGEST_ODDS, MOST = 6.0, 0.98

ShareRows = tuple[tuple[float, ...], ...]
#: What a place in each Layer counts for (columns), in a file of each of OWN (rows). So little that prose and data only
#: count where code says nothing: the best of 0, 0.1 and 1 for held-out code of flask, gin and axios.
LAYERS: ShareRows = (
    (1.0, 0.1, 0.1, 0.5),
    (1.0, 1.0, 0.1, 0.0),
    (0.1, 0.1, 1.0, 0.0),
)


@dataclass(frozen=True, slots=True)
class MemoryShares:
    """The gate of a mixture of two experts (Jacobs et al., "Adaptive mixtures of local experts", 1991).

    The share is the logistic function of the features times the row of the longest order found. It is a smooth function
    of what the model says, so that rounding changes it by rounding. `free` holds at any place, `word` where the
    answer's first token is limited to those that spell a half-typed word; their first row is for places where only
    the frequency of tokens is known (order 0, `word` only), then there is one for each of ORDERS.
    `prompt` and `folder` are how many places elsewhere in the repository a place in the prompt and in the folder of the
    file counts for; `layers` see LAYERS.
    """

    free: ShareRows
    word: ShareRows
    prompt: float = 1.0
    folder: float = 1.0
    layers: ShareRows = LAYERS

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Reads the value of the GGUF key; None where it holds no such table."""
        try:
            about = json.loads(text)
            tables = [tuple(tuple(float(value) for value in row) for row in about[name]) for name in ("free", "word")]
            weights = [float(about[name]) for name in ("prompt", "folder")]
            layers = tuple(tuple(float(value) for value in row) for row in about.get("layers", LAYERS))
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return None
        shapes_fit = len(layers) == len(OWN) and all(len(row) == len(Layer) for row in layers)
        shapes_fit &= all(len(rows) == len(ORDERS) + 1 and all(len(row) == FEATURES for row in rows) for rows in tables)
        weights += [value for row in layers for value in row]
        numbers = [*weights, *(value for rows in tables for row in rows for value in row)]
        is_sound = shapes_fit and all(map(math.isfinite, numbers)) and min(weights) >= 0
        return cls(tables[0], tables[1], weights[0], weights[1], layers) if is_sound else None

    def __str__(self) -> str:
        """The value of the GGUF key."""
        return json.dumps(asdict(self))

    def of_layer(self, at_hand: Layer, layer: Layer) -> float:
        """What a place in a layer counts for in a file of the sort `at_hand`."""
        return self.layers[OWN.index(at_hand)][tuple(Layer).index(layer)]

    def of(self, forecast: Forecast, model_top: float, *, spelled: bool = False) -> float:
        """The memory's share where the model's likeliest token has the probability `model_top`."""
        row = (self.word if spelled else self.free)[forecast.order + 1]
        odds = sum(weight * value for weight, value in zip(row, features(forecast, model_top), strict=True))
        return min(1 / (1 + math.exp(-max(min(odds, 30.0), -30.0))), MOST)


#: For models that are only drafted for.
DRAFTED_FROM = MemoryShares(free=(), word=(), folder=2.0)


def features(forecast: Forecast, model_top: float) -> tuple[float, ...]:
    """What the share depends on, besides the order."""
    return 1.0, math.log(forecast.count), log_odds(forecast.top), log_odds(model_top)


def log_odds(part: float) -> float:
    """The logarithm of a probability's odds, within bounds."""
    least = 1 / (1 + math.exp(_LONGEST_ODDS))
    return float(np.log(max(part, least) / max(1 - part, least)))
