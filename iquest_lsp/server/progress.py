"""What happens in the background, told to one client: progress of loading and indexing, one message for a failure."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from iquest_lsp.errors import IQuestError
from iquest_lsp.project import ProjectEvent
from iquest_lsp.runtime.engine import EngineState, EngineStatus

if TYPE_CHECKING:
    from iquest_lsp.server.app import Connection

log = logging.getLogger(__name__)

STATUS = "iquest/status"
WORTH_SHOWING = 200  # files or commits; less is done before a bar could be read


class ProgressBar:
    """One bar of work-done progress in the client, where it shows such; begun by the first report."""

    def __init__(self, connection: Connection, title: str) -> None:
        self._connection = connection
        self._title = title
        self._token: str | None = None
        self._creating: asyncio.Task[None] | None = None
        self._latest: types.WorkDoneProgressReport | None = None

    def report(self, share: float, message: str = "") -> None:
        """Shows that so much (0 to 1) is done."""
        window = self._connection.client_capabilities.window
        if window is None or not window.work_done_progress:
            return
        self._latest = types.WorkDoneProgressReport(message=message or None, percentage=int(share * 100))
        if self._token is not None:
            self._connection.work_done_progress.report(self._token, self._latest)
        elif self._creating is None:
            self._creating = asyncio.create_task(self._begin())

    def end(self, message: str) -> None:
        """Takes the bar away."""
        self._latest = None
        if self._token is not None:
            self._connection.work_done_progress.end(self._token, types.WorkDoneProgressEnd(message=message))
            self._token = None

    def cancel(self) -> None:
        """The client is gone."""
        if self._creating is not None:
            self._creating.cancel()

    async def _begin(self) -> None:
        token = str(uuid.uuid4())
        try:
            await self._connection.work_done_progress.create_async(token)
        except JsonRpcException as error:  # the client announced progress and refuses it
            log.debug("no progress is shown: %s", error)
            return  # `_creating` stays, so that it is not asked again
        self._creating = None
        if self._latest is None:  # it ended meanwhile; a token that was never begun may be left alone
            return
        begin = types.WorkDoneProgressBegin(
            title=self._title, message=self._latest.message, percentage=self._latest.percentage
        )
        self._connection.work_done_progress.begin(token, begin)
        self._token = token


class IndexReporter:
    """Shows one client the indexing of its workspaces' files and histories."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._bars: dict[tuple[Path, bool], ProgressBar] = {}
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Begins to listen."""
        if self._unsubscribe is None:
            self._unsubscribe = self._connection.assistant.on_project(self._changed)

    def stop(self) -> None:
        """The client is gone."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        for bar in self._bars.values():
            bar.cancel()

    def _changed(self, event: ProjectEvent) -> None:
        if event.news or event.root not in self._connection.roots:
            return
        files = event.what == "files"
        key = (event.root, files)
        bar = self._bars.get(key)
        if event.done >= event.total and (files or not event.total):
            if bar is not None:
                bar.end("done" if event.total else "ended")
        elif event.total >= WORTH_SHOWING:
            if bar is None:
                title = f"IQuest: indexing the {'files' if files else 'history'} of {event.root.name}"
                bar = self._bars[key] = ProgressBar(self._connection, title)
            bar.report(event.done / event.total, f"{event.done:,} of {event.total:,} {event.what}")


class StatusReporter:
    """Follows the engine's status for one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._bar = ProgressBar(connection, "IQuest: loading the model")
        self._last = EngineStatus(EngineState.STOPPED)
        self._active = False
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Begins to listen; what the engine is doing now is told at once."""
        if not self._active:
            self._active = True
            self._unsubscribe = self._connection.assistant.on_status(self._changed)
            self._changed(self._connection.assistant.status)

    def failed(self, error: IQuestError) -> None:
        """Tells the user of an error, once per text."""
        self._connection.tell(error)

    def stop(self) -> None:
        """The client is gone."""
        self._active = False
        if self._unsubscribe is not None:
            self._unsubscribe()
        self._bar.cancel()

    def _changed(self, status: EngineStatus) -> None:
        if not self._active:
            return
        before, self._last = self._last, status
        if status.state is EngineState.LOADING:
            self._bar.report(status.progress)
        elif before.state is EngineState.LOADING:
            self._bar.end("ready" if status.state is EngineState.READY else status.state.value)
        if status.state in (EngineState.FAILED, EngineState.RESTARTING) and status.error is not None:
            self._connection.tell(status.error)
        if status.state is EngineState.READY and before.state is not EngineState.BUSY:
            self._connection.told.clear()  # the next failure is news again
        if (status.state, int(status.progress * 100)) != (before.state, int(before.progress * 100)):
            self._notify(status)

    def _notify(self, status: EngineStatus) -> None:
        info = self._connection.assistant.model
        self._connection.protocol.notify(
            STATUS,
            {
                "state": status.state.value,
                "progress": round(status.progress, 2),
                "model": info.name if info is not None else "",
                "message": str(status.error) if status.error is not None else "",
            },
        )
