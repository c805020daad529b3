"""Which tokens lie in each KV sequence, and what a new prompt can reuse of them."""

from __future__ import annotations

from collections.abc import Sequence


def common_prefix(a: Sequence[int], b: Sequence[int]) -> int:
    """Length of the longest common prefix.

    Compares in halving slices, which run at memory speed, instead of token by token.
    """
    n = min(len(a), len(b))
    if a[:n] == b[:n]:
        return n
    low, high = 0, n  # a[:low] == b[:low], a[:high] != b[:high]
    while high - low > 1:
        middle = (low + high) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle
    return low


class PrefixCache:
    """The tokens held per sequence, in step with the KV cache: it records only what was really evaluated."""

    def __init__(self) -> None:
        self._held: dict[int, list[int]] = {}

    def held(self, sequence: int) -> int:
        """Number of tokens the sequence holds."""
        return len(self._held.get(sequence, ()))

    def tokens(self, sequence: int) -> list[int]:
        """The tokens that the sequence holds, a copy."""
        return list(self._held.get(sequence, ()))

    def serves_better(self, sequence: int, other: Sequence[int], wanted: Sequence[int]) -> bool:
        """Whether `other` tokens would save more of the prompt `wanted` (with none: are more) than those held."""
        held = self._held.get(sequence, [])
        if not wanted:
            return len(other) > len(held)
        return common_prefix(other, wanted) > common_prefix(held, wanted)

    def reusable(self, sequence: int, tokens: Sequence[int]) -> int:
        """How many leading tokens need no evaluation; at most all but one, since the last one's logits are wanted."""
        held = self._held.get(sequence, [])
        return min(common_prefix(held, list(tokens)), max(len(tokens) - 1, 0))

    def truncate(self, sequence: int, length: int) -> None:
        """Forgets everything from position `length` on."""
        held = self._held.get(sequence)
        if held is not None:
            del held[length:]

    def extend(self, sequence: int, tokens: Sequence[int]) -> None:
        """Records tokens that were evaluated at the end of the sequence."""
        self._held.setdefault(sequence, []).extend(tokens)

    def clear(self) -> None:
        """Forgets everything."""
        self._held.clear()

    def sizes(self) -> dict[int, int]:
        """Tokens held, per sequence."""
        return {sequence: len(tokens) for sequence, tokens in self._held.items()}
