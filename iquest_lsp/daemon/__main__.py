"""`python -m iquest_lsp.daemon '["/run/user/1000/iquest-lsp", "daemon", {}, 5]'`: becomes that daemon.

The words are the folder and name of the daemon that the bridge found and checked, and the command line options.

The last number is of what waits for it: the writing end of a pipe, or the process where processes cannot fork. With
`apart` before them, it starts such a process and says its number (starting.py).
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
    if sys.argv[1] == "apart":
        from iquest_lsp.daemon.starting import start_apart

        sys.stdout.write(str(start_apart(sys.argv[2:])))
        sys.stdout.flush()
        os._exit(0)
    folder, name, options, waiting = json.loads(sys.argv[1])
    # The bridge's child ends at once and its grandchild lives on: an editor that kills what descends from it, as VS
    # Code does, must not kill what the others use.
    if hasattr(os, "fork"):
        if os.fork():
            os._exit(0)
        os.setsid()
    _share_heaps()
    from iquest_lsp.daemon.runtime_dir import DaemonFiles
    from iquest_lsp.daemon.service import run
    from iquest_lsp.daemon.starting import who_waits

    run(DaemonFiles(Path(folder), str(name)), dict(options), who_waits(int(waiting)))


def _share_heaps() -> None:
    """Lets glibc's threads share two heaps: of those that each keeps for itself little ever goes back to the system."""
    with contextlib.suppress(OSError, AttributeError, TypeError):  # another C library; Windows takes no None
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


if __name__ == "__main__":
    main()
