"""`python -m iquest_lsp.daemon '["/run/user/1000/iquest-lsp", "daemon", {}, 5]'`: becomes that daemon.

The words are the folder and name of the daemon that the bridge found and checked, and the command line options.

The last number is the writing end of the pipe on which the bridge that started it waits.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import sys
from pathlib import Path

_M_ARENA_MAX = -8  # of malloc.h


def main() -> None:
    folder, name, options, waiting = json.loads(sys.argv[1])
    # The bridge's child ends at once and its grandchild lives on: an editor that kills what descends from it, as VS
    # Code does, must not kill what the others use.
    if os.fork():
        os._exit(0)
    os.setsid()
    _share_heaps()
    from iquest_lsp.daemon.runtime_dir import DaemonFiles
    from iquest_lsp.daemon.service import run

    run(DaemonFiles(Path(folder), str(name)), dict(options), int(waiting))


def _share_heaps() -> None:
    """Lets glibc's threads share two heaps: of those that each keeps for itself little ever goes back to the system."""
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


if __name__ == "__main__":
    main()
