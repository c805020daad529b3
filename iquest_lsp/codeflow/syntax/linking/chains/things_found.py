"""What was found by following expressions, and how far they were followed where nothing was found."""

from __future__ import annotations

from collections.abc import Callable

from iquest_lsp.codeflow.syntax.linking.chains.things import Thing

#: A file, a node in it or -1 for the file, and a name.
ThingKey = tuple[str, int, str]


class ThingsFound:
    """The things that were found.

    That nothing was found holds for later questions only where no way ended for want of steps, or in a circle: they
    may have more steps left, or come into the circle elsewhere. Within a question all is followed once.
    """

    def __init__(self) -> None:
        self._known: dict[ThingKey, Thing | None] = {}
        self._tried: dict[ThingKey, int] = {}
        self._now: set[ThingKey] = set()
        #: How often a way has ended.
        self.ended = 0

    def ask(self) -> None:
        """Another question begins."""
        self._now.clear()

    def is_over(self, steps: int) -> bool:
        """Whether no steps are left."""
        self.ended += steps <= 0
        return steps <= 0

    def begins(self, key: ThingKey, steps: int) -> bool:
        """Whether what has a key is to be followed: for the first time now, and further than for earlier questions."""
        if key in self._now or steps <= self._tried.get(key, 0):
            self.ended += 1
            return False
        self._now.add(key)
        self._tried[key] = steps
        return True

    def once(self, key: ThingKey, steps: int, find: Callable[[], Thing | None]) -> Thing | None:
        """What is found under a key, or was found."""
        if key not in self._known and self.begins(key, steps):
            ended, found = self.ended, find()
            if found is None and self.ended > ended:
                return None
            self._known[key] = found
        return self._known.get(key)
