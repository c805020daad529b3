"""Which tokens lie in each KV sequence, and what a new prompt can reuse of them.

Sequences may share cells: a copy costs no memory until one of the two goes on differently. Each evaluated token has a
serial number here, so that the cells in use are counted exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iquest_lsp.runtime.base.token_buffer import Ids, TokenBuffer, as_ids, common_prefix
from iquest_lsp.token_ids import TokenIds

#: Tokens that must agree at both ends of a match before it is looked at.
ANCHOR = 16
_NOTHING = as_ids(())


@dataclass(frozen=True, slots=True)
class KvSpan:
    """Tokens [source, source + length) of a sequence are those at [target, target + length) of a prompt."""

    source: int
    target: int
    length: int


def moved_spans(held: Sequence[int], prompt: Sequence[int] | Ids, start: int, shortest: int) -> list[KvSpan]:
    """What of `prompt` from `start` on stands in `held` from `start` on, in the same order but at other places.

    Spans have at least `shortest` tokens and do not overlap. A match is found where ANCHOR tokens in a row agree, and
    taken as far as it goes; the first place behind the last span counts.
    """
    held, prompt = (as_ids(ids[start:]).tolist() for ids in (held, prompt))
    places: dict[tuple[int, ...], list[int]] = {}
    for at in range(len(held) - ANCHOR + 1):
        places.setdefault(tuple(held[at : at + ANCHOR]), []).append(at)
    spans: list[KvSpan] = []
    target, behind = 0, 0
    while target + ANCHOR <= len(prompt):
        found = places.get(tuple(prompt[target : target + ANCHOR]), ())
        source = next((at for at in found if at >= behind), None)
        if source is not None:
            length = common_prefix(held[source:], prompt[target:])
            if length >= shortest:
                spans.append(KvSpan(start + source, start + target, length))
                behind, target = source + length, target + length
                continue
        target += 1
    return spans


class PrefixCache:
    """The tokens held per sequence, in step with the KV cache: it records only what was really evaluated."""

    def __init__(self) -> None:
        self._held: dict[int, TokenBuffer] = {}
        self._cells: dict[int, list[tuple[int, int]]] = {}  # runs of serial numbers: first, count
        self._approximate: dict[int, int] = {}
        self._used_at: dict[int, int] = {}
        self._time = 0
        self._serial = 0

    def held(self, sequence: int) -> int:
        """Number of tokens the sequence holds."""
        return len(self._held.get(sequence, ()))

    def tokens(self, sequence: int) -> TokenIds:
        """The tokens that the sequence holds, a copy."""
        return self._held.get(sequence, TokenBuffer()).frozen()

    def exact(self, sequence: int) -> int:
        """Number of leading tokens whose KV is that of a computation from scratch; see `splice`."""
        return self._approximate.get(sequence, self.held(sequence))

    def serves_better(self, sequence: int, other: Sequence[int], wanted: Sequence[int]) -> bool:
        """Whether `other` tokens would save more of the prompt `wanted` (with none: are more) than those held."""
        if not wanted:
            return len(other) > self.held(sequence)
        return common_prefix(other, wanted) > common_prefix(self._ids(sequence), wanted)

    def reusable(self, sequence: int, tokens: Sequence[int] | Ids, *, approximate: bool = False) -> int:
        """How many leading tokens need no evaluation; at most all but one, since the last one's logits are wanted.

        What was moved is counted only where it may be `approximate`.
        """
        found = min(common_prefix(self._ids(sequence), tokens), max(len(tokens) - 1, 0))
        return found if approximate else min(found, self.exact(sequence))

    def best_source(self, sequence: int, tokens: Sequence[int] | Ids, *, approximate: bool = False) -> tuple[int, int]:
        """The sequence with the most of the prompt, and how much; `sequence` itself where none has more."""
        tokens = as_ids(tokens)
        best = (sequence, self.reusable(sequence, tokens, approximate=approximate))
        for other in self._held:
            found = self.reusable(other, tokens, approximate=approximate)
            if found > best[1]:
                best = (other, found)
        return best

    def touch(self, sequence: int) -> None:
        """Notes that a sequence is in use now."""
        self._time += 1
        self._used_at[sequence] = self._time

    def least_recent(self, spared: Iterable[int]) -> int | None:
        """The sequence that was in use the longest ago and is not spared; None if there is none."""
        others = [sequence for sequence in self._held if len(self._held[sequence]) and sequence not in set(spared)]
        return min(others, key=lambda sequence: self._used_at.get(sequence, 0), default=None)

    def truncate(self, sequence: int, length: int) -> None:
        """Forgets everything from position `length` on."""
        held = self._held.get(sequence)
        if held is None or length >= len(held):
            return
        held.truncate(length)
        self._cells[sequence] = _slice(self._cells[sequence], 0, length)
        if self._approximate.get(sequence, length) >= length:
            self._approximate.pop(sequence, None)

    def extend(self, sequence: int, tokens: Sequence[int] | Ids) -> None:
        """Records tokens that were evaluated at the end of the sequence."""
        if not len(tokens):
            return
        self._held.setdefault(sequence, TokenBuffer()).extend(tokens)
        self._append(sequence, [(self._serial, len(tokens))])
        self._serial += len(tokens)

    def share(self, source: int, sequence: int, length: int) -> None:
        """Records that a sequence now holds the first `length` tokens of another, in the same cells."""
        shared = TokenBuffer()
        shared.extend(self._held[source].ids[:length])
        self._held[sequence] = shared
        self._cells[sequence] = _slice(self._cells[source], 0, length)
        self._approximate.pop(sequence, None)
        if self._approximate.get(source, length) < length:
            self._approximate[sequence] = self._approximate[source]

    def splice(self, source: int, span: KvSpan, sequence: int) -> None:
        """Records that a span of one sequence was moved to the end of another.

        Its keys and values were computed after other tokens than those before it now, so the sequence is approximate
        from there on.
        """
        at = self.held(sequence)
        moved = self._held[source].ids[span.source : span.source + span.length].copy()
        self._held.setdefault(sequence, TokenBuffer()).extend(moved)
        self._append(sequence, _slice(self._cells[source], span.source, span.source + span.length))
        self._approximate[sequence] = min(self._approximate.get(sequence, at), at)

    def is_shared(self, sequence: int, start: int, length: int) -> bool:
        """Whether another sequence has one of the cells [start, start + length) too."""
        mine = _slice(self._cells[sequence], start, start + length)
        others = [run for other, runs in self._cells.items() if other != sequence for run in runs]
        return _union([*mine, *others]) < sum(count for _, count in mine) + _union(others)

    def cells(self, without: int | None = None) -> int:
        """Cells in use by all sequences (but one) together."""
        return _union(run for sequence, runs in self._cells.items() if sequence != without for run in runs)

    def clear(self) -> None:
        """Forgets everything."""
        self._held.clear()
        self._cells.clear()
        self._approximate.clear()

    def sizes(self) -> dict[int, int]:
        """Tokens held, per sequence."""
        return {sequence: len(tokens) for sequence, tokens in self._held.items()}

    def _ids(self, sequence: int) -> Ids:
        held = self._held.get(sequence)
        return _NOTHING if held is None else held.ids

    def _append(self, sequence: int, runs: list[tuple[int, int]]) -> None:
        mine = self._cells.setdefault(sequence, [])
        for first, count in runs:
            if mine and sum(mine[-1]) == first:
                mine[-1] = (mine[-1][0], mine[-1][1] + count)
            else:
                mine.append((first, count))


def _slice(runs: list[tuple[int, int]], start: int, stop: int) -> list[tuple[int, int]]:
    """The cells of positions [start, stop)."""
    found = []
    at = 0
    for first, count in runs:
        low, high = max(start, at), min(stop, at + count)
        if low < high:
            found.append((first + low - at, high - low))
        at += count
    return found


def _union(runs: Iterable[tuple[int, int]]) -> int:
    """How many different serial numbers the runs cover."""
    total = end = 0
    for first, count in sorted(runs):
        total += max(first + count - max(first, end), 0)
        end = max(end, first + count)
    return total
