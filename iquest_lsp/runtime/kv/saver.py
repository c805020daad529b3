"""The saved KV of one loaded model: sequences go to the store and come back, the disk work on a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.runtime.base.engine import EngineOptions, StateLabel
from iquest_lsp.runtime.kv.store import PendingState, StateKey, StateStore
from iquest_lsp.token_ids import TokenIds

log = logging.getLogger(__name__)


class SavedStates:
    """Files of one model in one kind of memory; `model`, `runtime` and `memory` as in kv_store.StateKey."""

    def __init__(self, options: EngineOptions, model: str, runtime: str, memory: str) -> None:
        self._store: StateStore | None = None
        if options.state_folder and options.state_limit > 0:
            self._store = StateStore(Path(options.state_folder), options.state_limit)
        self._parts = (model, runtime, memory)
        self._writer: threading.Thread | None = None
        self._saved: dict[StateLabel, TokenIds] = {}

    def save(
        self,
        label: StateLabel,
        tokens: TokenIds,
        size: Callable[[], int],
        write: Callable[[NDArray[np.uint8]], None],
        *,
        wait: bool = False,
    ) -> int:
        """Saves a sequence that holds `tokens`; `write` fills a buffer of `size()` bytes with its state.

        Returns the number of tokens saved, 0 where nothing was: saving is off, there is no room, or the last save is
        still being written. With `wait` the file is on the disk when this returns.
        """
        if self._store is None or not tokens:
            return 0
        if wait:
            self.wait()
        elif self._writer is not None and self._writer.is_alive():
            return 0
        if self._saved.get(label) == tokens:
            return len(tokens)
        pending = self._store.begin(self._key(label), tokens, size())
        if pending is None:
            return 0
        try:
            assert pending.buffer is not None
            write(pending.buffer)
        except BaseException:
            pending.discard()
            raise
        self._saved[label] = tokens
        self._writer = threading.Thread(target=self._finish, args=(pending, label), name="saving", daemon=True)
        self._writer.start()
        if wait:
            self.wait()
        return len(tokens) if label in self._saved or not wait else 0

    def restore(self, label: StateLabel, read: Callable[[TokenIds, NDArray[np.uint8]], None]) -> int:
        """Gives the saved tokens and state to `read`; returns how many tokens there were, 0 for a cold start."""
        if self._store is None:
            return 0
        self.wait()
        self._saved.pop(label, None)

        def note(tokens: TokenIds, state: NDArray[np.uint8]) -> None:
            read(tokens, state)
            self._saved[label] = tokens

        return self._store.load(self._key(label), note)

    def has(self, label: StateLabel) -> bool:
        """Whether something of this label is on the disk, as far as this process knows."""
        return label in self._saved

    def wait(self) -> None:
        """Waits until what was saved is on the disk."""
        if self._writer is not None:
            self._writer.join()

    def _key(self, label: StateLabel) -> StateKey:
        model, runtime, memory = self._parts
        return StateKey(label.workspace, label.branch, model, label.layout, runtime, memory)

    def _finish(self, pending: PendingState, label: StateLabel) -> None:
        try:
            pending.finish()
        except OSError as error:
            self._saved.pop(label, None)
            log.warning("the KV cache is not saved: %s", error.strerror or error)
