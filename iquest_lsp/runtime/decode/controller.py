"""The loop controller: whether to guess ahead, from which source, and how far, decided at every step.

Three sources of drafts: the context and the repository's memory (tokens that followed the same text before, verified by
all passes in one batch), and the first pass of a Loop model (its work is kept, so that the later passes alone verify
it). What a step costs is
measured while running; how likely a draft is right is learnt per class: of the length of the match, of the first
pass's confidence. A step is taken for the most confirmed tokens per second. Besides, each source has an account of
wasted tokens that switches it off, and a patience after which it is tried again.

After Leviathan et al., "Fast Inference from Transformers via Speculative Decoding" (2023), section 3.
"""

from __future__ import annotations

import statistics
from bisect import bisect
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

#: Rows of one call that the runtime computes as if each were alone (port/ggml-flash-attn-alibi.h, GGML_FA_ALIBI_ROWS).
#: More of them round differently from single tokens, and rounding to 8 bits makes tenths of a logit out of that.
MOST_ROWS = 16
#: Most tokens drafted for one step: the token before them is verified in the same call.
LONGEST_DRAFT = MOST_ROWS - 1
LONGEST_PASS_DRAFT = 8

#: An account holds so many tokens at most: what a source may waste, more than it saved, before it is off.
CREDIT = 32
#: What a source that was off may waste when it is tried again.
TRIAL = 8
#: Tokens written without a source before it is tried again: at first, and at most (it doubles with each failure).
PATIENCE, LONGEST_PATIENCE = 64, 1024

#: What one row more of a batch is taken to cost where it was not tried out, as a share of one row.
_ROW_SHARE = 0.08
_SAMPLES = 9
#: Guesses are made again when a median moved by more than this share.
_NEWS = 0.03
#: What reading the text may cost a small model, as a share of the time that is left, and of writing without it.
_READING_SHARE = 0.2
_MATCH_CLASSES = (3, 5, 9, 16)
_MATCH_PRIORS = (0.5, 0.6, 0.75, 0.85, 0.9)
_CONFIDENCE_CLASSES = (0.3, 0.5, 0.7, 0.85, 0.95, 0.99)
_CONFIDENCE_PRIORS = (0.4, 0.6, 0.75, 0.85, 0.92, 0.97, 0.99)


class DraftSource(StrEnum):
    """Where the tokens of a step come from: nowhere (one token, all passes), the context, the repository's memory, the
    first pass, or a small model."""

    PLAIN = "plain"
    LOOKUP = "lookup"
    MEMORY = "memory"
    PASS = "pass"
    SMALL = "small"


#: Sources of tokens that followed the same text before.
MATCHED = (DraftSource.LOOKUP, DraftSource.MEMORY)
#: Sources that write tokens one after the other, each with a probability.
WRITTEN = (DraftSource.PASS, DraftSource.SMALL)


class Call(StrEnum):
    """Kinds of evaluation: all passes, the first pass, the passes after it; a row of the small model."""

    FULL = "full"
    FIRST = "first"
    LATER = "later"
    SMALL = "small"


@dataclass(frozen=True, slots=True)
class Move:
    """What to do next; `count` drafts at most, and that many in a trial, whatever is expected of them."""

    source: DraftSource
    count: int = 0
    is_trial: bool = False


