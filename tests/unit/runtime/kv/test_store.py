"""The store of saved KV: whatever differs or is damaged is not used, and nothing grows beyond the limit."""

from __future__ import annotations

import errno
import logging
import os
import stat
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from iquest_lsp.errors import EngineError
from iquest_lsp.runtime.kv import store as kv_store
from iquest_lsp.runtime.kv.store import StateKey, StateStore
from tests.waiting import PATIENCE_S

KEY = StateKey("/home/ann/shapes", "main", "whole 12ab", "2", "0.3.36+loop.4", "f16/f16")
TOKENS = [5, 70000, 3, 9]
STATE = np.random.default_rng(0).integers(0, 256, 10_000).astype(np.uint8)


def save(store: StateStore, key: StateKey = KEY, state: NDArray[np.uint8] = STATE) -> Path | None:
    pending = store.begin(key, TOKENS, len(state))
    if pending is None:
        return None
    assert pending.buffer is not None
    pending.buffer[:] = state
    pending.finish()
    return store.folder / key.file_name


def load(store: StateStore, key: StateKey = KEY) -> tuple[list[int], bytes] | None:
    found: list[tuple[list[int], bytes]] = []

    def use(tokens: Sequence[int], state: NDArray[np.uint8]) -> None:
        found.append((list(tokens), state.tobytes()))

    count = store.load(key, use)
    assert count == (len(found[0][0]) if found else 0)
    return found[0] if found else None


@pytest.fixture
def store(tmp_path: Path) -> StateStore:
    return StateStore(tmp_path / "kv", 1 << 20)


def test_what_was_saved_comes_back(store: StateStore) -> None:
    path = save(store)
    assert path is not None
    assert load(store) == (TOKENS, STATE.tobytes())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    other = np.flip(STATE)[:500]
    save(store, state=other)
    assert load(store) == (TOKENS, other.tobytes())
    assert [entry.path for entry in store.entries()] == [path]


