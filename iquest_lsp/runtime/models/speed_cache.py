"""Measurements of models on this machine, remembered on disk."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from platformdirs import user_cache_path

from iquest_lsp.runtime.base.newest_entries import NewestEntries, made_at
from iquest_lsp.runtime.models.planner import MeasuredSpeed, better, cores

#: A measurement is repeated after so many seconds, since drivers, kernels and cooling change; sooner when the machine
#: was busy with other work, though not at every start.
VALID_S = 7 * 86400.0
BUSY_VALID_S = 3600.0


def speeds_file() -> Path:
    """Where the user's measurements lie."""
    return user_cache_path("iquest-lsp") / "speeds.json"


def speed_key(model: str, runtime: str) -> str:
    """What a measurement holds for: the model's fingerprint, the runtime's version, and this number of processors."""
    return f"{model} {runtime} {cores()}"


def remembered(path: Path, key: str, now: Callable[[], MeasuredSpeed]) -> MeasuredSpeed:
    """The measurement under `key`, made now if there is none or it is old; the quieter one of the two counts.

    A file that cannot be read or written costs the measurement, nothing else.
    """
    kept = NewestEntries(path)
    entry = kept.get(key)
    known = _speed(entry)
    age = time.time() - made_at(entry) if entry is not None else VALID_S
    valid = BUSY_VALID_S if entry is None or entry.get("busy", True) else VALID_S
    if known is not None and 0 <= age < valid:
        return known
    busy = is_busy()
    found = now()
    if not found.token_ms and not found.prefill:
        return known or found  # nothing was measured: the next start tries again
    if known is not None:
        found = better(found, known)
    kept.put(key, {**asdict(found), "busy": busy})
    return found


def known_speed(path: Path, key: str) -> MeasuredSpeed | None:
    """The remembered measurement, however old."""
    return _speed(NewestEntries(path).get(key))


def _speed(entry: object) -> MeasuredSpeed | None:
    if not isinstance(entry, dict):
        return None
    try:
        return MeasuredSpeed(
            {str(kind): float(rate) for kind, rate in entry["prefill"].items()},
            float(entry["token_ms"]),
            float(entry["depth_ms"]),
            int(entry["threads"]),
            int(entry["batch_threads"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def is_busy() -> bool:
    """Whether other programs keep the processors busy, so that a measurement says little."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > 0.5 * cores()
