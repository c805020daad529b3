"""Locks of open files, which the system lets go when the file is closed, however the process ends that has it open.

Unix locks a file as a whole and for those who ask for locks only (flock(2)). Windows locks its first byte, which nobody
else can read meanwhile: what is written into a locked file belongs behind it.
"""

from __future__ import annotations

import contextlib
import importlib
from typing import Any

#: How often somebody who waits looks again where the system cannot wake him.
RETRY_S = 0.02

fcntl: Any = None
with contextlib.suppress(ImportError):  # not on Windows
    fcntl = importlib.import_module("fcntl")


def lock(descriptor: int, *, shared: bool = False, wait: bool = False) -> bool:
    """Takes the lock of an open file; False where another has it and nobody is to `wait`. Raises OSError.

    Several may have a `shared` lock at a time, on Unix: elsewhere it is one like the others.
    """
    if fcntl is not None:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True
    from filelock import lock_descriptor

    return lock_descriptor(descriptor, blocking=wait, poll_interval=RETRY_S)
