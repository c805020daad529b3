"""Windows for open workspaces: assembled off the event loop, counted for the status."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from iquest_lsp.context.inputs import Purpose
from iquest_lsp.datatypes import ContextWindow, ModelInfo, Snapshot
from iquest_lsp.errors import EngineError
from iquest_lsp.project.project import Project
from iquest_lsp.runtime.base.engine import Engine, EngineState, EngineStatus
from iquest_lsp.runtime.models.planner import CPU_WINDOW
from iquest_lsp.settings import Settings

#: So long who can wait, as the command line can, waits for the first reading of a workspace into the model's tokens.
MEMORY_PATIENCE_S = 30.0


class Windows:
    """Makes windows with the engine's tokenizer and remembers how large they were and how much of them is warm.

    `settings` gives those of the server itself, which the one engine follows.
    """

    def __init__(self, engine: Engine, settings: Callable[[], Settings]) -> None:
        self._engine = engine
        self._settings = settings
        self._tokens: dict[Path, int] = {}
        self._warm: dict[Path, int] = {}
        self._heads: dict[Path, int] = {}
        self._sequences: dict[Path, int] = {}  # the least recently used workspace first
        self.on_taken: Callable[[Path], None] = lambda root: None
        engine.on_status(self._engine_changed)

    async def make(self, project: Project, snapshot: Snapshot, purpose: Purpose = Purpose.ANSWER) -> ContextWindow:
        """The window for a snapshot; raises EngineError while no model is loaded."""
        info = self._engine.info
        if info is None:
            raise EngineError("The model is not loaded yet", fix="Try again in a moment")
        loop = asyncio.get_running_loop()

        def encode(texts: Sequence[str]) -> Sequence[Sequence[int]]:
            return asyncio.run_coroutine_threadsafe(self._engine.tokenize(texts), loop).result()

        window = await asyncio.to_thread(project.window, snapshot, info, self.budget(info), encode, purpose)
        if purpose is not Purpose.LOOK:
            self._tokens[project.root] = len(window.tokens)
        if purpose is Purpose.REFRESH:
            self._heads[project.root] = hash(window.tokens[: window.stable_prefix_tokens])
        held = project.memory.files
        partial = project.lacks() if purpose is Purpose.LOOK else ()
        return replace(
            window,
            memory_files=held.texts,
            memory_tokens=held.tokens,
            memory_parts=held.parts,
            partial=partial,
        )

    async def remembered(self, project: Project) -> None:
        """Waits until the workspace's own files are remembered, for who can wait; at most MEMORY_PATIENCE_S."""
        if self._engine.info is not None:
            project.remember(self._engine.info)
            await project.memory.filled(MEMORY_PATIENCE_S)

    def head(self, root: Path) -> int:
        """Differs when an idle moment has changed what stands before the current file."""
        return self._heads.get(root, 0)

    def budget(self, info: ModelInfo) -> int:
        """Tokens that a window may have."""
        wanted = self._settings().window_tokens
        if info.window:
            return min(info.window, wanted or info.window)
        return min(info.context_length, wanted or CPU_WINDOW)

    def sequence(self, project: Project) -> int:
        """The KV sequence that holds a workspace's window.

        The workspace that was used the longest ago gives its own when there are more of them than sequences, of which
        the last belongs to questions; `on_taken` is told.
        """
        info = self._engine.info
        count = max((info.sequences if info is not None else 1) - 1, 1)
        mine = self._sequences.pop(project.root, None)
        if mine is None or mine >= count:
            free = [number for number in range(count) if number not in self._sequences.values()]
            mine = free[0] if free else self._take(count)
        self._sequences[project.root] = mine
        return mine

    def _take(self, count: int) -> int:
        root = next(root for root, number in self._sequences.items() if number < count)
        self._warm.pop(root, None)
        self.on_taken(root)
        return self._sequences.pop(root)

    def evaluated(self, project: Project, tokens: int) -> None:
        """Notes that the engine holds a workspace's window now."""
        self._warm[project.root] = tokens

    def size(self, root: Path) -> tuple[int, int]:
        """Tokens of a workspace's last window, and how many of them the engine holds."""
        return self._tokens.get(root, 0), self._warm.get(root, 0)

    def forget(self, root: Path) -> None:
        """Drops what is known of a workspace that was closed."""
        self._tokens.pop(root, None)
        self._warm.pop(root, None)
        self._heads.pop(root, None)
        self._sequences.pop(root, None)

    def _engine_changed(self, status: EngineStatus) -> None:
        if status.state not in (EngineState.READY, EngineState.BUSY):
            self._warm.clear()
