"""A JSON file of entries by key, each with the time that it was made at, of which the newest are kept."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import Any

from iquest_lsp.atomic_file import atomic_write

log = logging.getLogger(__name__)

MOST_KEPT = 50


class NewestEntries:
    """The entries of one file; one that cannot be read is empty, and what cannot be written is lost, no more."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, key: str) -> dict[str, Any] | None:
        """The entry under `key`, None where there is none."""
        return self._read().get(key)

    def put(self, key: str, entry: dict[str, Any]) -> None:
        """Keeps an entry, made now; the oldest one goes where there are too many."""
        table = self._read()
        table[key] = {**entry, "at": time.time()}
        newest = sorted(table.items(), key=lambda item: -made_at(item[1]))[:MOST_KEPT]
        try:
            atomic_write(self._path, json.dumps(dict(newest), indent=1))
        except OSError as error:
            log.debug("%s is not written: %s", self._path.name, error)

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            found = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return (
            {key: value for key, value in found.items() if isinstance(value, dict)} if isinstance(found, dict) else {}
        )


def made_at(entry: dict[str, Any]) -> float:
    """When an entry was made, in seconds of the clock; 0 where it does not say."""
    at = entry.get("at")
    return float(at) if isinstance(at, int | float) else 0.0
