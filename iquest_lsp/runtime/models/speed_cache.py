"""Measurements of models on this machine, remembered on disk."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from platformdirs import user_cache_path

from iquest_lsp.runtime.base.newest_entries import NewestEntries, made_at
from iquest_lsp.runtime.models.planner import MeasuredSpeed, better, cores

#: A measurement is repeated after so many seconds, since drivers, kernels and cooling change; sooner when the machine
#: was busy with other work, though not at every start.
VALID_S = 7 * 86400.0
BUSY_VALID_S = 3600.0
#: What was read at work is kept beside the measurement, and counts before it.
_AT_WORK = " at work"
#: A rate that differs by less is the same.
SAME_RATE = 0.1


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
    return _with_work(path, key, _measured(path, key, now))


def _measured(path: Path, key: str, now: Callable[[], MeasuredSpeed]) -> MeasuredSpeed:
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
    found = _speed(NewestEntries(path).get(key))
    return None if found is None else _with_work(path, key, found)


def refine(path: Path, key: str, kv_type: str, rate: float, *, is_alone: bool) -> None:
    """Remembers at how many tokens a second prompts were read at work: with the batches and the depth that windows
    have, where a measurement has a second. Unless the processors worked for nobody else (`is_alone`), a lower rate than
    the known one says nothing."""
    known = known_speed(path, key)
    if known is None or rate <= 0:
        return
    before = known.prefill.get(kv_type, 0.0)
    if abs(rate - before) <= SAME_RATE * before or (rate < before and not is_alone):
        return
    NewestEntries(path).put(key + _AT_WORK, {"kv_type": kv_type, "rate": rate})


def _with_work(path: Path, key: str, speed: MeasuredSpeed) -> MeasuredSpeed:
    """A measurement with the rate of work, where that is known: those of other types of KV are changed alike, since
    they are compared with it."""
    entry = NewestEntries(path).get(key + _AT_WORK)
    if entry is None or not 0 <= time.time() - made_at(entry) < VALID_S:
        return speed
    kind, rate = str(entry.get("kv_type")), entry.get("rate")
    if not isinstance(rate, int | float) or rate <= 0:
        return speed
    factor = rate / speed.prefill[kind] if speed.prefill.get(kind) else 1.0
    rates = {other: measured * factor for other, measured in speed.prefill.items()}
    return replace(speed, prefill=rates | {kind: float(rate)})


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
