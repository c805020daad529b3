"""What a user does not want to see again: what was just deleted, and what was dismissed.

Either holds while the text around the place is the same: the next key changes it.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable

from iquest_lsp.datatypes import Deletion

#: How much of the text around a place counts.
AROUND = 500
MOST_ANSWERS, MOST_PLACES, MOST_DOCUMENTS = 512, 64, 64


def is_deleted(text: str, offset: int, deletion: Deletion | None) -> bool:
    """Whether a suggestion at an offset would bring back what was deleted there by the last change."""
    return deletion is not None and deletion.offset == offset and _is_like(text, deletion.text)


class Dismissed:
    """The suggestions that were put away, by document and place."""

    def __init__(self) -> None:
        self._answers: OrderedDict[int, tuple[Hashable, str, str, str]] = OrderedDict()
        self._places: OrderedDict[Hashable, deque[tuple[str, str, str]]] = OrderedDict()

    def remember(self, number: int, key: Hashable, text: str, offset: int, suggestion: str) -> None:
        """An answer that a client may say of, by its number, that its user put it away."""
        self._answers[number] = (key, *_around(text, offset), suggestion)
        while len(self._answers) > MOST_ANSWERS:
            self._answers.popitem(last=False)

    def dismiss(self, number: int) -> None:
        """The user put an answer away; one that is not known, or too old, changes nothing."""
        found = self._answers.pop(number, None)
        if found is None:
            return
        key, before, after, suggestion = found
        self._places.setdefault(key, deque(maxlen=MOST_PLACES)).append((before, after, suggestion))
        self._places.move_to_end(key)
        while len(self._places) > MOST_DOCUMENTS:
            self._places.popitem(last=False)

    def holds(self, key: Hashable, text: str, offset: int, suggestion: str) -> bool:
        """Whether this suggestion, or its beginning, was put away at this place."""
        around = _around(text, offset)
        return any(
            (before, after) == around and _is_like(suggestion, other)
            for before, after, other in self._places.get(key, ())
        )


def _around(text: str, offset: int) -> tuple[str, str]:
    return text[max(offset - AROUND, 0) : offset], text[offset : offset + AROUND]


def _is_like(text: str, other: str) -> bool:
    """Whether one begins with the other, white space at the ends aside."""
    bare, rest = text.strip(), other.strip()
    return bool(bare and rest) and (bare.startswith(rest) or rest.startswith(bare))
