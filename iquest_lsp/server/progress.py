"""What the engine is doing, told to one client: progress while loading, one message when something failed."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from iquest_lsp.errors import IQuestError
from iquest_lsp.runtime.engine import EngineState, EngineStatus

if TYPE_CHECKING:
    from iquest_lsp.server.app import Connection

log = logging.getLogger(__name__)

STATUS = "iquest/status"


class StatusReporter:
    """Follows the engine's status for one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._token: str | None = None
        self._creating: asyncio.Task[None] | None = None
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
        if self._creating is not None:
            self._creating.cancel()

    def _changed(self, status: EngineStatus) -> None:
        if not self._active:
            return
        before, self._last = self._last, status
        if status.state is EngineState.LOADING:
            self._loading(status)
        elif before.state is EngineState.LOADING:
            self._end_progress("ready" if status.state is EngineState.READY else status.state.value)
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

    def _loading(self, status: EngineStatus) -> None:
        window = self._connection.client_capabilities.window
        if window is None or not window.work_done_progress:
            return
        if self._token is None and self._creating is None:
            self._creating = asyncio.create_task(self._begin_progress())
        elif self._token is not None:
            report = types.WorkDoneProgressReport(percentage=int(status.progress * 100))
            self._connection.work_done_progress.report(self._token, report)

    async def _begin_progress(self) -> None:
        token = str(uuid.uuid4())
        try:
            await self._connection.work_done_progress.create_async(token)
        except JsonRpcException as error:  # the client announced progress and refuses it
            log.debug("no progress is shown: %s", error)
            return  # `_creating` stays, so that it is not asked again
        self._connection.work_done_progress.begin(
            token, types.WorkDoneProgressBegin(title="IQuest: loading the model", percentage=0)
        )
        self._token = token
        self._creating = None
        if self._last.state is not EngineState.LOADING:
            self._end_progress(self._last.state.value)

    def _end_progress(self, how: str) -> None:
        if self._token is not None:
            self._connection.work_done_progress.end(self._token, types.WorkDoneProgressEnd(message=how))
            self._token = None
