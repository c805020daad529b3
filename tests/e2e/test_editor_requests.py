"""The requests that the VS Code extension makes beyond the protocol, against the real server on the fake engine."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from iquest_lsp.server import convert
from tests.e2e.editor import Editor, connected
from tests.e2e.home import Home
from tests.waiting import PATIENCE_S, PATIENT_MS

CODE = "def area(width, height):\n    return width * height\n\n\ndef area("
FAKE = ("--engine", "fake")
PATIENT = {"deadlineMs": PATIENT_MS}  # what is said is tested, not how fast a busy machine says it


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "shapes.py").write_text(CODE)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "Compute areas"], check=True)
    return tmp_path


async def ask(editor: Editor, method: str, params: dict[str, Any]) -> dict[str, Any]:
    """A custom request's answer as a dictionary."""
    return convert.plain(await asyncio.wait_for(editor.protocol.send_request_async(method, params), PATIENCE_S))


async def test_a_line_tells_its_story(root: Path, shared_home: Home) -> None:
    async with connected(root, *FAKE, home=shared_home) as editor:
        told = await ask(editor, "iquest/why", {"uri": (root / "shapes.py").as_uri(), "line": 1})
        assert [step["subject"] for step in told["story"]] == ["Compute areas"]
        with pytest.raises(Exception, match="needs a line"):
            await ask(editor, "iquest/why", {"uri": (root / "shapes.py").as_uri()})


async def test_a_diff_is_explained_for_a_folder(root: Path, shared_home: Home) -> None:
    (root / "shapes.py").write_text(CODE.replace("width * height", "height * width"))
    async with connected(root, *FAKE, home=shared_home) as editor:
        told = await ask(editor, "iquest/explainDiff", {"folder": root.as_uri(), "target": ""})
        assert [item["path"] for item in told["files"]] == ["shapes.py"]
        with pytest.raises(Exception, match="no-such-revision"):
            await ask(editor, "iquest/explainDiff", {"folder": root.as_uri(), "target": "no-such-revision"})


async def test_an_explanation_comes_in_parts_to_those_who_ask(root: Path, shared_home: Home) -> None:
    (root / "shapes.py").write_text(CODE.replace("width * height", "height * width"))
    async with connected(root, *FAKE, home=shared_home) as editor:
        params = {"folder": root.as_uri(), "target": "", "partialResultToken": "explain-1"}
        told = await ask(editor, "iquest/explainDiff", params)
        mine = [convert.plain(value) for token, value in editor.parts if token == "explain-1"]
        assert [item["path"] for item in mine[0]["files"]] == ["shapes.py"]
        assert not mine[0]["history"]
        assert [item["subject"] for item in told["history"]] == ["Compute areas"]
        before = len(editor.parts)
        await ask(editor, "iquest/explainDiff", {"folder": root.as_uri(), "target": ""})
        assert not [value for _, value in editor.parts[before:] if hasattr(value, "files")]


async def test_lines_and_changes_are_asked_about(root: Path, shared_home: Home) -> None:
    async with connected(root, *FAKE, home=shared_home) as editor:
        uri = editor.open(root / "shapes.py")
        told = await ask(editor, "iquest/why", {"uri": uri, "line": 0, "end_line": 1})
        assert told["target"] == "shapes.py:1-2"
        assert [item["subject"] for item in told["story"]] == ["Compute areas"]
        for place in ({"symbol": "area"}, {"line": 1}, {"line": 0, "end_line": 1}, {}):
            assert (await ask(editor, "iquest/impact", {"uri": uri, **place}))["definitions"] == ["area"]
        (root / "shapes.py").write_text(CODE.replace("(width, height)", "(width, height, depth)"))
        changed = await ask(editor, "iquest/impact", {"folder": root.as_uri(), "target": ""})
        assert changed["target"] == "the working tree"
        for wrong in ({"line": "x"}, {"line": -1}, {"line": 0, "end_line": 99}, {"symbol": "volume"}):
            with pytest.raises(Exception, match=r"shapes|line"):
                await ask(editor, "iquest/impact", {"uri": uri, **wrong})


