"""How far a generation can be trusted.

An answer is shown up to the last token at which the model still gives the whole of it at least the threshold's
probability. The threshold belongs to a model: it is tuned on packages the model has not seen
(`python -m benchmarks.confidence`) and stands in the GGUF under `iquest.confidence`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from iquest_lsp.datatypes import Generation

METADATA_KEY = "iquest.confidence"
#: For models that were not tuned: low, since their probabilities are unknown.
DEFAULT_THRESHOLD = 0.05


def threshold_of(metadata: Mapping[str, str], percent: int = -1) -> float:
    """The threshold of a model, or the one a user has set in percent (-1: the model's own)."""
    if percent >= 0:
        return min(percent / 100, 1.0)
    try:
        value = float(metadata.get(METADATA_KEY, ""))
    except ValueError:
        return DEFAULT_THRESHOLD
    return value if 0 <= value <= 1 else DEFAULT_THRESHOLD


def trusted_length(generation: Generation, threshold: float) -> int:
    """How many characters of the text may be shown: those of the longest beginning that is likely enough."""
    count = trusted_tokens(generation.logprobs, threshold)
    if count >= len(generation.logprobs) or not generation.ends:
        return len(generation.text)
    return min(generation.ends[count - 1] if count else 0, len(generation.text))


def trusted_tokens(logprobs: Sequence[float], threshold: float) -> int:
    """Length of the longest beginning whose tokens together have at least this probability."""
    least = math.log(threshold) if threshold > 0 else -math.inf
    total = 0.0
    for count, value in enumerate(logprobs):
        total += value
        if total < least:
            return count
    return len(logprobs)
