"""The saved KV of one model: what is saved comes back, and what cannot be saved costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from iquest_lsp.runtime.base.engine import EngineOptions, StateLabel
from iquest_lsp.runtime.kv.saver import SavedStates
from iquest_lsp.token_ids import TokenIds

LABEL = StateLabel("/work/shop", "main", "2")
TOKENS = TokenIds([5, 7, 9])
STATE = np.arange(200, dtype=np.uint8)


def fill(buffer: NDArray[np.uint8]) -> None:
    buffer[:] = STATE


def states(folder: Path, model: str = "m") -> SavedStates:
    return SavedStates(EngineOptions(state_folder=str(folder), state_limit=1 << 20), model, "r", "f16")


@pytest.fixture
def read() -> tuple[list[tuple[list[int], bytes]], Callable[[TokenIds, NDArray[np.uint8]], None]]:
    found: list[tuple[list[int], bytes]] = []
    return found, lambda tokens, state: found.append((list(tokens), state.tobytes()))


def test_another_process_begins_with_what_was_saved(
    tmp_path: Path, read: tuple[list[tuple[list[int], bytes]], Callable[[TokenIds, NDArray[np.uint8]], None]]
) -> None:
    made = states(tmp_path)
    assert made.save(LABEL, TOKENS, lambda: len(STATE), fill, wait=True) == len(TOKENS)
    assert made.has(LABEL)
    found, note = read
    assert states(tmp_path).restore(LABEL, note) == len(TOKENS)
    assert found == [(list(TOKENS), STATE.tobytes())]
    assert states(tmp_path, "another").restore(LABEL, note) == 0
    assert states(tmp_path).restore(StateLabel("/work/other", "main", "2"), note) == 0


def test_the_same_tokens_are_written_once(tmp_path: Path) -> None:
    made, written = states(tmp_path), list[int]()

    def write(buffer: NDArray[np.uint8]) -> None:
        written.append(len(buffer))
        fill(buffer)

    for tokens in (TOKENS, TOKENS, TokenIds([5, 7])):
        assert made.save(LABEL, tokens, lambda: len(STATE), write, wait=True) == len(tokens)
    assert len(written) == 2


def test_a_state_that_cannot_be_taken_leaves_nothing_behind(tmp_path: Path) -> None:
    made = states(tmp_path)

    def fail(buffer: NDArray[np.uint8]) -> None:
        raise ValueError("no state")

    with pytest.raises(ValueError, match="no state"):
        made.save(LABEL, TOKENS, lambda: len(STATE), fail, wait=True)
    assert not made.has(LABEL)
    assert made.restore(LABEL, lambda tokens, state: None) == 0


def test_where_saving_is_off_nothing_is_saved(tmp_path: Path) -> None:
    off = SavedStates(EngineOptions(state_folder=str(tmp_path), state_limit=0), "m", "r", "f16")
    assert off.save(LABEL, TOKENS, lambda: len(STATE), fill, wait=True) == 0
    assert off.restore(LABEL, lambda tokens, state: None) == 0
    assert list(tmp_path.iterdir()) == []
    assert states(tmp_path).save(LABEL, TokenIds(), lambda: len(STATE), fill, wait=True) == 0