class Costs:
    """Seconds of work that a call takes, by kind, number of rows and size of the context: medians of the last ones.

    Work is processor time where a processor does it: other programs, which make one call wait and not the next, do
    not blur the comparison.
    """

    def __init__(self, passes: int, shape: Mapping[int, float] | None = None, small: float = 1.0) -> None:
        """`shape` is what calls of so many rows took when they were tried out, in any unit, and `small` what the small
        model's take as a share of the large one's, for guesses."""
        self._passes = passes
        self._small = small
        self._shape = dict(shape or {1: 1.0, 2: 1.0 + _ROW_SHARE})
        self._slowdowns: deque[float] = deque(maxlen=_SAMPLES)
        self._samples: dict[tuple[int, Call], dict[int, deque[float]]] = {}
        self._medians: dict[tuple[int, Call], dict[int, float]] = {}
        self._guesses: dict[tuple[int, Call, int], float] = {}

    def add(self, call: Call, rows: int, length: int, seconds: float, elapsed: float | None = None) -> None:
        """Notes one call with `length` tokens in the cache: its work, and the time that went by meanwhile.

        The first one of each number of rows has its graph built, which later ones find: it says nothing of them.
        """
        key = _size_class(length), call
        known_rows = self._samples.setdefault(key, {})
        if rows not in known_rows:
            known_rows[rows] = deque(maxlen=_SAMPLES)
            return
        if elapsed is not None and seconds > 0:
            self._slowdowns.append(elapsed / seconds)
        samples = known_rows[rows]
        samples.append(seconds)
        medians = self._medians.setdefault(key, {})
        known, found = medians.get(rows), statistics.median(samples)
        medians[rows] = found
        if known is None or abs(found - known) > _NEWS * known:
            self._guesses.clear()

    def elapsed(self, seconds: float) -> float:
        """How long so much work takes at present."""
        return seconds * (statistics.median(self._slowdowns) if self._slowdowns else 1.0)

    def of(self, call: Call, rows: int, length: int) -> float:
        """The expected cost; where nothing like it was measured, a guess from what was."""
        size = _size_class(length)
        known = self._medians.get((size, call))
        if known is not None and rows in known:
            return known[rows]
        key = size, call, rows
        if key not in self._guesses:
            self._guesses[key] = self._guess(call, rows, length, known or {})
        return self._guesses[key]

    def _guess(self, call: Call, rows: int, length: int, known: Mapping[int, float]) -> float:
        if known:
            return _along(self._shape, known, rows)
        match call:
            case Call.FULL:
                return _between(self._shape, rows)
            case Call.FIRST:
                return self.of(Call.FULL, rows, length) / self._passes
            case Call.LATER:
                return self.of(Call.FULL, rows, length) * (self._passes - 1) / self._passes
            case Call.SMALL:
                return self.of(Call.FULL, rows, length) * self._small


class Acceptance:
    """How often drafts of each class were right; what is long ago counts less."""

    def __init__(self, priors: Sequence[float], weight: float = 4.0, decay: float = 0.97) -> None:
        self._right = [prior * weight for prior in priors]
        self._all = [weight] * len(priors)
        self._decay = decay

    def rate(self, kind: int) -> float:
        return self._right[kind] / self._all[kind]

    def add(self, kind: int, right: float) -> None:
        """Notes an outcome, 1 or 0, or how likely it was where it was not awaited."""
        self._right[kind] = self._right[kind] * self._decay + right
        self._all[kind] = self._all[kind] * self._decay + 1.0


class Account:
    """What one source of drafts may still waste: rejected tokens are paid from it, accepted ones fill it up."""

    def __init__(self) -> None:
        self._credit = CREDIT
        self._patience = PATIENCE
        self._idle = 0

    @property
    def is_open(self) -> bool:
        return self._credit > 0

    @property
    def is_due(self) -> bool:
        """Whether the source rested long enough to be tried, whatever is expected of it."""
        return self._idle >= self._patience

    @property
    def credit(self) -> int:
        return self._credit

    def settle(self, drafted: int, accepted: int) -> None:
        """Notes the outcome of one step that used the source."""
        was_trial, self._idle = self.is_due, 0
        self._credit = min(self._credit + 2 * accepted - drafted, CREDIT)
        # A trial that went well says that the drafts are right, not that they pay: if they do, they are chosen anyway.
        if was_trial or (self._credit <= 0 and 2 * accepted < drafted):
            self._patience = min(2 * self._patience, LONGEST_PATIENCE)
        elif 2 * accepted >= drafted:
            self._patience = PATIENCE

    def rest(self) -> None:
        """Notes one step without the source."""
        self._idle += 1
        if self.is_due and self._credit <= 0:
            self._credit = TRIAL


