"""Why a place is as it is, who brought it, what must change with it, and what may have broken it, for editors."""

from __future__ import annotations

import asyncio
from typing import Any

from iquest_lsp.codeflow import History, HistoryAnswer
from iquest_lsp.errors import UsageError
from iquest_lsp.server import convert
from iquest_lsp.server.connection import Connection
from iquest_lsp.server.features.explain import patch_asked, root_asked
from iquest_lsp.workspace.secret_scan import has_secret
from iquest_lsp.workspace.unsaved import why_no_history

WHY = "iquest/why"
IMPACT = "iquest/impact"
SUSPECTS = "iquest/suspects"
BLAME = "iquest/blame"
SINCE_RELEASE = "iquest/sinceRelease"


def register(connection: Connection) -> None:
    """Registers the handlers."""

    @connection.feature(WHY)
    async def why(params: Any) -> dict[str, object]:
        asked = convert.plain(params)
        file, lines = connection.nameless.find(str(asked.get("uri", ""))), _lines(asked, WHY)
        if lines is None:
            raise UsageError(f"{WHY} needs a line, counted from 0")
        answer = _in_forms(asked, await connection.session.why(file, *lines))
        note = why_no_history(file.name)
        return answer | {"partial": note} if note else answer

    @connection.feature(IMPACT)
    async def impact(params: Any) -> dict[str, object]:
        asked = convert.plain(params)
        if "target" in asked or "patch" in asked:
            history = History(root_asked(connection, asked, IMPACT), has_secret)
            target, patch = str(asked.get("target") or ""), patch_asked(asked)
            return _in_forms(asked, await asyncio.to_thread(history.impact_of_diff, target, patch))
        file = connection.nameless.find(str(asked.get("uri", "")))
        return _in_forms(asked, await connection.session.impact(file, _place(asked, IMPACT)))

    @connection.feature(SUSPECTS)
    async def suspects(params: Any) -> dict[str, object]:
        asked = convert.plain(params)
        if "log" in asked:
            history = History(root_asked(connection, asked, SUSPECTS), has_secret)
            return _in_forms(asked, await asyncio.to_thread(history.suspects_in_log, str(asked["log"])))
        file = connection.nameless.find(str(asked.get("uri", "")))
        return _in_forms(asked, await connection.session.suspects(file, _place(asked, SUSPECTS)))

    @connection.feature(BLAME)
    async def blame(params: Any) -> dict[str, object]:
        asked = convert.plain(params)
        file, lines = connection.nameless.find(str(asked.get("uri", ""))), _lines(asked, BLAME)
        if lines is None:
            raise UsageError(f"{BLAME} needs a line, counted from 0")
        return (await connection.session.origin_of(file, lines[0])).to_json()

    @connection.feature(SINCE_RELEASE)
    async def since_release(params: Any) -> dict[str, object]:
        file = connection.nameless.find(str(convert.plain(params).get("uri", "")))
        return (await connection.session.new_lines(file)).to_json()


def _in_forms(asked: dict[str, object], answer: HistoryAnswer) -> dict[str, object]:
    """The answer as JSON and, where that is asked for, as Markdown too."""
    told = answer.to_json()
    return told | {"markdown": answer.to_markdown()} if asked.get("markdown") is True else told


def _place(asked: dict[str, object], method: str) -> str:
    """The place in a file that is asked about, as the command line has it; "" for all of the file."""
    if symbol := str(asked.get("symbol") or ""):
        return f"::{symbol}"
    lines = _lines(asked, method)
    if lines is None:
        return ""
    first, last = lines
    return f":{first + 1}" + (f"-{last + 1}" if last is not None else "")


def _lines(asked: dict[str, object], method: str) -> tuple[int, int | None] | None:
    """The line asked about and, of several, the last one, from 0; None where none is named."""
    line, last = asked.get("line"), asked.get("end_line")
    if line is None and last is None:
        return None
    if not convert.is_count(line) or not (last is None or convert.is_count(last)):
        raise UsageError(f"{method} takes lines that are whole numbers from 0")
    return line, last
