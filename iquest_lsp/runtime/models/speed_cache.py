"""Measurements of models on this machine, remembered on disk."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from iquest_lsp.atomic_file import atomic_write
from iquest_lsp.runtime.models.planner import MeasuredSpeed, better, cores

log = logging.getLogger(__name__)

#: A measurement is repeated after so many seconds, since drivers, kernels and cooling change; sooner when the machine
#: was busy with other work, though not at every start.
VALID_S = 7 * 86400.0
BUSY_VALID_S = 3600.0
MOST_KEPT = 50


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
    table = _read(path)
    entry = table.get(key)
    known = _speed(entry)
    age = time.time() - float(entry.get("at", 0.0)) if entry is not None else VALID_S
    valid = BUSY_VALID_S if entry is None or entry.get("busy", True) else VALID_S
    if known is not None and 0 <= age < valid:
        return known
    busy = is_busy()
    found = now()
    if not found.token_ms and not found.prefill:
        return known or found  # nothing was measured: the next start tries again
    if known is not None:
        found = better(found, known)
    table[key] = {**asdict(found), "at": time.time(), "busy": busy}
    newest = sorted(table.items(), key=lambda item: -float(item[1].get("at", 0.0)))[:MOST_KEPT]
    _write(path, dict(newest))
    return found


def known_speed(path: Path, key: str) -> MeasuredSpeed | None:
    """The remembered measurement, however old."""
    return _speed(_read(path).get(key))


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {key: value for key, value in found.items() if isinstance(value, dict)} if isinstance(found, dict) else {}


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


def _write(path: Path, table: dict[str, Any]) -> None:
    try:
        atomic_write(path, json.dumps(table, indent=1))
    except OSError as error:
        log.debug("the measurement is not kept: %s", error)


def is_busy() -> bool:
    """Whether other programs keep the processors busy, so that a measurement says little."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > 0.5 * cores()
