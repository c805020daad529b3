"""Next edits over the protocol: what an edit in an editor asks for elsewhere."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from tests.e2e.editor import Editor, connected
from tests.e2e.home import Home
from tests.waiting import PATIENCE_S

FAKE = ("--engine", "fake")
SHAPES = "def area(item_width, height):\n    print(item_width)\n    log(item_width)\n    return item_width * height\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "shapes.py").write_text(SHAPES)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    subprocess.run(["git", "-C", str(tmp_path), "add", "."], check=True)
    return tmp_path


async def asked(editor: Editor, uri: str, version: int | None, method: str = "iquest/nextEdits") -> list[Any]:
    """What is offered; the request's name decides under which key it comes."""
    params = {"textDocument": {"uri": uri, "version": version}, "position": {"line": 0, "character": 0}}
    answer = await editor.protocol.send_request_async(method, params)
    return [*(answer.edits if method == "textDocument/copilotInlineEdit" else answer.items)]


async def offered(editor: Editor, uri: str, version: int, method: str = "iquest/nextEdits") -> list[Any]:
    """The same once there is something: what is not found in the time that a keystroke has is found for the next."""
    async with asyncio.timeout(PATIENCE_S):
        while not (found := await asked(editor, uri, version, method)):
            await asyncio.sleep(0.02)
    return found


def rename(editor: Editor, uri: str) -> None:
    """Puts `side_` before the first parameter's name, there and at its first use; the text's version is 3 then."""
    editor.insert(uri, 2, 0, 9, "side_")
    editor.insert(uri, 3, 1, 10, "side_")


async def test_a_renamed_parameter_is_offered_until_all_is_done(root: Path, shared_home: Home) -> None:
    async with connected(root, *FAKE, home=shared_home) as editor:
        uri = editor.open(root / "shapes.py")
        assert await asked(editor, uri, 1) == []  # before any edit
        rename(editor, uri)
        found = await offered(editor, uri, 3)
        assert [(item.range.start.line, item.old, item.text) for item in found] == [
            (2, "item_width", "side_item_width"),
            (3, "item_width", "side_item_width"),
        ]
        assert found[0].kind in ("rename", "repeat")
        assert found[0].reason
        assert found[0].confidence >= 0.9
        (one,) = await offered(editor, uri, 3, "textDocument/copilotInlineEdit")
        assert (one.text, one.range.start.line, one.textDocument.version) == ("side_item_width", 2, 3)
        assert one.command.command == "iquest.nextEditTaken"
        editor.insert(uri, 4, 2, 8, "side_")
        assert [item.range.start.line for item in await offered(editor, uri, 4)] == [3]
        editor.insert(uri, 5, 3, 11, "side_")
        assert await asked(editor, uri, 5) == []


@pytest.mark.parametrize("told_first", [True, False])
async def test_what_is_left_is_no_less_sure_once_one_was_taken(root: Path, shared_home: Home, told_first: bool) -> None:
    """Clients say what is taken before they change the text, or afterwards."""
    async with connected(root, *FAKE, home=shared_home) as editor:
        uri = editor.open(root / "shapes.py")
        rename(editor, uri)
        *others, last = await offered(editor, uri, 3)
        assert [item.range.start.line for item in others] == [2]
        asked_for = types.ExecuteCommandParams(last.command.command, last.command.arguments)
        if told_first:
            await editor.workspace_execute_command_async(asked_for)
        editor.insert(uri, 4, last.range.start.line, last.range.start.character, "side_")
        if not told_first:
            await editor.workspace_execute_command_async(asked_for)
        left = await offered(editor, uri, 4)
        assert [item.range.start.line for item in left] == [2]
        assert [item.confidence for item in left] >= [item.confidence for item in others]


async def test_another_version_gets_no_edit(root: Path, shared_home: Home) -> None:
    async with connected(root, *FAKE, home=shared_home) as editor:
        uri = editor.open(root / "shapes.py")
        rename(editor, uri)
        assert await asked(editor, uri, 2) == []
        assert await offered(editor, uri, 3, "textDocument/copilotInlineEdit") != []


async def test_what_was_dismissed_is_not_offered_again(root: Path, shared_home: Home) -> None:
    async with connected(root, *FAKE, home=shared_home) as editor:
        uri = editor.open(root / "shapes.py")
        rename(editor, uri)
        first = (await offered(editor, uri, 3))[0]
        told = {"item": {"command": {"arguments": [first.command.arguments[0]]}}}
        editor.protocol.notify("iquest/dismissNextEdit", told)
        assert [item.range.start.line for item in await offered(editor, uri, 3)] == [3]


async def test_nothing_is_offered_while_a_completion_is_shown(root: Path, shared_home: Home) -> None:
    async with connected(root, *FAKE, home=shared_home) as editor:
        uri = editor.open(root / "shapes.py")
        rename(editor, uri)
        item = {"item": {"command": {"arguments": [1]}}}
        editor.protocol.notify("textDocument/didShowCompletion", item)
        assert await asked(editor, uri, 3) == []
        editor.protocol.notify("textDocument/didDismissCompletion", item)
        assert len(await offered(editor, uri, 3)) == 2


