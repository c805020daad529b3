"""The wiring: one engine, the open workspaces, and what is done for them, shared by all clients.

What a client asks goes through its Session.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from iquest_lsp.asking.asker import Asker
from iquest_lsp.asking.chat_engines import ChatEngines
from iquest_lsp.asking.editing import Rewriter
from iquest_lsp.assistant.engine_host import EngineHost
from iquest_lsp.assistant.session import Session, SharedParts
from iquest_lsp.assistant.workspaces import Workspaces
from iquest_lsp.completion.completer import Completer
from iquest_lsp.engines import engine_options
from iquest_lsp.nextedit.edit_model import EditModel
from iquest_lsp.nextedit.while_typing import NextEditing
from iquest_lsp.project.events import EventKind, ProjectEvent
from iquest_lsp.project.kv_snapshots import KvSnapshots
from iquest_lsp.project.view import ProjectView
from iquest_lsp.project.warming import Warmer
from iquest_lsp.project.windows import Windows
from iquest_lsp.runtime.client.machine import Calm, Machine, calm_of
from iquest_lsp.runtime.client.own_engines import OwnEngines
from iquest_lsp.runtime.client.process import ProcessEngine
from iquest_lsp.settings import Configuration, Settings
from iquest_lsp.telemetry import Statistics

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkspaceStatus:
    """A workspace as `daemon status` shows it: tokens of its last window, and how many of them the engine holds."""

    root: Path
    window_tokens: int
    warm_tokens: int


class Assistant:
    """See the module's docstring. All calls come from one event loop.

    `engine` is the model's process, `workspaces` what is open; `windows`, `warmer` and `completer` do the work for it;
    `machine` tells whether there is time for work that nobody has asked for yet.
    """

    def __init__(
        self,
        configuration: Configuration,
        engine: ProcessEngine | None = None,
        *,
        watch: bool = True,
        statistics: Statistics | None = None,
    ) -> None:
        self.workspaces = Workspaces(configuration, watch=watch)
        self.engine = EngineHost(lambda: self.settings, engine)
        switch, scheduler = self.engine.switch, self.engine.scheduler
        self.statistics = statistics if statistics is not None else Statistics(None)
        self.machine = Machine(self._own_processes)
        self.windows = Windows(switch, lambda: self.settings)
        self._snapshots = KvSnapshots(switch, scheduler, self.windows.sequence)
        self.windows.on_taken = self._snapshots.taken
        self.warmer = Warmer(scheduler, self.windows, self._snapshots, self._calm, self._warming)
        self.completer = Completer(switch, scheduler, self.windows, self.warmer, self._snapshots, self._calm)
        options_of = lambda model: engine_options(replace(self.settings, model=model, draft_model=""))  # noqa: E731
        self._own_engines = OwnEngines(switch.local, scheduler, lambda: self.settings, options_of)
        self._chat_engines = ChatEngines(switch, self._own_engines, lambda: self.settings)
        self._editing = NextEditing(EditModel(self._own_engines, lambda: self.settings.next_edit_model.strip()))
        self._parts = SharedParts(
            self.engine,
            self.workspaces,
            self.windows,
            self.warmer,
            self.completer,
            self._chat_engines,
            Asker(self._chat_engines),
            Rewriter(self._chat_engines),
            self._editing,
            self.statistics,
        )
        self.workspaces.events.add(self._heard)
        for forget in (self.windows.forget, self.warmer.forget, self._snapshots.forget, self._editing.forget):
            self.workspaces.closed.add(forget)

    @property
    def settings(self) -> Settings:
        """Those of the server itself, which the one engine follows."""
        return self.workspaces.settings

    def session(self, client: str = "") -> Session:
        """What a client of this name asks through."""
        return Session(self._parts, client)

    def look_at_user_file(self) -> None:
        """Takes the user's settings again where the file is another one by now; all clients hear of it."""
        if self.workspaces.user_file_changed():
            for problem in self.engine.follow_settings():
                log.warning("%s", problem)
            for root in self.workspaces.roots:
                self.workspaces.tell(ProjectEvent(root, EventKind.SETTINGS))

    def on_project(self, listener: Callable[[ProjectEvent], None]) -> Callable[[], None]:
        """Follows what projects do in the background until what this returns is called."""
        return self.workspaces.events.add(listener)

    def status_of_workspaces(self) -> list[WorkspaceStatus]:
        """The open workspaces."""
        return [WorkspaceStatus(root, *self.windows.size(root)) for root in self.workspaces.roots]

    async def close(self) -> None:
        """Ends everything."""
        self.completer.close()
        self._editing.close()
        self.statistics.save()
        self.warmer.close()
        self.engine.stop_background_work()
        self.workspaces.close()
        await self._snapshots.close()
        await self._own_engines.close()
        await self.engine.close()

    def _own_processes(self) -> list[int]:
        return [os.getpid(), *([self.engine.pid] if self.engine.pid is not None else [])]

    def _calm(self, view: ProjectView, path: str) -> Calm:
        """What may be done now that nobody has asked for yet, for a client at a file."""
        if not view.wants_completions(path):
            return Calm.SAVING
        return calm_of(self.machine, battery_saver=self.settings.battery_saver)

    def _warming(self, root: Path, done: int, total: int) -> None:
        self.workspaces.tell(ProjectEvent(root, EventKind.WARMING, done, total))

    def _heard(self, event: ProjectEvent) -> None:
        if event.what in (EventKind.EDITS, EventKind.HISTORY):
            self._editing.files_changed(event.root)
        if event.news:
            self.warmer.renew(event.root)
