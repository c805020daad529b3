"""Something told to all who asked to hear it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Told = TypeVar("Told")


class Broadcast(Generic[Told]):
    """Listeners in the order they came; each hears what is told from then on."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Told], None]] = []

    def add(self, listener: Callable[[Told], None]) -> Callable[[], None]:
        """Adds a listener; what is returned removes it, and does nothing a second time."""
        self._listeners.append(listener)

        def remove() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return remove

    def tell(self, told: Told) -> None:
        """Calls every listener; one may remove itself."""
        for listener in list(self._listeners):
            listener(told)
