"""How much memory there is and who holds it, and when the engine's process should start again because of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from iquest_lsp.runtime.base.memory import Memory, read_memory, rows

__all__ = ["Memory", "excess", "held_bytes", "read_memory", "resident_bytes"]

MB = 2**20
LEAST_FREE_SHARE = 0.02
LEAST_FREE_BYTES = 128 * MB
#: An engine that holds less than this is not what fills the machine.
WORTH_FREEING_SHARE = 0.1
MOST_SHARE = 0.75


def held_bytes(pid: int) -> int | None:
    """What a process holds beyond the files it maps (a model's weights can be dropped and read again), in bytes."""
    try:
        text = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
        table = {name: int(rest.split()[0]) * 1024 for name, _, rest in rows(text) if name in ("RssAnon", "RssShmem")}
        return sum(table.values()) if table else None
    except (OSError, ValueError, IndexError):
        return None


def resident_bytes(pid: int) -> int:
    """The memory a process occupies, mapped files included, in bytes; 0 when there is no such process."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):  # another system, or no such process
        pass
    try:
        done = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return int(done.stdout.strip() or 0) * 1024
    except (OSError, ValueError):
        return 0


def excess(held: int, memory: Memory, limit_mb: int) -> str:
    """Why an engine that holds this much should start again; "" when it need not."""
    limit = limit_mb * MB if limit_mb else int(memory.total * MOST_SHARE)
    if held > limit:
        return f"it held {held // MB} MB, and may hold {limit // MB} MB"
    least = max(int(memory.total * LEAST_FREE_SHARE), min(LEAST_FREE_BYTES, memory.total // 10))
    if memory.available < least and held > memory.total * WORTH_FREEING_SHARE:
        return f"only {memory.available // MB} MB of memory were left, and it held {held // MB} MB"
    return ""
