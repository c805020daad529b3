"""The window at a place in a file, asked of the daemon that the editors share."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from iquest_lsp.daemon.client import DaemonClient, joined, require_model
from iquest_lsp.dropped import OVER_BUDGET, SECRETS
from iquest_lsp.errors import RequestCancelledError, RequestFailedError
from iquest_lsp.mcp_server.questions import ToolAnswer
from iquest_lsp.settings import Configuration

#: Commits that are named, and files for which there was no room.
MOST_COMMITS, MOST_MORE = 8, 12


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
    require_model(configuration.settings()[0])
    with joined(configuration.overrides) as client:
        asking.client = client
        if asking.is_given_up:
            raise RequestCancelledError("The request was withdrawn")
        place = {"line": line - 1, "column": None if column is None else column - 1}
        wanted = {"textDocument": {"uri": file.as_uri()}, "place": place, "kinds": True}
        found = client.request("iquest/context", wanted)
    if not isinstance(found, dict):
        raise RequestFailedError("The daemon's answer cannot be read", fix="Run `iquest-lsp daemon stop`")
    return found


def answer(top: Path, head: str, place: str, window: Mapping[str, Any], commits: list[dict[str, str]]) -> ToolAnswer:
    """The window in both forms; `commits` are those that its piece of history is made of.

    The pieces that are no part of a file, the tree and the history, are left out: the commits stand for the latter.
    """
    names = ("kind", "path", "start", "end", "tokens", "reason")
    pieces = [{name: chunk[name] for name in names} for chunk in window["chunks"] if chunk["end"]]
    has_history = any(chunk["kind"] == "flow" for chunk in window["chunks"])
    told: dict[str, Any] = {"root": str(top), "head": head, "place": place, "pieces": pieces}
    told["commits"] = commits[:MOST_COMMITS] if has_history else []
    told |= _dropped(window["dropped"], window["kinds"], {str(piece["path"]) for piece in pieces})
    told["partial"] = window["partial"]
    lines = [f"# What matters at {place}"]
    for title, key, line in (
        ("Pieces of the workspace", "pieces", "`{path}:{start}-{end}` ({kind}): {reason}"),
        ("Commits that tell of it", "commits", "`{commit:.10}` {date} {subject}"),
        ("Related, but there was no room", "more", "`{path}`: {reason}"),
        ("Withheld: do not quote from these", "withheld", "`{path}`: {reason}"),
    ):
        if told[key]:
            lines += ["", f"## {title}", "", *("- " + line.format(**item) for item in told[key])]
    if told["partial"]:
        lines += ["", f"*Partial:* {'; '.join(told['partial'])}."]
    return ToolAnswer(told, "\n".join(lines) + f"\n\nOf {top} at {head[:10] or 'no commit'}.\n")


def _dropped(
    dropped: Sequence[Mapping[str, str]], kinds: Sequence[Mapping[str, str]], shown: set[str]
) -> dict[str, list[dict[str, str]]]:
    """What is not in the window, a file once: for want of room, and since it looks like a secret."""
    more: dict[str, str] = {}
    withheld: dict[str, str] = {}
    for item, sort in zip(dropped, kinds, strict=True):
        path, reason = item["path"], item["reason"]
        if sort["kind"] in SECRETS:
            withheld.setdefault(path, reason)
        elif sort["kind"] in OVER_BUDGET and path not in shown:
            more.setdefault(path, sort["wanted_for"] or reason)
    return {
        "more": [{"path": path, "reason": reason} for path, reason in [*more.items()][:MOST_MORE]],
        "withheld": [{"path": path, "reason": reason} for path, reason in withheld.items()],
    }
