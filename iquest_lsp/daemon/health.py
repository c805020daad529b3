"""How much memory there is and who holds it, and when the engine's process should start again because of it."""

from __future__ import annotations

from iquest_lsp.runtime.base.memory import MachineMemory, held_bytes, read_memory, resident_bytes

__all__ = ["MachineMemory", "excess", "held_bytes", "read_memory", "resident_bytes"]

MB = 2**20
LEAST_FREE_SHARE = 0.02
LEAST_FREE_BYTES = 128 * MB
#: An engine that holds less than this is not what fills the machine.
WORTH_FREEING_SHARE = 0.1
MOST_SHARE = 0.75


def excess(held: int, memory: MachineMemory, limit_mb: int) -> str:
    """Why an engine that holds this much should start again; "" when it need not."""
    limit = limit_mb * MB if limit_mb else int(memory.total * MOST_SHARE)
    if held > limit:
        return f"it held {held // MB} MB, and may hold {limit // MB} MB"
    least = max(int(memory.total * LEAST_FREE_SHARE), min(LEAST_FREE_BYTES, memory.total // 10))
    if memory.available < least and held > memory.total * WORTH_FREEING_SHARE:
        return f"only {memory.available // MB} MB of memory were left, and it held {held // MB} MB"
    return ""