async def test_a_line_has_the_origin_that_blame_names(root: Path, shared_home: Home) -> None:
    git = ["git", "-C", str(root), "-c", "user.name=Bo", "-c", "user.email=b@example.org"]
    subprocess.run([*git, "tag", "v1.0"], check=True)
    (root / "shapes.py").write_text(CODE.replace("width * height", "abs(width * height)"))
    subprocess.run([*git, "commit", "-qam", "Areas are positive"], check=True)
    blamed = subprocess.run([*git, "blame", "-l", "-s", "shapes.py"], capture_output=True, text=True, check=True).stdout
    commits = [line.split()[0].lstrip("^") for line in blamed.splitlines()]
    async with connected(root, *FAKE, home=shared_home) as editor:
        uri = editor.open(root / "shapes.py", f"# first\n{(root / 'shapes.py').read_text()}")
        told = [await ask(editor, "iquest/blame", {"uri": uri, "line": line}) for line in range(6)]
        assert [item["commit"][:39] for item in told] == ["", *(name[:39] for name in commits)]
        assert (told[2]["author"], told[2]["subject"]) == ("Bo", "Areas are positive")
        assert told[0] == {"commit": "", "date": "", "author": "", "subject": ""}
        since = await ask(editor, "iquest/sinceRelease", {"uri": uri})
        assert since == {"release": "v1.0", "ranges": [{"start": 0, "end": 0}, {"start": 2, "end": 2}]}
        broken = await ask(editor, "iquest/suspects", {"uri": uri, "line": 2})
        assert broken["items"][0]["subject"] == "Areas are positive"
        log = 'File "shapes.py", line 2, in area\nTypeError: bad operand'
        assert (await ask(editor, "iquest/suspects", {"folder": root.as_uri(), "log": log}))["items"]
        with pytest.raises(Exception, match="needs a line"):
            await ask(editor, "iquest/blame", {"uri": uri})


async def test_changes_and_risks_are_told_with_their_places(root: Path, shared_home: Home) -> None:
    (root / "rooms.py").write_text("from shapes import area\n\nroom = area(2, 3)\n")
    git = ["git", "-C", str(root), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "Measure a room"], check=True)
    (root / "shapes.py").write_text("\n" + CODE.replace("(width, height)", "(width, height, depth)"))
    async with connected(root, *FAKE, home=shared_home) as editor:
        told = await ask(editor, "iquest/explainDiff", {"folder": root.as_uri(), "target": "", "places": True})
        assert {"path": "shapes.py", "name": "area", "line": 2} in told["places"]
        [risk] = told["risks"]
        places = {(item["path"], item["line"]) for item in told["remarks"] if item["text"] == risk}
        assert places == {("shapes.py", 2), ("rooms.py", 3)}
        plain = await ask(editor, "iquest/explainDiff", {"folder": root.as_uri(), "target": ""})
        assert not {"places", "remarks"} & set(plain)


async def test_the_pieces_of_the_context_can_be_read(root: Path, shared_home: Home) -> None:
    async with connected(root, *FAKE, home=shared_home) as editor:
        uri = editor.open(root / "shapes.py")
        place = {"textDocument": {"uri": uri}, "position": {"line": 4, "character": 9}}
        shown = await ask(editor, "iquest/context", {**place, "texts": True})
        assert len(shown["texts"]) == len(shown["chunks"])
        current = [item["kind"] for item in shown["chunks"]].index("current")
        assert "def area(width, height)" in shown["texts"][current]
        assert "texts" not in await ask(editor, "iquest/context", place)


