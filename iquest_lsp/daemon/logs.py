"""The daemon's log: a few files of bounded size that only the user can read; not being able to write is no failure."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path

MAX_BYTES = 2 * 1024 * 1024
OLD_FILES = 3
RETRY_S = 30.0
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class PatientHandler(RotatingFileHandler):
    """Writes while it can: a full disk loses lines, counted, and never raises or writes to stderr."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "a", MAX_BYTES, OLD_FILES, encoding="utf-8", delay=True, errors="replace")
        self.setFormatter(logging.Formatter(FORMAT))
        self.lost = 0
        self.wait_until = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        if time.monotonic() < self.wait_until:
            self.lost += 1
            return
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  the name is logging's
        self.lost += 1
        self.wait_until = time.monotonic() + RETRY_S
        with contextlib.suppress(OSError, ValueError):
            if self.stream is not None:
                self.stream.close()
        self.stream = None

    def close(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # the last lines may not fit either
            super().close()


def start_logging(path: Path, level: str) -> PatientHandler:
    """Sends the process's log to a file; of pygls only what is critical, since it logs documents as they are typed."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.umask(0o077)
    handler = PatientHandler(path)
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    return handler


def tail(path: Path, lines: int) -> list[str]:
    """The last lines of a log and, where it was just rotated, of the file before it."""
    text: list[str] = []
    for part in (path, path.with_name(path.name + ".1")):
        if len(text) >= lines:
            break
        with contextlib.suppress(OSError):
            text = part.read_text("utf-8", "replace").splitlines() + text
    return text[-lines:]
