"""Questions about the code, and edits of a selection, answered by a model that follows instructions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from iquest_lsp.assistant import Question, Role
from iquest_lsp.datatypes import Position, Span
from iquest_lsp.errors import UsageError
from iquest_lsp.server import convert
from iquest_lsp.server.connection import Connection
from iquest_lsp.server.features.explain import partial_results, root_asked

ASK = "iquest/ask"
EDIT = "iquest/edit"


def register(connection: Connection) -> None:
    """Registers the handlers."""

    @connection.feature(ASK)
    async def ask(params: Any) -> dict[str, object]:
        asked = convert.plain(params)
        root, question = root_asked(connection, asked, ASK), await _question(connection, asked)
        send = partial_results(connection, asked)

        def listen(kind: str, words: str) -> None:
            if send is not None:
                send({"kind": kind, "text": words})

        return (await connection.session.ask(root, question, listen)).to_json()

    @connection.feature(EDIT)
    async def edit(params: Any) -> dict[str, object]:
        asked = convert.plain(params)
        file, instruction = connection.nameless.find(str(asked.get("uri", ""))), asked.get("instruction")
        lines, given = connection.session.buffers.lines(file), asked.get("range")
        ends = given if isinstance(given, dict) else {}
        start, end = (convert.place_in(ends.get(name), lines, connection.encoding) for name in ("start", "end"))
        if start is None or end is None or not isinstance(instruction, str):
            raise UsageError(f"{EDIT} needs a uri, a range and an instruction")
        return (await connection.session.edit(file, Span(start, end), instruction)).to_json()


async def _question(connection: Connection, asked: dict[str, object]) -> Question:
    text, uri = asked.get("question"), str(asked.get("uri", ""))
    if not isinstance(text, str) or not text.strip():
        raise UsageError(f"{ASK} needs a question")
    files = [connection.nameless.find(item) for item in [uri, *_strings(asked.get("files"))] if item]
    cursor = _cursor(connection, files, asked.get("position"))
    return Question(
        text=text,
        files=tuple(dict.fromkeys(files)),
        cursor=cursor,
        notes=tuple(await connection.diagnostics.near(uri, cursor)) if uri and cursor is not None else (),
        role=Role.THINKING if asked.get("think") is True else Role.INSTRUCT,
        conversation=_conversation(asked.get("conversation")),
    )


def _cursor(connection: Connection, files: list[Path], place: object) -> Position | None:
    if not files or not isinstance(place, dict):
        return None
    return convert.place_in(place, connection.session.buffers.lines(files[0]), connection.encoding)


def _conversation(turns: object) -> tuple[tuple[str, str], ...]:
    given = [(turn.get("question"), turn.get("answer")) for turn in _list(turns) if isinstance(turn, dict)]
    return tuple((asked, said) for asked, said in given if isinstance(asked, str) and isinstance(said, str))


def _strings(values: object) -> list[str]:
    return [item for item in _list(values) if isinstance(item, str)]


def _list(values: object) -> list[object]:
    return values if isinstance(values, list) else []
