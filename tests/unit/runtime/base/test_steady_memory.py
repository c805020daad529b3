"""Settings that keep the memory of long processes from growing."""

from __future__ import annotations

from iquest_lsp.runtime.base.steady_memory import STEADY_MALLOC


def test_settings_are_variables_of_an_environment() -> None:
    assert all(isinstance(value, str) and value.isdecimal() for value in STEADY_MALLOC.values())
    assert all(name.startswith("MALLOC_") for name in STEADY_MALLOC)


def test_large_blocks_are_given_back_and_one_arena_serves_all() -> None:
    assert STEADY_MALLOC["MALLOC_ARENA_MAX"] == "1"
    assert int(STEADY_MALLOC["MALLOC_MMAP_THRESHOLD_"]) == int(STEADY_MALLOC["MALLOC_TRIM_THRESHOLD_"]) == 4 * 2**20