ZETA = ["<[fim-suffix]>", "<[fim-prefix]>", "<[fim-middle]>", "<filename>"]
PATIENT = {"deadlineMs": 20_000}
RING = "def ring(radius):\n    return radius\n"


def scripted(*answers: str) -> dict[str, str]:
    """The environment of an engine that gives these answers."""
    return {"IQUEST_LSP_FAKE": json.dumps({"responses": [*answers], "special": ZETA})}


async def test_what_a_model_guesses_is_offered_as_a_guess(root: Path) -> None:
    (root / "ring.py").write_text(RING)
    wanted = "def ring(radius, inner):\n    return radius - inner\n"
    environment = scripted(wanted + ">>>>>>> UPDATED\n", "NO_EDITS\n>>>>>>> UPDATED\n")
    async with connected(root, *FAKE, options=PATIENT | {"nextEditModel": "zeta-2"}, environment=environment) as editor:
        uri = editor.open(root / "ring.py")
        assert await asked(editor, uri, 1) == []  # before any edit
        editor.insert(uri, 2, 0, 15, ", inner")
        (item,) = await asked(editor, uri, 2)
        place = (item.range.start.line, item.range.start.character, item.range.end.character)
        assert (*place, item.old, item.text) == (1, 17, 17, "", " - inner")
        assert (item.kind, item.confidence) == ("model", 0)
        assert item.reason == "a guess of the model fake, which nobody has measured here"
        (one,) = await offered(editor, uri, 2, "textDocument/copilotInlineEdit")
        assert (one.text, one.textDocument.version) == (" - inner", 2)
        assert await asked(editor, uri, 1) == []  # another version
        editor.insert(uri, 3, 1, 17, " - inner")
        assert await asked(editor, uri, 3) == []  # the model says that nothing is left


async def test_no_model_guesses_unless_the_settings_name_one(root: Path) -> None:
    (root / "ring.py").write_text(RING)
    environment = scripted("def ring(radius, inner):\n    return radius - inner\n>>>>>>> UPDATED\n")
    async with connected(root, *FAKE, options=PATIENT, environment=environment) as editor:
        uri = editor.open(root / "ring.py")
        editor.insert(uri, 2, 0, 15, ", inner")
        assert await asked(editor, uri, 2) == []


USES = "from shapes import area\n\nprint(area(1, 2))\nprint('é', area(\n    3,\n    4,\n))\n"


@pytest.fixture
def used(root: Path) -> Path:
    """The same with another file, which uses the function."""
    (root / "uses.py").write_text(USES)
    subprocess.run(["git", "-C", str(root), "add", "."], check=True)
    return root


async def looked_at(editor: Editor, uri: str, version: int) -> Any:
    """The answer to a question that asks for places too."""
    params = {"textDocument": {"uri": uri, "version": version}, "position": {"line": 0, "character": 0}}
    return await editor.protocol.send_request_async("iquest/nextEdits", params | {"places": True})


async def test_calls_that_do_not_fit_any_more_are_places_to_look_at(used: Path, shared_home: Home) -> None:
    async with connected(used, *FAKE, home=shared_home) as editor:
        uri = editor.open(used / "shapes.py")
        assert (await looked_at(editor, uri, 1)).places == []  # before any edit
        editor.insert(uri, 2, 0, 27, ", depth")
        answer = await looked_at(editor, uri, 2)
        told = [(item.range.start.line, item.range.end.line, item.range.end.character) for item in answer.places]
        assert told == [(2, 2, 17), (3, 6, 2)]
        (first, _) = answer.places
        assert first.textDocument.uri == (used / "uses.py").as_uri()
        assert first.textDocument.version is None
        assert (first.kind, first.reason) == ("signature", "`area` takes other parameters now")
        assert first.confidence >= 0.5
        assert not hasattr(first, "text")
        assert not hasattr(first, "command")
        assert (await looked_at(editor, uri, 1)).places == []  # another version
        params = {"textDocument": {"uri": uri, "version": 2}, "position": {"line": 0, "character": 0}}
        unasked = await editor.protocol.send_request_async("iquest/nextEdits", params)
        assert not hasattr(unasked, "places")


async def test_uses_of_what_was_taken_away_are_places_to_look_at(used: Path, shared_home: Home) -> None:
    async with connected(used, *FAKE, home=shared_home) as editor:
        uri = editor.open(used / "shapes.py")
        whole = types.TextDocumentContentChangeWholeDocument("AREA = 1\n")
        document = types.VersionedTextDocumentIdentifier(2, uri)
        editor.text_document_did_change(types.DidChangeTextDocumentParams(document, [whole]))
        answer = await looked_at(editor, uri, 2)
        assert answer.items == []
        assert {item.reason for item in answer.places} == {"`area` is gone"}
        assert {Path(item.textDocument.uri).name for item in answer.places} == {"uses.py"}
