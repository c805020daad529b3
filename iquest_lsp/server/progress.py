"""What happens in the background, told to one client: progress of loading and indexing, one message for a failure."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from lsprotocol import types

from iquest_lsp.errors import IQuestError, WorkspaceError
from iquest_lsp.project.events import EventKind, ProjectEvent
from iquest_lsp.runtime.base.engine import EngineState, EngineStatus
from iquest_lsp.server.client import Client
from iquest_lsp.server.notifications import CHANGE_STATUS, STATUS
from iquest_lsp.server.protocol import ClientError

log = logging.getLogger(__name__)

REST_S = 0.2
_WORDS = {EngineState.STOPPED: "The model is not loaded", EngineState.BUSY: "Writing"}
WORTH_SHOWING = 200  # files or commits; less is done before a bar could be read


class ProgressBar:
    """One bar of work-done progress in the client, where it shows such; begun by the first report."""

    def __init__(self, client: Client, title: str, give_up: Callable[[], None]) -> None:
        """`give_up` ends the work, when the user asks for that."""
        self._client = client
        self._title = title
        self._give_up = give_up
        self._token: str | None = None
        self._creating: asyncio.Task[None] | None = None
        self._latest: types.WorkDoneProgressReport | None = None

    def report(self, share: float, message: str = "") -> None:
        """Shows that so much (0 to 1) is done."""
        window = self._client.client_capabilities.window
        if window is None or not window.work_done_progress:
            return
        self._latest = types.WorkDoneProgressReport(message=message or None, percentage=int(share * 100))
        if self._token is not None:
            self._client.work_done_progress.report(self._token, self._latest)
        elif self._creating is None:
            self._creating = asyncio.create_task(self._begin())

    def end(self, message: str) -> None:
        """Takes the bar away."""
        self._latest = None
        if self._token is not None:
            self._client.work_done_progress.end(self._token, types.WorkDoneProgressEnd(message=message))
            self._client.work_done_progress.tokens.pop(self._token, None)
            self._token = None

    def cancel(self) -> None:
        """The client is gone."""
        if self._creating is not None:
            self._creating.cancel()

    async def _begin(self) -> None:
        token = str(uuid.uuid4())
        try:
            await self._client.work_done_progress.create_async(token)
        except ClientError as error:  # the client announced progress and refuses it
            log.debug("no progress is shown: %s", error)
            return  # `_creating` stays, so that it is not asked again
        self._creating = None
        if self._latest is None:  # it ended meanwhile; a token that was never begun may be left alone
            return
        begin = types.WorkDoneProgressBegin(
            title=self._title, message=self._latest.message, percentage=self._latest.percentage, cancellable=True
        )
        self._client.work_done_progress.begin(token, begin)
        self._token = token
        self._client.work_done_progress.tokens[token].add_done_callback(self._cancelled)

    def _cancelled(self, future: Future[object]) -> None:
        if future.cancelled():  # pygls does so when the client says that the user wants it
            self._give_up()


class IndexReporter:
    """Shows one client the indexing of its workspaces' files and histories."""

    def __init__(self, client: Client, status: StatusReporter, settings_changed: Callable[[], None]) -> None:
        """`status` hears of warming; `settings_changed` is called when those of a workspace of the client changed."""
        self._client = client
        self._status = status
        self._settings_changed = settings_changed
        self._bars: dict[tuple[Path, bool], ProgressBar] = {}
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Begins to listen."""
        if self._unsubscribe is None:
            self._unsubscribe = self._client.assistant.on_project(self._changed)

    def stop(self) -> None:
        """The client is gone."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        for bar in self._bars.values():
            bar.cancel()

    def _changed(self, event: ProjectEvent) -> None:
        if event.what is EventKind.EDITS:
            self._client.refresh()
            return
        if event.what is EventKind.SETTINGS:
            if event.root in self._client.roots:
                self._settings_changed()
            return
        if event.news or event.root not in self._client.roots:
            return
        if event.what is EventKind.RULES:
            tell_rule_problems(self._client, event.root)
            return
        if event.what is EventKind.WARMING:
            self._status.warming(event)
            return
        files = event.what is EventKind.FILES
        key = (event.root, files)
        bar = self._bars.get(key)
        if event.done >= event.total and (files or not event.total):
            if bar is not None:
                bar.end("done" if event.total else "ended")
        elif event.total >= WORTH_SHOWING:
            if bar is None:
                title = f"IQuest: indexing the {'files' if files else 'history'} of {event.root.name}"
                workspaces = self._client.assistant.workspaces
                bar = ProgressBar(self._client, title, lambda: workspaces.stop_indexing(event.root, event.what))
                self._bars[key] = bar
            bar.report(event.done / event.total, f"{event.done:,} of {event.total:,} {event.what}")


