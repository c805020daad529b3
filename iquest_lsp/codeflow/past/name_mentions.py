"""Which files name what a change names: the words of changed lines, looked up in the texts of other files."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping

MAX_TEXT = 400_000
#: Words in more than this share of the files (and in more than three) tell no file from another.
COMMON = 0.3

Words = frozenset[bytes]
_WORD = re.compile(rb"[A-Za-z_]\w{2,}")


def words_of(text: bytes) -> Words:
    """The names and other words in a text; none in a binary or very large one."""
    if len(text) > MAX_TEXT or b"\0" in text[:2000]:
        return frozenset()
    return frozenset(_WORD.findall(text))


def weights_of(changed: Words, texts: Mapping[str, Words]) -> dict[bytes, float]:
    """How telling each word of changed lines is among the files' words: the logarithm of how rare it is."""
    counts: Counter[bytes] = Counter(word for words in texts.values() for word in words & changed)
    bound = max(3.0, COMMON * (len(texts) + 1))
    return {word: math.log((len(texts) + 1) / count) for word, count in counts.items() if count <= bound}


def mentions(weights: Mapping[bytes, float], texts: Mapping[str, Words]) -> dict[str, float]:
    """How densely each file names telling words (logarithm); `texts` are the words of each file."""
    telling = weights.keys()
    return {
        path: math.log1p(math.fsum(weights[word] for word in words & telling) / math.sqrt(len(words) + 10))
        for path, words in texts.items()
    }


def changed_words(lines: Iterable[str]) -> Words:
    """The words of changed lines."""
    return words_of("\n".join(lines).encode("utf-8", "replace"))