async def test_what_may_have_brought_a_bug_is_asked_and_told_in_both_forms(root: Path, shared_home: Home) -> None:
    async with connected(root, *FAKE, home=shared_home) as editor:
        uri = editor.open(root / "shapes.py")
        for place in ({"symbol": "area"}, {"line": 1}, {"line": 0, "end_line": 1}, {}):
            told = await ask(editor, "iquest/suspects", {"uri": uri, "markdown": True, **place})
            assert [item["subject"] for item in told["items"]] == ["Compute areas"]
            assert "Compute areas" in told["markdown"]
        log = 'Traceback (most recent call last):\n  File "shapes.py", line 2, in area\nTypeError: no\n'
        told = await ask(editor, "iquest/suspects", {"folder": root.as_uri(), "log": log})
        assert [item["subject"] for item in told["items"]] == ["Compute areas"]
        assert "markdown" not in told
        for method in ("iquest/why", "iquest/impact"):
            told = await ask(editor, method, {"uri": uri, "line": 0, "markdown": True})
            assert "shapes.py" in told["markdown"]
        with pytest.raises(Exception, match="line"):
            await ask(editor, "iquest/suspects", {"uri": uri, "line": "x"})


async def test_the_lines_asked_about_are_those_of_the_open_document(root: Path, shared_home: Home) -> None:
    async with connected(root, *FAKE, home=shared_home) as editor:
        uri = editor.open(root / "shapes.py", "# not saved yet\n" + CODE)
        told = await ask(editor, "iquest/suspects", {"uri": uri, "line": 2})
        assert [item["subject"] for item in told["items"]] == ["Compute areas"]
        assert "line" in told["items"][0]["reason"]


async def test_the_context_is_what_a_completion_would_send(root: Path, shared_home: Home) -> None:
    async with connected(root, *FAKE, home=shared_home) as editor:
        uri = editor.open(root / "shapes.py")
        place = {"textDocument": {"uri": uri}, "position": {"line": 4, "character": 9}}
        shown = await ask(editor, "iquest/context", place)
        assert shown["root"] == root.as_uri()
        assert 0 < shown["tokens"] <= shown["budget"]
        assert "shapes.py" in [chunk["path"] for chunk in shown["chunks"] if chunk["kind"] == "current"]
        with pytest.raises(Exception, match="position"):
            await ask(editor, "iquest/context", place | {"position": {"line": -1, "character": 0}})


async def test_the_models_carry_a_verdict_and_can_be_loaded_again(root: Path, shared_home: Home) -> None:
    async with connected(root, *FAKE, home=shared_home) as editor:
        await editor.wait_until_ready()
        for model in (await ask(editor, "iquest/models", {}))["models"]:
            assert model["problem"] or model["verdict"].startswith(f"window of {model['plan']['window']} tokens")
            assert model["problem"] or model["verdict"].endswith(f" MB: {model['plan']['reason']}")
        before = len(editor.statuses)
        await ask(editor, "iquest/reloadModel", {})
        await editor.wait_for("ready", lambda: any(s["state"] == "ready" for s in editor.statuses[before:]))


@pytest.mark.parametrize("listens", [True, False])
async def test_the_cost_is_told_to_those_who_listen(root: Path, shared_home: Home, listens: bool) -> None:
    experimental = {"iquest": {"answers": True}} if listens else None
    async with connected(root, *FAKE, home=shared_home, options=PATIENT, experimental=experimental) as editor:
        heard: list[dict[str, Any]] = []
        editor.feature("iquest/answered")(lambda params: heard.append(convert.plain(params)))
        uri = editor.open(root / "shapes.py")
        assert await editor.inline(uri, 4, 9)
        assert (await ask(editor, "iquest/models", {}))["models"] is not None  # whatever was told is here by now
        assert len(heard) == (1 if listens else 0)
        if listens:
            assert heard[0]["uri"] == uri
            assert heard[0]["empty"] is False
            assert heard[0]["tokens"]["window"] > 0


async def test_null_takes_a_setting_back(root: Path, shared_home: Home) -> None:
    async with connected(root, *FAKE, home=shared_home, options=PATIENT | {"enable": False}) as editor:
        uri = editor.open(root / "shapes.py")
        assert await editor.inline(uri, 4, 9) == []
        change = types.DidChangeConfigurationParams(settings={"iquest": {"enable": None}})
        editor.workspace_did_change_configuration(change)
        assert len(await editor.inline(uri, 4, 9)) == 1
        assert editor.messages == []
