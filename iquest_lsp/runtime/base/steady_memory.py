"""What keeps the memory of processes that run for weeks from growing: settings of glibc's malloc, others ignore them.

By default each thread takes an arena of its own, and blocks of up to 32 MB come from arenas once one of them was freed:
after an hour's typing six arenas of the engine held 100 MB of which a third was in use. So there is one arena, large
blocks are always mapped (and given back when they are freed), and the heap's end is given back in steps that are worth
a call. (mallopt(3))
"""

from __future__ import annotations

STEADY_MALLOC = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(4 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(4 << 20),
}
