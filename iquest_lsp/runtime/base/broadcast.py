"""Something told to all who asked to hear it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Told = TypeVar("Told")


class Broadcast(Generic[Told]):
    """Listeners in the order they came; each hears what is told from then on."""

    def __init__(self) -> None:
        self._listeners: dict[object, Callable[[Told], None]] = {}

    def add(self, listener: Callable[[Told], None]) -> Callable[[], None]:
        """Adds a listener; what is returned removes it, and does nothing a second time."""
        place = object()  # one who listens twice may leave once
        self._listeners[place] = listener

        def remove() -> None:
            self._listeners.pop(place, None)

        return remove

    def tell(self, told: Told) -> None:
        """Calls every listener; one may remove itself."""
        for listener in list(self._listeners.values()):
            listener(told)
