"""The window at a place in a file, asked of the daemon that the editors share."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from iquest_lsp.daemon.client import DaemonClient, joined
from iquest_lsp.errors import RequestCancelledError, RequestFailedError
from iquest_lsp.mcp_server.questions import Answer
from iquest_lsp.runtime.models import catalogue
from iquest_lsp.settings import Configuration


@dataclass(slots=True)
class _Asking:
    """A question under way in another thread."""

    client: DaemonClient | None = None
    is_given_up: bool = False
    messages: list[str] = field(default_factory=list)


async def ask_window(configuration: Configuration, file: Path, line: int, column: int | None) -> dict[str, Any]:
    """What `iquest-lsp context` tells of a place (`line` and `column` from 1); starts the daemon where there is none.

    Cancelling this ends the request. Raises IQuestError.
    """
    asking = _Asking()
    try:
        return await asyncio.to_thread(_ask, asking, configuration, file, line, column)
    except asyncio.CancelledError:
        asking.is_given_up = True
        if asking.client is not None:
            asking.client.abandon()
        raise


def _ask(asking: _Asking, configuration: Configuration, file: Path, line: int, column: int | None) -> dict[str, Any]:
    settings = configuration.settings()[0]
    if settings.engine != "fake" and not settings.remote:
        catalogue.resolve(settings.model)  # a model that does not exist is no reason to start a daemon
    given = configuration.overrides
    chosen = {key: value for key, value in given.items() if key in ("engine", "model")}
    with joined(chosen, {key: value for key, value in given.items() if key not in chosen}) as client:
        asking.client = client
        if asking.is_given_up:
            raise RequestCancelledError("The request was withdrawn")
        place = {"line": line - 1, "column": None if column is None else column - 1}
        found = client.request("iquest/context", {"textDocument": {"uri": file.as_uri()}, "place": place})
    if not isinstance(found, dict):
        raise RequestFailedError("The daemon's answer cannot be read", fix="Run `iquest-lsp daemon stop`")
    return found


def answer(top: Path, head: str, place: str, window: Mapping[str, Any], commits: list[dict[str, str]]) -> Answer:
    """The window in both forms; `commits` are those that its piece of history is made of."""
    pieces = [
        {name: chunk[name] for name in ("kind", "path", "start", "end", "tokens", "reason")}
        for chunk in window["chunks"]
        if chunk["kind"] != "tree"
    ]
    has_history = any(piece["kind"] == "flow" for piece in pieces)
    told = {"root": str(top), "head": head, "place": place, "pieces": pieces}
    told |= {"commits": commits if has_history else [], "not_shown": window["dropped"]}
    lines = [f"# What matters at {place}", "", "## Pieces of the workspace", ""]
    for piece in pieces:
        span = f":{piece['start']}-{piece['end']}" if piece["end"] else ""
        lines.append(f"- `{piece['path']}{span}` ({piece['kind']}): {piece['reason']}")
    if told["commits"]:
        lines += ["", "## Commits that tell of it", ""]
        lines += [f"- `{item['commit'][:10]}` {item['date']} {item['subject']}" for item in commits]
    if window["dropped"]:
        lines += ["", "## Not shown", ""]
        lines += [f"- `{item['path']}`: {item['reason']}" for item in window["dropped"]]
    return Answer(told, "\n".join(lines) + "\n")
