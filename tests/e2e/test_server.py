"""The language server as an editor meets it: the real process, on the fake engine."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from tests.e2e.editor import Editor, connected
from tests.e2e.home import Home, engine_processes, private_home
from tests.waiting import PATIENCE_S, PATIENT_MS, until

CODE = "def area(width, height):\n    return width * height\n\n\ndef area("
FAKE = ("--engine", "fake")
#: Only what is about the deadline has a short one.
PATIENT = {"deadlineMs": PATIENT_MS}


def fake(**options: Any) -> dict[str, str]:
    return {"IQUEST_LSP_FAKE": json.dumps(options)}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "shapes.py").write_text(CODE)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    return tmp_path


def is_busy(editor: Editor) -> bool:
    """Whether a completion was given to the engine."""
    return any(status["state"] == "busy" for status in editor.statuses)


async def test_capabilities_are_announced(root: Path, shared_home: Home) -> None:
    async with connected(root, *FAKE, home=shared_home) as editor:
        assert editor.capabilities is not None
        # Whole, since an editor that is not told does not ask.
        assert editor.capabilities.inline_completion_provider is not None
        assert editor.capabilities.completion_provider is not None
        sync = editor.capabilities.text_document_sync
        assert isinstance(sync, types.TextDocumentSyncOptions)
        assert sync.change is types.TextDocumentSyncKind.Incremental
        assert sync.open_close


async def test_ghost_text_and_list_say_the_same(root: Path, shared_home: Home) -> None:
    async with connected(root, *FAKE, home=shared_home, options=PATIENT) as editor:
        uri = editor.open(root / "shapes.py")
        items = await editor.inline(uri, 4, 9)
        assert [item.insert_text for item in items] == ["width, height):"]
        assert items[0].range == types.Range(types.Position(4, 9), types.Position(4, 9))
        listed = await editor.completion(uri, 4, 8)
        assert len(listed) == 1
        edit = listed[0].text_edit
        assert isinstance(edit, types.TextEdit)
        assert edit.new_text.startswith("area")
        assert edit.range.start == types.Position(4, 4)
        assert listed[0].filter_text == edit.new_text


async def test_typing_is_followed(root: Path, shared_home: Home) -> None:
    async with connected(root, *FAKE, home=shared_home, options=PATIENT) as editor:
        uri = editor.open(root / "shapes.py")
        editor.insert(uri, 2, 4, 9, "wid")
        items = await editor.inline(uri, 4, 12)
        assert [item.insert_text for item in items] == ["th, height):"]


@pytest.fixture(scope="module")
def answering() -> Iterator[Home]:
    """A home for the editors that see one answer in their encodings."""
    with private_home() as made:
        yield made


@pytest.mark.parametrize("encoding", list(types.PositionEncodingKind))
@pytest.mark.parametrize("end", ["\n", "\r\n"])
async def test_columns_are_counted_as_agreed(
    root: Path, answering: Home, encoding: types.PositionEncodingKind, end: str
) -> None:
    text = end.join(["x = '😀'; area(a, b)", "y = 1", "x = '😀'; are"])
    file = root / "emoji.py"
    file.write_bytes(text.encode())
    answers = fake(responses=["a(1)"] * 100)
    async with connected(
        root, *FAKE, home=answering, encodings=[encoding], environment=answers, options=PATIENT
    ) as editor:
        assert editor.capabilities is not None
        assert editor.capabilities.position_encoding == encoding
        uri = editor.open(file)
        emoji = {"utf-8": 4, "utf-16": 2, "utf-32": 1}[str(encoding.value)]
        end_of_line = len("x = '") + emoji + len("'; are")
        items = await editor.inline(uri, 2, end_of_line)
        assert items[0].insert_text == "a(1)"
        assert items[0].range.start.character == end_of_line
        editor.insert(uri, 2, 2, end_of_line, "a")
        items = await editor.inline(uri, 2, end_of_line + 1)
        assert items[0].range.start.character == end_of_line + 1


async def test_cancelling_reaches_the_decoding(root: Path) -> None:
    long = "".join(f"x{number}={number}, " for number in range(1000))  # a text that only repeats ends by itself
    slow = fake(echo=long, token_ms=200)
    options = {"deadlineMs": 3_600_000, "maxTokens": 5000}
    async with connected(root, *FAKE, environment=slow, options=options) as editor:
        uri = editor.open(root / "shapes.py")
        params = types.InlineCompletionParams(
            types.InlineCompletionContext(types.InlineCompletionTriggerKind.Automatic),
            types.TextDocumentIdentifier(uri),
            types.Position(4, 9),
        )
        await editor.wait_until_ready()
        waiting = editor.protocol.send_request(types.TEXT_DOCUMENT_INLINE_COMPLETION, params, msg_id="slow")
        await editor.wait_for("decoding", lambda: is_busy(editor))
        editor.cancel_request(types.CancelParams(id="slow"))
        with pytest.raises(Exception, match="cancel"):
            await asyncio.wait_for(asyncio.wrap_future(waiting), PATIENCE_S)
        # The first answer would have taken longer than anything here is waited for.
        editor.workspace_did_change_configuration(types.DidChangeConfigurationParams({"iquest": {"maxTokens": 7}}))
        items = await asyncio.wait_for(editor.inline(uri, 4, 9), PATIENCE_S)
        assert [item.insert_text for item in items] == ["x0=0,"]


async def test_loading_shows_progress_and_settings_arrive(root: Path) -> None:
    async with connected(root, *FAKE, environment=fake(load_ms=400), options={"nonsense": 1}) as editor:
        await editor.wait_until_ready()
        kinds = [value["kind"] if isinstance(value, dict) else value.kind for value in editor.progress]
        assert kinds[0] == "begin"
        await editor.wait_for("end of progress", lambda: len(editor.progress) > 1)
        assert any("nonsense" in message.message for message in editor.messages)


async def test_disabled_means_silent(root: Path) -> None:
    async with connected(root, *FAKE, options=PATIENT | {"enable": False}) as editor:
        uri = editor.open(root / "shapes.py")
        assert await editor.inline(uri, 4, 9) == []
        editor.workspace_did_change_configuration(
            types.DidChangeConfigurationParams(settings={"iquest": {"enable": True}})
        )
        assert len(await editor.inline(uri, 4, 9)) == 1


async def test_a_model_that_is_still_loading_keeps_nobody_waiting(root: Path) -> None:
    async with connected(root, *FAKE, environment=fake(load_ms=3_600_000), options={"deadlineMs": 100}) as editor:
        uri = editor.open(root / "shapes.py")
        assert await editor.inline(uri, 4, 9) == []
        await editor.wait_for("a status", lambda: editor.statuses)
        assert editor.statuses[-1]["state"] == "loading"


async def test_the_engine_is_killed_and_the_editor_keeps_its_server(root: Path) -> None:
    text = "".join(f"x{number}={number}, " for number in range(1000))  # a text that only repeats is not shown
    slow = fake(responses=[text, "done"], token_ms=100)  # ten seconds, of which a kill at once needs none
    async with connected(root, *FAKE, environment=slow, options=PATIENT | {"maxTokens": 100}) as editor:
        uri = editor.open(root / "shapes.py")
        await editor.wait_until_ready()
        engines = engine_processes(await asyncio.to_thread(editor.daemon_pid))
        assert len(engines) == 1
        task = asyncio.create_task(editor.inline(uri, 4, 9))
        await editor.wait_for("decoding", lambda: is_busy(editor))
        os.kill(engines[0], signal.SIGKILL)
        assert await asyncio.wait_for(task, PATIENCE_S) == []
        items = await asyncio.wait_for(editor.inline(uri, 4, 9), PATIENCE_S)
        assert items
        told = [message.message for message in editor.messages if "signal 9" in message.message]
        assert len(told) == 1


async def test_a_file_changed_outside_is_seen(root: Path) -> None:
    other = root / "other.py"
    other.write_text("")
    async with connected(root, *FAKE, options=PATIENT) as editor:
        uri = editor.open(root / "shapes.py")
        await editor.wait_until_ready()
        other.write_text("def perimeter(width, height):\n    return 2 * (width + height)\n")
        editor.insert(uri, 2, 4, 9, "x): pass\ndef perim")

        async with asyncio.timeout(PATIENCE_S):
            while not (items := await editor.inline(uri, 5, 9)) or not items[0].insert_text.startswith("eter(width"):
                await asyncio.sleep(0.1)
        assert items[0].insert_text.startswith("eter(width, height):")


async def test_documents_that_are_no_files_are_left_alone(root: Path, shared_home: Home) -> None:
    async with connected(root, *FAKE, home=shared_home) as editor:
        item = types.TextDocumentItem("untitled:Untitled-1", "python", 1, "x = ")
        editor.text_document_did_open(types.DidOpenTextDocumentParams(item))
        assert await editor.inline("untitled:Untitled-1", 0, 4) == []
        assert editor.messages == []


async def test_by_key_there_are_several_candidates(root: Path) -> None:
    answers = fake(responses=["first(a)", "second(b)", "third(c)", "fourth(d)"])
    async with connected(root, *FAKE, environment=answers, options=PATIENT) as editor:
        uri = editor.open(root / "shapes.py")
        items = await editor.inline(uri, 3, 0, explicit=True)
        assert [item.insert_text for item in items] == ["first(a)", "second(b)", "third(c)"]
        assert len({item.command.arguments[0] for item in items}) == 3


async def test_by_key_an_empty_answer_gives_way_to_the_next_choice(root: Path) -> None:
    answers = fake(responses=["", "second(b)"])
    async with connected(root, *FAKE, environment=answers, options=PATIENT) as editor:
        uri = editor.open(root / "shapes.py")
        assert [item.insert_text for item in await editor.inline(uri, 3, 0, explicit=True)] == ["second(b)"]


async def test_an_unsure_answer_is_shown_to_who_asked_for_it(root: Path) -> None:
    answers = fake(echo="guess(a)", logprob=-5.0)
    async with connected(root, *FAKE, environment=answers, options=PATIENT) as editor:
        uri = editor.open(root / "shapes.py")
        assert await editor.inline(uri, 3, 0) == []
        assert [item.insert_text for item in await editor.inline(uri, 3, 0, explicit=True)] == ["guess(a)"]


async def test_an_answer_goes_on_from_the_selected_item(root: Path, shared_home: Home) -> None:
    async with connected(root, *FAKE, home=shared_home, options=PATIENT) as editor:
        uri = editor.open(root / "shapes.py", "def area(width, height):\n    pass\n\n\ndef are")
        place = types.Range(types.Position(4, 4), types.Position(4, 7))
        context = types.InlineCompletionContext(
            types.InlineCompletionTriggerKind.Automatic, types.SelectedCompletionInfo(place, "area(")
        )
        params = types.InlineCompletionParams(context, types.TextDocumentIdentifier(uri), types.Position(4, 7))
        answer = await editor.text_document_inline_completion_async(params)
        assert isinstance(answer, types.InlineCompletionList)
        assert [item.insert_text for item in answer.items] == ["area(width, height):"]
        assert answer.items[0].range == place


async def test_a_list_item_can_be_looked_at(root: Path, shared_home: Home) -> None:
    async with connected(root, *FAKE, home=shared_home, options=PATIENT) as editor:
        uri = editor.open(root / "shapes.py")
        item = (await editor.completion(uri, 4, 9))[0]
        resolved = await editor.completion_item_resolve_async(item)
        assert isinstance(resolved.documentation, types.MarkupContent)
        assert "width, height):" in resolved.documentation.value


async def test_what_is_typed_through_needs_no_model(root: Path) -> None:
    experimental = {"iquest": {"answers": True}}
    async with connected(root, *FAKE, options=PATIENT, experimental=experimental) as editor:
        told: list[Any] = []

        @editor.feature("iquest/answered")
        def answered(params: Any) -> None:
            told.append(params)

        uri = editor.open(root / "shapes.py")
        # Answers end when the index changes: the first index must be there, which the context view waits for.
        place = {"textDocument": {"uri": uri}, "position": {"line": 4, "character": 9}}
        await editor.protocol.send_request_async("iquest/context", place)
        assert (await editor.inline(uri, 4, 9))[0].insert_text == "width, height):"
        editor.insert(uri, 2, 4, 9, "width")
        assert (await editor.inline(uri, 4, 14))[0].insert_text == ", height):"
        editor.insert(uri, 3, 4, 14, "x")
        await editor.inline(uri, 4, 15)
        await editor.wait_for("costs", lambda: len(told) == 3)
        assert [item.source for item in told] == ["model", "cache", "model"]


async def test_what_became_of_a_suggestion_is_counted_here(root: Path) -> None:
    with private_home() as home:
        async with connected(root, *FAKE, options=PATIENT, home=home) as editor:
            await tell_what_became_of_it(editor, root)
        assert (await asyncio.to_thread(home.command, "daemon", "stop", *FAKE)).returncode == 0
        file = home.folder / "state" / "iquest-lsp" / "statistics.json"
        await until(file.exists)
        (day,) = json.loads(file.read_text())["days"].values()
        assert day["shown"] == day["accepted.words"] == day["requests"] == 1
        assert day["accepted.characters"] == 5


async def tell_what_became_of_it(editor: Editor, root: Path) -> None:
    uri = editor.open(root / "shapes.py")
    item = (await editor.inline(uri, 4, 9))[0]
    sent = {"item": {"insertText": item.insert_text, "command": {"arguments": item.command.arguments}}}
    editor.protocol.notify("textDocument/didShowCompletion", sent)
    editor.protocol.notify("textDocument/didPartiallyAcceptCompletion", {**sent, "acceptedLength": 5})
    editor.protocol.notify("textDocument/didPartiallyAcceptCompletion", {"item": None, "acceptedLength": "x"})
    editor.protocol.notify("textDocument/didFocus", {"textDocument": {"uri": uri}})
    editor.protocol.notify("textDocument/didFocus", {"textDocument": None})
    await editor.workspace_execute_command_async(types.ExecuteCommandParams("iquest.accepted", ["no number"]))


async def test_indexing_shows_its_progress(tmp_path: Path) -> None:
    def write(changed: int) -> None:
        for number in range(260):
            (tmp_path / f"part{number}.py").write_text(f"def part{number}():\n    return {number + changed}\n")

    write(0)
    async with connected(tmp_path, "--engine", "fake") as editor:
        looks = itertools.count(1)

        def begun() -> bool:
            # All may be read before the client has agreed to a bar. Then none is shown, and all is read again.
            if (look := next(looks)) % 500 == 0:
                write(look)
            return kinds("indexing the files")[:1] == ["begin"]

        def kinds(of: str) -> list[str]:
            """The kinds of reports seen since the bar with this title began."""
            reports = [value if isinstance(value, dict) else vars(value) for value in editor.progress]
            start = next((at for at, each in enumerate(reports) if of in (each.get("title") or "")), len(reports))
            return [each["kind"] for each in reports[start:]]

        await editor.wait_for("progress of files", begun)
        await editor.wait_for("its end", lambda: "end" in kinds("indexing the files"))


async def test_an_answer_on_an_over_indented_line_replaces_its_indentation(tmp_path: Path) -> None:
    code = "def f(x):\n    if x:\n        return x\n        \n"
    (tmp_path / "a.py").write_text(code)
    (tmp_path / "iquest.toml").write_text("")
    environment = {"IQUEST_LSP_FAKE": json.dumps({"responses": ["else:"] * 4})}
    async with connected(tmp_path, "--engine", "fake", environment=environment, options=PATIENT) as editor:
        uri = editor.open(tmp_path / "a.py")
        (item,) = await editor.inline(uri, 3, 8)
        assert item.insert_text == "    else:"
        assert item.range == types.Range(types.Position(3, 0), types.Position(3, 8))
        assert item.filter_text == "        else:"
        (listed,) = await editor.completion(uri, 3, 8)
        assert (listed.text_edit.range, listed.text_edit.new_text) == (item.range, "    else:")
        assert (listed.label, listed.filter_text) == ("else:", "        else:")
