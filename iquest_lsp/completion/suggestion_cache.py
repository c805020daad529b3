"""Answers that still hold: where the user types what was suggested, takes it back, or returns to a place."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace

from iquest_lsp.datatypes import AnswerSource, Finish, Generation
from iquest_lsp.runtime.base.repetition import without_loop

#: An answer holds while so much of the text before and after it is the same; what changes further away does not end
#: it, it only moves it.
NEAR_BEFORE, NEAR_AFTER = 4000, 1000
PER_DOCUMENT = 48
DOCUMENTS = 64
AGE_S = 120.0
_MOST_CLOSED = 4
_CLOSING = ")]}\"'`"


@dataclass(frozen=True, slots=True)
class CachedGeneration:
    """A generation for the place between `before` and `after` (each as far as it is near), of which the first `worth`
    characters may be typed."""

    before: str
    after: str
    generation: Generation
    state: Hashable
    source: AnswerSource
    at: float
    worth: int
    longer: bool = False


@dataclass(frozen=True, slots=True)
class CacheHit:
    """What of a kept generation is still to be typed, and where it came from."""

    generation: Generation
    source: AnswerSource


class SuggestionCache:
    """The latest generations of each document, whole and unfiltered: what is typed of one makes the rest surer.

    `clock` gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._documents: OrderedDict[Hashable, deque[CachedGeneration]] = OrderedDict()

    def keep(
        self,
        key: Hashable,
        text: str,
        offset: int,
        generation: Generation,
        *,
        state: Hashable,
        source: AnswerSource = AnswerSource.CACHE,
        longer: bool = False,
    ) -> None:
        """Remembers what was generated for a place in a document; `source` is what an answer from it shall say.

        It holds while `state` is the same: the model, and what else the window shows. Who types into the loop that it
        ends in is not offered the rest of it.
        """
        before, after = near(*_plain(text, offset))
        kept = self._documents.setdefault(key, deque(maxlen=PER_DOCUMENT))
        self._documents.move_to_end(key)
        now = self._clock()
        worth = len(without_loop(generation.text))
        kept.append(CachedGeneration(before, after, generation, state, source, now, worth, longer))
        while kept[0].at < now - AGE_S:
            kept.popleft()
        # The document whose newest answer is the oldest comes first.
        while len(self._documents) > DOCUMENTS or next(iter(self._documents.values()))[-1].at < now - AGE_S:
            self._documents.popitem(last=False)

    def find(self, key: Hashable, text: str, offset: int, state: Hashable, *, longer: bool = False) -> CacheHit | None:
        """A generation that holds at a place: made there, or before it and typed through since, newest first."""
        kept = self._documents.get(key)
        if not kept:
            return None
        text, offset = _plain(text, offset)
        before, after = near(text, offset, extra=NEAR_BEFORE)
        oldest = self._clock() - AGE_S
        for item in reversed(kept):
            if item.at < oldest or item.state != state or (longer and not item.longer):
                continue
            rest = _rest(item, before, after, offset)
            if rest is not None:
                return CacheHit(rest, item.source)
        return None

    def __len__(self) -> int:
        """Answers that are held, of all documents."""
        return sum(map(len, self._documents.values()))


def near(text: str, offset: int, *, extra: int = 0) -> tuple[str, str]:
    """The text near an offset, before and after it."""
    return text[max(offset - NEAR_BEFORE - extra, 0) : offset], text[offset : offset + NEAR_AFTER]


def _plain(text: str, offset: int) -> tuple[str, int]:
    """Text and offset with line ends "\n"."""
    if "\r" not in text:
        return text, offset
    before, after = (part.replace("\r\n", "\n") for part in (text[:offset], text[offset:]))
    return before + after, len(before)


def typed_through(generation: Generation, typed: str) -> Generation:
    """A generation of which the beginning was typed: its text and its tokens from there on."""
    if not typed:
        return generation
    ends = tuple(end - len(typed) for end in generation.ends)
    begin = next((at for at, end in enumerate(ends) if end > 0), len(ends))
    return replace(
        generation,
        text=generation.text[len(typed) :],
        tokens=generation.tokens[begin:],
        logprobs=generation.logprobs[begin:],
        ends=ends[begin:],
    )


def _rest(item: CachedGeneration, before: str, after: str, offset: int) -> Generation | None:
    """What is left of a generation at a place; None where it does not hold there."""
    typed = _typed(item, before, offset)
    added = _added(item, after)
    if typed is None or added is None or (added and not typed):
        return None
    if not item.generation.text:
        # That the model had nothing to say is an answer too, where it was heard out.
        return item.generation if item.generation.finish is Finish.STOP else None
    is_left = len(typed) < item.worth or not typed
    return typed_through(item.generation, typed) if is_left else None


def _typed(item: CachedGeneration, before: str, offset: int) -> str | None:
    """What was typed since the generation's place; None where the text before is another one."""
    text = item.generation.text
    for length in range(min(len(text), len(before)), -1, -1):
        start = offset - length
        reaches = len(item.before) == NEAR_BEFORE or start == len(item.before)
        if reaches and before.endswith(text[:length]) and before.endswith(item.before, 0, len(before) - length):
            return text[:length]
    return None


def _added(item: CachedGeneration, after: str) -> str | None:
    """Closing signs that an editor put before what followed at the time, "" mostly; None where another text follows."""
    for count in range(_MOST_CLOSED + 1):
        added, rest = after[:count], after[count:]
        size = min(len(rest), len(item.after))
        to_the_end = len(item.after) == NEAR_AFTER or len(rest) <= len(item.after)
        complete = len(rest) == len(item.after) or len(after) == NEAR_AFTER
        if to_the_end and complete and rest[:size] == item.after[:size] and len(added) == count:
            return added if all(sign in _CLOSING for sign in added) else None
    return None
