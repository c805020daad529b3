"""The MCP server on stdin and stdout, by the official Python SDK (the extra `mcp`), which only this module imports."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from iquest_lsp import __version__
from iquest_lsp.errors import IQuestError, RuntimeSetupError, UsageError
from iquest_lsp.mcp_server import budget, folders, questions, tools, window
from iquest_lsp.mcp_server.questions import ToolAnswer
from iquest_lsp.mcp_server.workers import Workers
from iquest_lsp.project.index_process import NICENESS
from iquest_lsp.runtime.base.tasks import mark_seen
from iquest_lsp.settings import Configuration

# The SDK is imported in the functions that need it: it is optional, and this module can be imported without it.

log = logging.getLogger(__name__)

#: How often an agent hears that a long answer is worked on.
PROGRESS_S = 1.0
#: How long a client may take to name its folders.
ROOTS_PATIENCE_S = 5.0
#: The key of the question for the client's folders, in protocol versions that have no requests to the client.
_ROOTS = "roots"


def check_installed() -> None:
    """Raises RuntimeSetupError where the SDK is missing or another one than this server needs."""
    try:
        from mcp.server import Server
        from mcp_types import InputRequiredResult  # noqa: F401
    except ImportError as error:
        raise RuntimeSetupError(
            "The MCP server needs the Python package mcp, version 2",
            why=str(error),
            fix='Run `pip install "iquest-lsp[mcp]"`',
        ) from error
    assert Server


def serve(configuration: Configuration, given: Sequence[Path]) -> None:
    """Serves one client until it closes stdin. `given` are the folders that may be asked about; none: the client's.

    Raises RuntimeSetupError.
    """
    check_installed()
    asyncio.run(_Service(configuration, given).run())


class _Service:
    """One client's server."""

    def __init__(self, configuration: Configuration, given: Sequence[Path]) -> None:
        self._configuration = configuration
        self._given = list(given)
        self._roots: list[Path] | None = None
        self._workers, self._indexers = Workers(), Workers(1, NICENESS)
        self._indexed: dict[Path, str] = {}
        self._indexing: dict[Path, asyncio.Task[None]] = {}

    async def run(self) -> None:
        from mcp.server import Server
        from mcp.server.stdio import stdio_server
        from mcp_types import NotificationParams

        server: Any = Server(
            "iquest-lsp",
            version=__version__,
            title="IQuest LSP",
            instructions=tools.INSTRUCTIONS,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
        )
        server.add_notification_handler("notifications/roots/list_changed", NotificationParams, self._roots_changed)
        try:
            async with stdio_server() as (incoming, outgoing):
                await server.run(incoming, outgoing, server.create_initialization_options())
        finally:
            for task in self._indexing.values():
                task.cancel()
            self._workers.close()
            self._indexers.close()

    # ------------------------------------------------------------------------------------------------- handlers

    async def _list_tools(self, ctx: Any, params: Any) -> Any:
        from mcp_types import ListToolsResult, Tool, ToolAnnotations

        return ListToolsResult(
            tools=[
                Tool(
                    name=tool.name,
                    title=tool.title,
                    description=tool.about,
                    input_schema=tool.input_schema(),
                    output_schema=tool.output_schema(),
                    annotations=ToolAnnotations(
                        title=tool.title,
                        read_only_hint=True,
                        destructive_hint=False,
                        idempotent_hint=True,
                        open_world_hint=False,
                    ),
                )
                for tool in tools.TOOLS.values()
            ]
        )

    async def _call_tool(self, ctx: Any, params: Any) -> Any:
        from mcp_types import CallToolResult, TextContent

        try:
            offered = await self._offered(ctx, params)
            if offered is None:
                return _roots_wanted()
            tool = tools.TOOLS.get(params.name)
            if tool is None:
                raise UsageError(f"There is no tool {params.name[:100]!r}", fix=f"There are: {', '.join(tools.TOOLS)}")
            told, text = await self._answer(ctx, tool, tool.read(params.arguments or {}), offered)
        except IQuestError as error:
            return CallToolResult(content=[TextContent(text=str(error))], is_error=True)
        except Exception:
            log.exception("%s failed", params.name)
            text = "The tool failed inside; the log on its stderr says where. Other questions may still be answered."
            return CallToolResult(content=[TextContent(text=text)], is_error=True)
        return CallToolResult(content=[TextContent(text=text)], structured_content=told)

    async def _roots_changed(self, ctx: Any, params: Any) -> None:
        self._roots = None

    # -------------------------------------------------------------------------------------------------- answers

    async def _answer(
        self, ctx: Any, tool: tools.Tool, values: dict[str, Any], offered: Sequence[Path]
    ) -> tuple[dict[str, Any], str]:
        """A tool's answer within its budget, as JSON and as text; raises IQuestError."""
        values = questions.with_place(values)
        place = await asyncio.to_thread(folders.choose, values.get("root", ""), offered)
        if "file" in values:
            values["file"] = await asyncio.to_thread(place.file, values["file"])
        async with _Progress(ctx, place.top.name, lambda: self._indexed.get(place.top, "")) as progress:
            if tool is tools.CONTEXT:
                made = await self._context(place.top, values, progress)
            else:
                made = await self._workers.ask(
                    questions.ask_history, tool.name, place.top, values, report=progress.told
                )
                self._index(place.top)
        cut = budget.cut(made.json, made.text, values["max_tokens"], keeps_ends=tool.is_story)
        told = cut.json
        if cut.rest:
            told["cut"] = {"lists": [item.to_json() for item in cut.left_out], "rest": cut.rest}
        return told, cut.text

    async def _context(self, top: Path, values: dict[str, Any], progress: _Progress) -> ToolAnswer:
        file, line, column = values["file"], values["line"], values.get("column")
        progress.told("asking the model's process for the window")
        found = await window.ask_window(self._configuration, top / file, line, column)
        progress.told("reading the history")
        head, commits = await self._workers.ask(questions.telling_commits, top, file, report=progress.told)
        return window.answer(top, head, f"{file}:{line}", found, commits)

    def _index(self, top: Path) -> None:
        """Indexes a history in the background, once, as the daemon does for an editor's workspace."""
        if top in self._indexing or not self._configuration.settings(top)[0].history:
            return
        self._indexing[top] = asyncio.create_task(self._index_quietly(top))

    async def _index_quietly(self, top: Path) -> None:
        def report(what: str, done: int, total: int) -> None:
            self._indexed[top] = f"; indexing in the background: {done} of {total} {what}"

        try:
            await self._indexers.ask(questions.index_history, top, report=report)
        except IQuestError as error:
            log.info("%s is not indexed: %s", top, error)
        finally:
            self._indexed.pop(top, None)

    # -------------------------------------------------------------------------------------------------- folders

    async def _offered(self, ctx: Any, params: Any) -> list[Path] | None:
        """The folders that may be asked about: those given, else the client's, else the working directory.

        None where the client is to be asked by this call's answer, as newer protocol versions want it.
        """
        from mcp.shared.exceptions import MCPError
        from mcp_types import ListRootsRequest, ListRootsResult
        from mcp_types.version import MODERN_PROTOCOL_VERSIONS

        if self._given:
            return self._given
        can = ctx.session.client_capabilities
        if can is None or can.roots is None:
            return [Path.cwd()]
        if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS:
            answered = (params.input_responses or {}).get(_ROOTS)
            return None if answered is None else _folders_of(answered.roots)
        if self._roots is None:
            try:
                answered = await ctx.session.send_request(
                    ListRootsRequest(), ListRootsResult, request_read_timeout_seconds=ROOTS_PATIENCE_S
                )
                self._roots = _folders_of(answered.roots)
            except MCPError as error:
                log.warning("the client does not name its folders: %s", error)
                return [Path.cwd()]
        return self._roots