class Controller:
    """Decides what the next step does; lives as long as the model, so that it learns from answer to answer."""

    def __init__(
        self,
        passes: int,
        *,
        can_split: bool,
        can_rewind: bool = True,
        most_rows: int = 512,
        shape: Mapping[int, float] | None = None,
        small: float = 1.0,
    ) -> None:
        """`can_split`: the first pass can run alone; `can_rewind`: rejected tokens can be forgotten; `most_rows`:
        the limit of one call; `shape` and `small`: see Costs."""
        self.costs = Costs(passes, shape, small)
        self._longest = min(LONGEST_DRAFT, most_rows - 1) if can_rewind else 0
        self.can_split = can_split and passes > 1 and can_rewind
        self._matches = {source: Acceptance(_MATCH_PRIORS) for source in MATCHED}
        kinds = [(source, sampled) for source in WRITTEN for sampled in (False, True)]
        self._confident = {kind: Acceptance(_CONFIDENCE_PRIORS) for kind in kinds}
        self._overall = {kind: Acceptance((0.8,), weight=8.0) for kind in kinds}
        self._accounts = {source: Account() for source in (*MATCHED, *WRITTEN)}

    def choose(
        self,
        offered: int,
        match: int,
        *,
        length: int,
        room: int,
        left: float | None = None,
        sampled: bool = False,
        source: DraftSource = DraftSource.LOOKUP,
        small: bool = False,
    ) -> Move:
        """The next step's source and how many drafts it may verify.

        `offered` tokens were found in the context, or what `source` says, after `match` equal ones; `room` is how many
        drafts can still be part of the answer, `left` the seconds to the deadline; with `small` a small model can
        write.
        """
        best, best_rate = Move(DraftSource.PLAIN), 1.0 / self._full(1, length)
        lookup = self._accounts[source]
        if lookup.is_open:
            most = min(offered, self.longest(room), lookup.credit)
            if lookup.is_due and most:
                return Move(source, min(most, 2), is_trial=True)
            expected, chance = 1.0, 1.0
            for count in range(1, most + 1):
                chance *= self._matches[source].rate(_class(_MATCH_CLASSES, match + count - 1))
                expected += chance
                cost = self._full(count + 1, length)
                if left is not None and self.costs.elapsed(cost) > left:
                    break
                if expected / cost > best_rate:
                    best, best_rate = Move(source, count), expected / cost
        for ahead in self._writers(small=small):
            account = self._accounts[ahead]
            most = min(self.longest(room), LONGEST_PASS_DRAFT, account.credit)
            if not account.is_open or most <= 0:
                continue
            if account.is_due and best.source is DraftSource.PLAIN:
                return Move(ahead, min(most, 2), is_trial=True)
            chance = self._overall[ahead, sampled].rate(0)
            for count in range(1, most + 1):
                cost = self._written_cost(ahead, count, length)
                if left is not None and self.costs.elapsed(cost) > left:
                    break
                rate = _expected([chance] * count) / cost
                if rate > best_rate:
                    best, best_rate = Move(ahead, most), rate
        return best

    def longest(self, room: int) -> int:
        """The longest draft that is ever verified, if `room` tokens can still be part of the answer."""
        return max(min(self._longest, room), 0)

    def may_read(self, seconds: float, *, length: int, room: int, left: float | None = None) -> bool:
        """Whether a small model may first read for so many seconds of work, where `room` tokens more may be written."""
        if left is not None and self.costs.elapsed(seconds) > _READING_SHARE * left:
            return False
        return self._longest > 0 and seconds <= _READING_SHARE * room * self._full(1, length)

    def goes_on(
        self,
        chances: Sequence[float],
        *,
        length: int,
        left: float | None = None,
        source: DraftSource = DraftSource.PASS,
    ) -> bool:
        """Whether the last of these drafts is worth being fed, rather than verifying the ones before it now; `chances`
        are the probabilities that each is right."""
        count = len(chances)
        cost = self._written_cost(source, count, length)
        if left is not None and self.costs.elapsed(cost) > left:
            return False
        return _expected(chances) / cost > _expected(chances[:-1]) / self._written_cost(source, count - 1, length)

    def chance(self, confidence: float, *, sampled: bool = False, source: DraftSource = DraftSource.PASS) -> float:
        """The probability that a written draft is right, given how sure its source was of it (0 to 1)."""
        return self._confident[source, sampled].rate(_class(_CONFIDENCE_CLASSES, confidence))

    def settle_lookup(
        self, match: int, drafted: int, accepted: int, judged: int, source: DraftSource = DraftSource.LOOKUP
    ) -> None:
        """Notes a verified draft from the context or the memory: `accepted` of the `judged` first ones were right."""
        for place in range(judged):
            self._matches[source].add(_class(_MATCH_CLASSES, match + place), place < accepted)
        self._settle(source, drafted, accepted)

    def settle_written(
        self,
        confidences: Sequence[float],
        accepted: int,
        judged: int,
        *,
        sampled: bool = False,
        source: DraftSource = DraftSource.PASS,
    ) -> None:
        """Notes a verified draft of the first pass or the small model."""
        for place in range(judged):
            kind = _class(_CONFIDENCE_CLASSES, confidences[place])
            self._confident[source, sampled].add(kind, place < accepted)
            self._overall[source, sampled].add(0, place < accepted)
        self._settle(source, len(confidences), accepted)

    def settle_unsure(self, chance: float, *, sampled: bool = False, source: DraftSource = DraftSource.PASS) -> None:
        """Notes that a source wrote for nothing: its first draft was not worth verifying."""
        self._overall[source, sampled].add(0, chance)
        self.settle_plain()

    def settle_plain(self) -> None:
        """Notes a step without drafts."""
        for account in self._accounts.values():
            account.rest()

    def _settle(self, source: DraftSource, drafted: int, accepted: int) -> None:
        for other, account in self._accounts.items():
            if other is source:
                account.settle(drafted, accepted)
            else:
                account.rest()

    def _full(self, rows: int, length: int) -> float:
        return self.costs.of(Call.FULL, rows, length)

    def _writers(self, *, small: bool) -> list[DraftSource]:
        can = {DraftSource.PASS: self.can_split, DraftSource.SMALL: small and self._longest > 0}
        return [source for source in WRITTEN if can[source]]

    def _written_cost(self, source: DraftSource, drafts: int, length: int) -> float:
        """Writing so many drafts, and verifying them with the token before them."""
        if source is DraftSource.SMALL:
            return drafts * self.costs.of(Call.SMALL, 1, 0) + self._full(drafts + 1, length)
        first = self.costs.of(Call.FIRST, 1, length)
        return (drafts + 1) * first + self.costs.of(Call.LATER, drafts + 1, length)


def _expected(chances: Sequence[float]) -> float:
    """Tokens that a verified draft yields on average: the correct one after the last right draft included."""
    total = product = 1.0
    for chance in chances:
        product *= chance
        total += product
    return total


def _class(borders: Sequence[float], value: float) -> int:
    return sum(value >= border for border in borders)


def _size_class(length: int) -> int:
    return (length // 512).bit_length()


def _between(known: Mapping[int, float], rows: int) -> float:
    """A value between known ones; beyond them each row costs as much more as between the two nearest."""
    places = sorted(known)
    if len(places) == 1:
        return known[places[0]]
    after = min(max(bisect(places, rows), 1), len(places) - 1)
    low, high = places[after - 1], places[after]
    slope = (known[high] - known[low]) / (high - low)
    if not low <= rows <= high:
        slope = max(slope, 0.0)
    return max(known[low] + slope * (rows - low), min(known.values()) / 2)


def _along(shape: Mapping[int, float], known: Mapping[int, float], rows: int) -> float:
    """A value between known ones; beyond them it grows as the shape does."""
    nearest = min(max(rows, min(known)), max(known))
    return _between(known, nearest) * _between(shape, rows) / _between(shape, nearest)
