"""The text that is completed is the text that is shown, or the client is told."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.home import CODE, Home
from tests.e2e.rawclient import RawClient

pytestmark = pytest.mark.usefixtures("no_client_left")
FAKE = ("--engine", "fake", "--standalone")
#: Shown, the fake engine goes on with the one; on disk, with the other.
OTHER = "def volume(a, b, c):\n    return a * b * c\n\n\ndef volume("
SHOWN, KNOWN = ["a, b, c):"], ["width, height):"]


def changed(uri: str, version: Any, *changes: dict[str, Any]) -> dict[str, Any]:
    return {"textDocument": {"uri": uri, "version": version}, "contentChanges": list(changes)}


def at(line: int, start: int, end: int, text: str) -> dict[str, Any]:
    places = [{"line": line, "character": character} for character in (start, end)]
    return {"range": {"start": places[0], "end": places[1]}, "text": text}


async def test_versions_of_any_kind(home: Home, root: Path) -> None:
    client = await RawClient.start(home, *FAKE)
    await client.initialize(root)
    uri = client.open(root / "shapes.py", CODE, 5)
    for version in (5, None, 3, -7, 0, 2**31 - 1, 6, 7):
        client.notify("textDocument/didChange", changed(uri, version, {"text": OTHER[:-1]}))
        client.notify("textDocument/didChange", changed(uri, version, at(4, 10, 10, "(")))
        assert await client.inline(uri, 4, 11) == SHOWN, version
        client.notify("textDocument/didChange", changed(uri, version, {"text": CODE}))
        assert await client.inline(uri, 4, 9) == KNOWN, version
    without = {"textDocument": {"uri": uri}, "contentChanges": [{"text": OTHER}]}
    client.notify("textDocument/didChange", without)
    assert await client.inline(uri, 4, 11) == SHOWN
    item = {"uri": uri, "languageId": "python", "version": None, "text": CODE}
    client.notify("textDocument/didOpen", {"textDocument": item})
    assert await client.inline(uri, 4, 9) == KNOWN
    assert client.messages() == []
    assert await client.leave() == 0


async def test_a_change_that_cannot_be_taken_is_told(home: Home, root: Path) -> None:
    client = await RawClient.start(home, *FAKE)
    await client.initialize(root)
    uri = client.open(root / "shapes.py", CODE)
    client.notify("textDocument/didChange", changed(uri, 2, {"range": "here", "text": "x"}))
    client.notify("textDocument/didChange", changed(uri, 3, at(0, 0, 0, "x")))  # of which nobody knows where it is
    assert await client.inline(uri, 4, 9) == []
    (told,) = set(client.messages())
    assert "shapes.py is not completed any more" in told
    assert "open it again" in told
    client.notify("textDocument/didChange", changed(uri, 4, {"text": CODE}))  # the whole text
    assert await client.inline(uri, 4, 9) == KNOWN
    client.notify("textDocument/didChange", changed(uri, "x"))
    assert await client.inline(uri, 4, 9) == []
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    client.open(root / "shapes.py", CODE)
    assert await client.inline(uri, 4, 9) == KNOWN
    # One that was never opened.
    (root / "never.py").write_text(CODE)
    never = (root / "never.py").as_uri()
    client.notify("textDocument/didChange", changed(never, 2, at(0, 0, 0, "x")))
    assert await client.inline(never, 4, 9) == []
    assert any("never.py" in message for message in client.messages())
    # Kinds of document that are not served are none of anybody's business.
    client.notify("textDocument/didChange", changed("git:/a.py", 2, at(0, 0, 0, "x")))
    client.notify("textDocument/didChange", changed("git:/a.py", "x"))
    await client.request("iquest/models", {})
    assert len(set(client.messages())) == 2
    assert await client.leave() == 0


@pytest.mark.parametrize("first", ["documents", "rename"])
@pytest.mark.parametrize(
    ("renames", "texts"),
    [
        ([("a", "b"), ("b", "c")], {"b": "a", "c": "b"}),
        ([("b", "c"), ("a", "b")], {"b": "a", "c": "b"}),
        ([("a", "t"), ("b", "a"), ("t", "b")], {"a": "b", "b": "a"}),
        ([("a", "a")], {"a": "a"}),
        ([("d/a", "d2/a"), ("d", "e")], {"d2/a": "a"}),
    ],
    ids=["chain", "chain from its end", "swap", "none", "out of a folder"],
)
async def test_several_renames_at_once(
    home: Home, root: Path, renames: list[tuple[str, str]], texts: dict[str, str], first: str
) -> None:
    contents = {"a": CODE, "b": OTHER}
    (root / "d").mkdir()
    before = "d/a" if any(old == "d/a" for old, _ in renames) else "a"
    client = await RawClient.start(home, *FAKE)
    await client.initialize(root)
    for name in (before, "b"):
        (root / f"{name}.py").write_text(contents[name[-1]])
        client.open(root / f"{name}.py", contents[name[-1]])
    uris = {name: (root / f"{name}.py").as_uri() for pair in renames for name in pair if name not in ("d", "e")}
    uris |= {name: (root / name).as_uri() for name in ("d", "e")}
    pairs = [{"oldUri": uris[old], "newUri": uris[new]} for old, new in renames]
    if first == "rename":
        client.notify("workspace/didRenameFiles", {"files": pairs})
    for name in {old for old, _ in renames} - {"d", "t"}:
        client.notify("textDocument/didClose", {"textDocument": {"uri": uris[name]}})
    for new, old in texts.items():
        client.open(root / f"{new}.py", contents[old])
    if first == "documents":
        client.notify("workspace/didRenameFiles", {"files": pairs})
    for new, old in texts.items():
        place = (4, 9) if old == "a" else (4, 11)
        assert await client.inline(uris[new], *place) == (KNOWN if old == "a" else SHOWN), new
    assert await client.leave() == 0


def opened(uri: str, text: str, language: str = "python") -> dict[str, Any]:
    return {"textDocument": {"uri": uri, "languageId": language, "version": 1, "text": text}}


async def ask_all(client: RawClient, uri: str) -> dict[str, Any]:
    """What is asked about a document, beside completions; each gets an answer and no error."""
    place = {"textDocument": {"uri": uri}, "position": {"line": 4, "character": 9}}
    area = {"start": place["position"], "end": place["position"]}
    answers = {
        "why": await client.request("iquest/why", {"uri": uri, "line": 0}),
        "hover": await client.request("textDocument/hover", place),
        "actions": await client.request(
            "textDocument/codeAction", {**place, "range": area, "context": {"diagnostics": []}}
        ),
        "lenses": await client.request("textDocument/codeLens", place),
        "list": await client.request("textDocument/completion", place),
        "complete": await client.request("iquest/complete", place),
        "context": await client.request("iquest/context", place),
    }
    client.notify("textDocument/didFocus", place)
    client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
    assert all("result" in answer for answer in answers.values()), answers
    return {name: answer["result"] for name, answer in answers.items()}


@pytest.mark.parametrize("where", ["workspace", "none"])
@pytest.mark.parametrize("uri", ["untitled:Untitled-1", "untitled:a%20b.py", "untitled:{root}/new.py"])
async def test_a_buffer_that_was_never_saved(home: Home, root: Path, uri: str, where: str) -> None:
    repository(root)
    uri = uri.format(root=root)
    client = await RawClient.start(home, *FAKE)
    if where == "workspace":
        await client.initialize(root, hover=True, codeLens=True)
    else:
        options = {"deadlineMs": 300_000, "hover": True, "codeLens": True}
        begin = {"processId": None, "rootUri": None, "capabilities": {}, "initializationOptions": options}
        await client.request("initialize", begin)
        client.notify("initialized", {})
    client.notify("textDocument/didOpen", opened(uri, CODE))
    assert await client.inline(uri, 4, 9) == KNOWN
    client.notify("textDocument/didChange", changed(uri, 2, {"text": OTHER}))
    assert await client.inline(uri, 4, 11) == SHOWN
    client.notify("textDocument/didChange", changed(uri, 3, {"text": CODE}))
    found = await ask_all(client, uri)
    assert found["why"]["story"] == []
    assert (found["hover"], found["lenses"]) == (None, [])
    if "new.py" not in uri:
        assert "no history yet" in found["why"]["partial"]
        assert found["actions"] == []
    (item,) = found["list"]["items"]
    assert item["textEdit"]["newText"].startswith(KNOWN[0])
    assert found["complete"]["text"].startswith(KNOWN[0])
    current = [chunk["path"] for chunk in found["context"]["chunks"] if chunk["kind"] == "current"]
    assert all(path.endswith(".py") for path in current)  # by which its language is known
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert await client.inline(uri, 4, 9) == []
    assert client.messages() == []
    assert await client.leave() == 0


def repository(root: Path) -> None:
    git = ["git", "-C", str(root), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "Shapes"], check=True)


def notebook(uri: str, *cells: tuple[str, str]) -> dict[str, Any]:
    told = [{"kind": 2, "document": cell} for cell, _ in cells]
    documents = [opened(cell, text)["textDocument"] for cell, text in cells]
    return {
        "notebookDocument": {"uri": uri, "notebookType": "jupyter-notebook", "version": 1, "cells": told},
        "cellTextDocuments": documents,
    }


@pytest.mark.parametrize("kind", ["vscode-notebook-cell", "file", "any", "untitled"])
async def test_cells_of_a_notebook(home: Home, root: Path, kind: str) -> None:
    repository(root)
    path = "Untitled-1.ipynb" if kind == "untitled" else f"{root}/analysis.ipynb"
    book = f"untitled:{path}" if kind == "untitled" else f"file://{path}"
    scheme = "vscode-notebook-cell" if kind == "untitled" else kind
    one, two, three = (f"{scheme}:{path}#{number}" for number in ("W0", "W1", "W2"))
    client = await RawClient.start(home, *FAKE)
    capabilities = {"notebookDocument": {"synchronization": {}}}
    answer = await client.initialize(root, capabilities=capabilities, hover=True, codeLens=True)
    assert answer["result"]["capabilities"]["notebookDocumentSync"]["notebookSelector"] == [{"notebook": "*"}]
    client.notify("notebookDocument/didOpen", notebook(book, (one, CODE), (two, "")))
    assert await client.inline(one, 4, 9) == KNOWN
    text = {"document": {"uri": two, "version": 2}, "changes": [{"text": OTHER}]}
    change = {"notebookDocument": {"uri": book, "version": 2}, "change": {"cells": {"textContent": [text]}}}
    client.notify("notebookDocument/didChange", change)
    assert await client.inline(two, 4, 11) == SHOWN
    assert await client.inline(one, 4, 9) == KNOWN  # each has a text of its own
    structure = {
        "array": {"start": 1, "deleteCount": 1, "cells": [{"kind": 2, "document": three}]},
        "didOpen": [opened(three, "print(area(3, 4))\n")["textDocument"]],
        "didClose": [{"uri": two}],
    }
    change = {"notebookDocument": {"uri": book, "version": 3}, "change": {"cells": {"structure": structure}}}
    client.notify("notebookDocument/didChange", change)
    assert await client.inline(two, 4, 11) == []
    found = await ask_all(client, one)
    assert (found["why"]["story"], found["hover"], found["lenses"], found["actions"]) == ([], None, [], [])
    assert "no history yet" in found["why"]["partial"]
    assert found["complete"]["text"].startswith(KNOWN[0])
    beside = {chunk["path"]: chunk["reason"] for chunk in found["context"]["chunks"] if chunk["kind"] != "current"}
    assert "a cell of the same notebook" in [why for path, why in beside.items() if "#cell" in path], json.dumps(beside)
    client.notify(
        "notebookDocument/didClose",
        {"notebookDocument": {"uri": book}, "cellTextDocuments": [{"uri": one}, {"uri": three}]},
    )
    assert await client.inline(one, 4, 9) == []
    assert client.messages() == []
    assert await client.leave() == 0


async def test_a_cell_is_hidden_where_its_notebook_is(home: Home, root: Path) -> None:
    (root / ".gitignore").write_text("*.ipynb\nprivate/\n")
    client = await RawClient.start(home, *FAKE)
    await client.initialize(root)
    for place in ("analysis.ipynb", "private/analysis.ipynb"):
        book, cell = f"file://{root}/{place}", f"vscode-notebook-cell:{root}/{place}#W0"
        client.notify("notebookDocument/didOpen", notebook(book, (cell, CODE)))
        assert await client.inline(cell, 4, 9) == []
    client.notify("textDocument/didOpen", opened("untitled:Untitled-1", CODE))
    assert await client.inline("untitled:Untitled-1", 4, 9) == KNOWN
    assert await client.leave() == 0