def test_nothing_saved_is_a_cold_start_without_a_word(store: StateStore, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        assert load(store) is None
    assert not caplog.records


@pytest.mark.parametrize("part", [part.name for part in fields(StateKey)])
def test_a_difference_in_any_part_of_the_key_is_a_cold_start(
    store: StateStore, caplog: pytest.LogCaptureFixture, part: str
) -> None:
    path = save(store)
    assert path is not None
    other = replace(KEY, **{part: "something else"})
    if other.file_name != path.name:
        assert load(store, other) is None  # another place
        path.rename(store.folder / other.file_name)  # and the wrong file in that place
    caplog.clear()
    assert load(store, other) is None
    assert len(caplog.records) == 1
    assert f"another {part}" in caplog.text


@pytest.mark.slow
def test_a_change_of_any_byte_is_noticed(store: StateStore, caplog: pytest.LogCaptureFixture) -> None:
    path = save(store)
    assert path is not None
    whole = path.read_bytes()
    head = int.from_bytes(whole[12:16], "little")
    text = whole.index(b"\0\0\0", 60)
    regions = {
        "magic": range(8),
        "version": range(8, 12),
        "head size": range(12, 16),
        "head digest": range(16, 48),
        "key": range(48, text),
        "padding": (text + 1, head - 1),
        "tokens": range(head, head + 16),
        "state": (head + 16, head + 5000, len(whole) - 1),
    }
    for region, places in regions.items():
        for place in places:
            damaged = bytearray(whole)
            damaged[place] ^= 1 << (place % 8)
            path.write_bytes(damaged)
            caplog.clear()
            assert load(store) is None, (region, place)
            assert len(caplog.records) == 1, (region, place)
    path.write_bytes(whole)
    assert load(store) is not None


def test_a_file_cut_anywhere_or_with_more_behind_it_is_noticed(
    store: StateStore, caplog: pytest.LogCaptureFixture
) -> None:
    path = save(store)
    assert path is not None
    whole = path.read_bytes()
    for length in [0, 1, 8, 47, 48, 500, 4095, 4096, 4100, 4112, len(whole) - 1]:
        path.write_bytes(whole[:length])
        caplog.clear()
        assert load(store) is None, length
        assert len(caplog.records) == 1, length
    path.write_bytes(whole + b"\0")
    assert load(store) is None
    path.write_bytes(os.urandom(9000))
    assert load(store) is None
    assert "not a saved KV cache" in store.entries()[0].problem


def test_a_link_or_a_folder_in_the_place_is_not_followed(store: StateStore, tmp_path: Path) -> None:
    path = save(store)
    assert path is not None
    aside = tmp_path / "aside"
    path.rename(aside)
    path.symlink_to(aside)
    assert load(store) is None
    path.unlink()
    path.mkdir()
    assert load(store) is None


def test_an_error_while_the_runtime_reads_it_is_a_cold_start(
    store: StateStore, caplog: pytest.LogCaptureFixture
) -> None:
    save(store)

    def use(tokens: Sequence[int], state: NDArray[np.uint8]) -> None:
        raise EngineError("The saved state does not fit sequence 0")

    assert store.load(KEY, use) == 0
    assert len(caplog.records) == 1
    assert "does not fit" in caplog.text


def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    store = StateStore(tmp_path / "kv", 5 * 4096 + 3 * len(STATE))
    keys = [replace(KEY, workspace=f"/w/{number}") for number in range(4)]
    for number, key in enumerate(keys[:3]):
        path = save(store, key)
        assert path is not None
        os.utime(path, (1000 + number, 1000 + number))
    assert load(store, keys[0]) is not None  # used now, so the second is the oldest
    save(store, keys[3])
    assert [load(store, key) is not None for key in keys] == [True, False, True, True]
    assert sum(entry.bytes for entry in store.entries()) <= store.limit


def test_a_state_over_the_limit_is_not_saved_and_costs_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = StateStore(tmp_path / "kv", 20_000)
    save(store)
    with caplog.at_level(logging.INFO):
        assert store.begin(replace(KEY, workspace="/w/big"), TOKENS, 50_000) is None
    assert len(caplog.records) == 1
    assert load(store) is not None


def test_a_full_disk_costs_a_log_line_and_nothing_else(
    store: StateStore, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(store)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(kv_store, "allocate", full)
    assert save(store, state=STATE[:100]) is None
    assert len(caplog.records) == 1
    assert load(store) == (TOKENS, STATE.tobytes())
    assert not list(store.folder.glob(".*.tmp"))


def test_a_nearly_full_disk_is_left_alone(
    store: StateStore, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StateStore, "free_bytes", lambda self: kv_store.DISK_RESERVE)
    assert save(store) is None
    assert "nearly full" in caplog.text


def test_a_failure_at_the_end_leaves_the_old_file_and_no_other(
    store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(store)

    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "I/O error")

    pending = store.begin(KEY, TOKENS, 100)
    assert pending is not None
    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="I/O"):
        pending.finish()
    monkeypatch.undo()
    assert load(store) == (TOKENS, STATE.tobytes())
    assert not list(store.folder.glob(".*.tmp"))


def test_what_a_killed_process_left_is_swept_away(store: StateStore) -> None:
    save(store)
    left = store.folder / f".{KEY.file_name}.99.1.tmp"
    left.write_bytes(b"half")
    save(store, state=STATE[:10])
    assert left.exists()  # it may be another process at work
    os.utime(left, (1, 1))
    save(store, state=STATE[:10])
    assert not left.exists()


def test_clear_removes_everything(store: StateStore) -> None:
    save(store)
    (store.folder / f".{KEY.file_name}.99.1.tmp").write_bytes(b"half")
    files, size = store.clear()
    assert (files, size > len(STATE)) == (1, True)
    assert load(store) is None
    assert not list(store.folder.glob("*.kv")) + list(store.folder.glob(".*.tmp"))


WRITER = """
import sys
import numpy as np
from pathlib import Path
from iquest_lsp.runtime.kv.store import StateKey, StateStore

store = StateStore(Path(sys.argv[1]), 60_000)
for turn in range(60):
    number = turn % 4
    key = StateKey(f"/w/{number}", "main", "m", "1", "r", "f16")
    fill = int(sys.argv[2]) * 100 + number
    pending = store.begin(key, [fill], 12_000)
    if pending is not None:
        pending.buffer[:] = fill
        pending.finish()
    def use(tokens, state):
        assert len(state) == 12_000 and (state == tokens[0]).all() and tokens[0] % 100 == number
    store.load(key, use)
"""


@pytest.mark.slow
def test_two_processes_write_the_same_files(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(number)], stderr=subprocess.PIPE)
        for number in (1, 2)
    ]
    for writer in writers:
        assert writer.wait(PATIENCE_S) == 0, writer.stderr
        assert writer.stderr is not None
        assert b"damaged" not in writer.stderr.read()
        writer.stderr.close()
    store = StateStore(tmp_path, 60_000)
    assert 0 < sum(entry.bytes for entry in store.entries()) <= store.limit
    assert not list(tmp_path.glob(".*.tmp"))
