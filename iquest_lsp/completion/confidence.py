"""How far a generation can be trusted.

An answer is shown up to the last token at which the model still gives the whole of it at least the threshold's
probability; further lines only where the first one is sure, since a reader takes a block for more than a guess. The
threshold belongs to a model and to a language: it is tuned on code that the model has not seen
(`python -m benchmarks.outcomes thresholds`) and stands in the GGUF under `iquest.confidence`, those of languages that
differ under `iquest.confidence.languages`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

from iquest_lsp.datatypes import CONFIDENCE_KEY, Generation

#: JSON: thresholds by the names of languages as grammars.py has them.
LANGUAGES_KEY = "iquest.confidence.languages"
#: For models that were not tuned: low, since their probabilities are unknown.
DEFAULT_THRESHOLD = 0.05
#: The probability that the first line as a whole needs before more lines are shown.
SURE_LINE = 0.5


def threshold_of(metadata: Mapping[str, str], percent: int = -1, language: str = "") -> float:
    """The threshold of a model in a language, or the one a user has set in percent (-1: the model's own)."""
    if percent >= 0:
        return min(percent / 100, 1.0)
    try:
        by_language = json.loads(metadata.get(LANGUAGES_KEY, "{}"))
    except (ValueError, RecursionError):
        by_language = {}
    own = by_language.get(language) if isinstance(by_language, dict) else None
    try:
        value = float(metadata.get(CONFIDENCE_KEY, "") if own is None else own)
    except (ValueError, TypeError, OverflowError):
        return DEFAULT_THRESHOLD
    return value if 0 <= value <= 1 else DEFAULT_THRESHOLD


def trusted_length(generation: Generation, threshold: float) -> int:
    """How many characters of the text may be shown: those of the longest beginning that is likely enough."""
    count = trusted_tokens(generation.logprobs, threshold)
    length = len(generation.text)
    if generation.ends and count < len(generation.logprobs):
        length = min(generation.ends[count - 1] if count else 0, length)
    first = generation.text.partition("\n")[0]
    if threshold > 0 and first.strip() and generation.ends and length > len(first):
        line = sum(1 for end in generation.ends if end <= len(first))
        if sum(generation.logprobs[:line]) < math.log(SURE_LINE):
            return len(first) + 1  # with its end: the last word of it is whole
    return length


def trusted_tokens(logprobs: Sequence[float], threshold: float) -> int:
    """Length of the longest beginning whose tokens together have at least this probability."""
    least = math.log(threshold) if threshold > 0 else -math.inf
    total = 0.0
    for count, value in enumerate(logprobs):
        total += value
        if total < least:
            return count
    return len(logprobs)
