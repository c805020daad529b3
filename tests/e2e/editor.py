"""A small editor: a language client over the real server process, for the demo and the tests."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient

from tests.e2e.home import Home, private_home
from tests.e2e.rawclient import knowing_all
from tests.waiting import PATIENCE_S, until

PROGRESS = types.WINDOW_WORK_DONE_PROGRESS_CREATE


class Editor(LanguageClient):
    """Keeps what the server tells: messages, progress, status."""

    home: Home
    arguments: tuple[str, ...] = ()
    environment: dict[str, str]

    def __init__(self) -> None:
        super().__init__("test-editor", "1")
        self.messages: list[types.ShowMessageParams] = []
        self.progress: list[Any] = []
        self.parts: list[tuple[object, Any]] = []
        self.statuses: list[dict[str, Any]] = []
        self.copilot_statuses: list[dict[str, Any]] = []
        self.capabilities: types.ServerCapabilities | None = None

        @self.feature(types.WINDOW_SHOW_MESSAGE)
        def show(params: types.ShowMessageParams) -> None:
            self.messages.append(params)

        @self.feature(PROGRESS)
        def create(params: types.WorkDoneProgressCreateParams) -> None:
            return None

        @self.feature(types.PROGRESS)
        def progress(params: types.ProgressParams) -> None:
            self.progress.append(params.value)
            self.parts.append((params.token, params.value))

        @self.feature("didChangeStatus")
        def copilot_status(params: Any) -> None:
            self.copilot_statuses.append({name: getattr(params, name) for name in ("kind", "busy", "message")})

        @self.feature("iquest/status")
        def status(params: Any) -> None:
            self.statuses.append({name: getattr(params, name) for name in ("state", "progress", "model", "message")})

    async def wait_for(self, what: str, ready: Callable[[], object]) -> None:
        """Waits until `ready()`; raises AssertionError with what was seen."""
        await until(ready, lambda: f"no {what}; messages {self.messages}; {self.statuses[-3:]}")

    async def wait_until_ready(self) -> None:
        """Waits until the model is loaded."""
        await self.wait_for("ready", lambda: any(s["state"] == "ready" for s in self.statuses))

    def daemon_pid(self) -> int:
        """The process of the daemon that serves this editor."""
        return int(self.home.status(*self.arguments, environment=self.environment)["pid"])

    def open(self, file: Path, text: str | None = None, version: int = 1, language: str = "python") -> str:
        """Opens a document and returns its URI."""
        uri = file.absolute().as_uri()
        # Bytes, since reading as text would change the line ends.
        content = text if text is not None else file.read_bytes().decode()
        item = types.TextDocumentItem(uri, language, version, content)
        self.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return uri

    def insert(self, uri: str, version: int, line: int, character: int, text: str) -> None:
        """Types text at a place."""
        place = types.Position(line, character)
        change = types.TextDocumentContentChangePartial(types.Range(place, place), text)
        self.text_document_did_change(
            types.DidChangeTextDocumentParams(types.VersionedTextDocumentIdentifier(version, uri), [change])
        )

    async def inline(self, uri: str, line: int, character: int, *, explicit: bool = False) -> list[Any]:
        """Asks for ghost text."""
        kind = types.InlineCompletionTriggerKind.Invoked if explicit else types.InlineCompletionTriggerKind.Automatic
        params = types.InlineCompletionParams(
            types.InlineCompletionContext(kind), types.TextDocumentIdentifier(uri), types.Position(line, character)
        )
        answer = await self.text_document_inline_completion_async(params)
        return list(answer.items) if isinstance(answer, types.InlineCompletionList) else list(answer or [])

    async def completion(self, uri: str, line: int, character: int) -> list[types.CompletionItem]:
        """Asks for the completion list."""
        answer = await self.text_document_completion_async(
            types.CompletionParams(types.TextDocumentIdentifier(uri), types.Position(line, character))
        )
        return list(answer.items) if isinstance(answer, types.CompletionList) else list(answer or [])


@contextlib.asynccontextmanager
async def connected(
    root: Path,
    *arguments: str,
    encodings: Sequence[types.PositionEncodingKind] = (types.PositionEncodingKind.Utf32,),
    options: dict[str, Any] | None = None,
    environment: dict[str, str] | None = None,
    experimental: dict[str, Any] | None = None,
    home: Home | None = None,
) -> AsyncIterator[Editor]:
    """An editor connected to a daemon, initialized for one workspace folder.

    Editors with the same `home` may share a daemon; without one the editor has a daemon of its own, which ends with it.
    """
    async with contextlib.AsyncExitStack() as stack:
        if home is None:
            home = stack.enter_context(private_home())
        editor = Editor()
        editor.home, editor.arguments, editor.environment = home, arguments, environment or {}
        full = {**os.environ, **home.environment, **(environment or {})}
        await editor.start_io(
            *home.program(full),
            *arguments,
            "--stdio",
            env=full,
            cwd=str(root),
        )
        yield await stack.enter_async_context(_initialized(editor, root, encodings, options, experimental))


@contextlib.asynccontextmanager
async def _initialized(
    editor: Editor,
    root: Path,
    encodings: Sequence[types.PositionEncodingKind],
    options: dict[str, Any] | None,
    experimental: dict[str, Any] | None,
) -> AsyncIterator[Editor]:
    try:
        result = await asyncio.wait_for(
            editor.initialize_async(
                types.InitializeParams(
                    capabilities=types.ClientCapabilities(
                        general=types.GeneralClientCapabilities(position_encodings=list(encodings)),
                        window=types.WindowClientCapabilities(work_done_progress=True),
                        experimental=knowing_all({"experimental": experimental or {}})["experimental"],
                    ),
                    process_id=os.getpid(),
                    root_uri=root.as_uri(),
                    workspace_folders=[types.WorkspaceFolder(root.as_uri(), root.name)],
                    initialization_options=options,
                )
            ),
            PATIENCE_S,
        )
        editor.capabilities = result.capabilities
        editor.initialized(types.InitializedParams())
        yield editor
        await asyncio.wait_for(editor.shutdown_async(None), PATIENCE_S)
    finally:
        # Also after a failure: without it the server waits for messages, and `stop` for the server.
        editor.exit(None)
        await asyncio.wait_for(editor.stop(), PATIENCE_S)
