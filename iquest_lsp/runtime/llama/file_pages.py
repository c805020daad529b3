"""Gives the pages of a mapped model file back to the system; those that are needed come again from its cache.

While loading, llama.cpp reads the whole mapped file and copies many weights into a layout of its own, after which it
never looks at the file's copy again. Until somebody wants the memory those pages stay counted as the process' own, so
that a model seems to take nearly twice what it needs.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

#: madvise(2): drop the pages of a range; a mapped file's are read again when they are touched.
_DONTNEED = 4
#: Files below this size are not worth the faults, and how much is loaded between two times.
_SMALLEST, _EVERY = 256 * 2**20, 256 * 2**20


def releaser(paths: Sequence[Path]) -> Callable[[float], None]:
    """A function to call with the share that is loaded: releases the files' pages each 256 MB and at the end."""
    size = sum(path.stat().st_size for path in paths)
    last = 0

    def loaded(share: float) -> None:
        nonlocal last
        done = int(share * size)
        if size >= _SMALLEST and (done - last >= _EVERY or share >= 1.0):
            last = done
            release(paths)

    return loaded


def release(paths: Sequence[Path]) -> int:
    """Releases the pages of the files' mappings in this process; returns their bytes, 0 on systems without /proc."""
    released = 0
    with contextlib.suppress(OSError):
        names = {str(path.resolve()) for path in paths}
        for line in Path("/proc/self/maps").read_text("utf-8", "surrogateescape").splitlines():
            span, *_, mapped = line.split(maxsplit=5)
            if mapped in names and " r--s " in line:  # a shared mapping that nobody writes to
                start, stop = (int(part, 16) for part in span.split("-"))
                if _madvise()(start, stop - start, _DONTNEED) == 0:
                    released += stop - start
    return released


@functools.cache
def _madvise() -> Any:
    function = ctypes.CDLL(None).madvise
    function.restype = ctypes.c_int
    function.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    return function