def tell_rule_problems(client: Client, root: Path) -> None:
    """Tells a client once what is wrong with the rules that keep a workspace's files out."""
    for problem in client.assistant.workspaces.rule_problems(root):
        what, fix = f"{root.name}: {problem}", "Mend the rule; till then all that it could speak of is kept out"
        client.tell(WorkspaceError(what, fix=fix), types.MessageType.Warning)


class StatusReporter:
    """Follows the engine's status for one client."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._bar = ProgressBar(client, "IQuest: loading the model", client.assistant.engine.stop_loading)
        self._last = EngineStatus(EngineState.STOPPED)
        self._active = False
        self._told: EngineState | None = None
        self._waiting: asyncio.TimerHandle | None = None
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Begins to listen; what the engine is doing now is told at once."""
        if not self._active:
            self._active = True
            self._unsubscribe = self._client.assistant.engine.on_status(self._changed)
            self._changed(self._client.assistant.engine.status)

    def failed(self, error: IQuestError) -> None:
        """Tells the user of an error, once per text."""
        self._client.tell(error)

    def stop(self) -> None:
        """The client is gone."""
        self._active = False
        if self._unsubscribe is not None:
            self._unsubscribe()
        self._bar.cancel()
        if self._waiting is not None:
            self._waiting.cancel()

    def _changed(self, status: EngineStatus) -> None:
        if not self._active:
            return
        before, self._last = self._last, status
        if status.state is EngineState.LOADING:
            self._bar.report(status.progress)
        elif before.state is EngineState.LOADING:
            self._bar.end("ready" if status.state is EngineState.READY else status.state.value)
        if status.state in (EngineState.FAILED, EngineState.RESTARTING) and status.error is not None:
            self._client.tell(status.error)
        if status.state is EngineState.READY and before.state is not EngineState.BUSY:
            self._client.told.clear()  # the next failure is news again
        if (status.state, int(status.progress * 100)) != (before.state, int(before.progress * 100)):
            self._notify_soon(status)

    def warming(self, event: ProjectEvent) -> None:
        """Tells how much of a workspace's window is evaluated, while nothing else is to be told."""
        if not self._active or self._last.state is not EngineState.READY or self._waiting is not None:
            return
        if event.done >= event.total:
            self._notify(self._last)
            return
        share = min(event.done / event.total, 0.99)  # rounded up it would look like the end
        message = f"Warming the window of {event.root.name}: {share:.0%}"
        info = self._client.assistant.engine.model
        told = {"state": "warming", "progress": round(share, 2), "model": info.name if info is not None else ""}
        self._client.notify(STATUS, told | {"message": message})
        self._client.notify(CHANGE_STATUS, {"kind": "Normal", "busy": True, "message": message})

    def _notify_soon(self, status: EngineStatus) -> None:
        """Tells the state; an engine that rests between two pieces of work is not told to be ready each time."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        if status.state is EngineState.READY and self._told is EngineState.BUSY:
            self._waiting = asyncio.get_running_loop().call_later(REST_S, self._notify, status)
        elif status.state is not EngineState.BUSY or self._told is not EngineState.BUSY:
            self._notify(status)

    def _notify(self, status: EngineStatus) -> None:
        self._waiting, self._told = None, status.state
        info = self._client.assistant.engine.model
        self._client.notify(
            STATUS,
            {
                "state": status.state.value,
                "progress": round(status.progress, 2),
                "model": info.name if info is not None else "",
                "prompts": self._client.assistant.engine.prompt_style,
                "notes": list(self._client.assistant.engine.notes),
                "message": str(status.error) if status.error is not None else "",
            },
        )
        self._client.notify(CHANGE_STATUS, copilot_status(status))


def copilot_status(status: EngineStatus) -> dict[str, object]:
    """The status in the form that Copilot's clients know: kind, busy, message."""
    message = str(status.error) if status.error is not None else _WORDS.get(status.state, "")
    if status.state is EngineState.LOADING and status.error is None:
        message = f"Loading the model: {status.progress:.0%}"
    kind = {EngineState.FAILED: "Error", EngineState.STOPPED: "Inactive", EngineState.RESTARTING: "Warning"}
    busy = status.state in (EngineState.LOADING, EngineState.BUSY, EngineState.RESTARTING)
    return {"kind": kind.get(status.state, "Normal"), "busy": busy, "message": message}