def _folders_of(roots: Sequence[Any]) -> list[Path]:
    """A client's folders that are folders here, else the working directory."""
    found = [folders.folder_of(str(root.uri)) for root in roots]
    return [folder for folder in found if folder is not None] or [Path.cwd()]


def _roots_wanted() -> Any:
    from mcp_types import InputRequiredResult, ListRootsRequest

    return InputRequiredResult(input_requests={_ROOTS: ListRootsRequest()})


class _Progress:
    """Tells a client that asked for it how far an answer is: at its beginning, and then every second."""

    def __init__(self, ctx: Any, name: str, more: Callable[[], str]) -> None:
        self._ctx = ctx
        self._name = name
        self._more = more
        self._what = "starting"
        self._began = time.monotonic()
        self._task: asyncio.Task[None] | None = None

    def told(self, what: str) -> None:
        """What is being done; may be called from any thread."""
        self._what = what

    async def __aenter__(self) -> _Progress:
        self._task = asyncio.create_task(self._tell())
        self._task.add_done_callback(mark_seen)  # a client that is gone
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _tell(self) -> None:
        while True:
            seconds = time.monotonic() - self._began
            message = f"{self._name}: {self._what} ({seconds:.0f} s){self._more()}"
            await self._ctx.session.report_progress(round(seconds, 3), None, message)
            await asyncio.sleep(PROGRESS_S)
