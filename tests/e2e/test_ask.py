"""Questions through the real server and the command line: on the fake engine with scripted answers, and on a tiny
random model with a chat template, which answers nonsense through all the same steps."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from iquest_lsp.server import convert
from quantize.random_model import Recipe, write
from tests.e2e.editor import Editor, connected
from tests.e2e.home import Home, private_home
from tests.e2e.rawclient import RawClient
from tests.unit.context.test_chat import CHATML, THINKER
from tests.unit.runtime.scripted_server import delta, model_server, serving
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.usefixtures("no_client_left")

BASE = "class Shape:\n    def area(self):\n        return 0\n"
CODE = BASE + "\n\nclass Square(Shape):\n    def area(self):\n        return 4\n"
FAKE = ("--engine", "fake")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "shapes.py").write_text(CODE)
    (tmp_path / ".gitignore").write_text("private.py\n")
    (tmp_path / "private.py").write_text("PASSWORD = 'x'\n")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    # Of a fixed time, so that the id is always the same: of one in a hundred the first ten signs are all digits.
    date = "1700000000 +0000"
    times = {**os.environ, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    subprocess.run([*git, "commit", "-q", "-m", "Give squares an area"], check=True, env=times)
    return tmp_path


def head(root: Path) -> str:
    done = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def fake(answer: str, template: str = CHATML) -> dict[str, str]:
    """The environment in which the fake engine gives this answer to a conversation."""
    special = ["<|im_start|>", "<|im_end|>", "<think>", "</think>"]
    options = {"responses": [answer], "special": special, "metadata": {"tokenizer.chat_template": template}}
    return {"IQUEST_LSP_FAKE": json.dumps(options)}


async def ask(editor: Editor, method: str, params: dict[str, Any]) -> dict[str, Any]:
    return convert.plain(await asyncio.wait_for(editor.protocol.send_request_async(method, params), PATIENCE_S))


async def test_an_answer_streams_and_cites_only_what_exists(root: Path) -> None:
    commit = head(root)[:10]
    answer = (
        f"<think>Is 1234567f real?</think>\n\nSquare extends Shape (shapes.py:6). It came in {commit}. "
        "It was reverted in 1234567f. See circle.py too. Done."
    )
    kept = f"Square extends Shape (shapes.py:6). It came in {commit}. Done."
    async with connected(root, *FAKE, environment=fake(answer)) as editor:
        told = await ask(
            editor,
            "iquest/ask",
            {
                "question": "How do Shape and Square interact?",
                "folder": root.as_uri(),
                "partialResultToken": "t1",
            },
        )
        assert (told["text"], told["thinking"], told["finish"]) == (kept, "Is 1234567f real?", "stop")
        assert (told["commits"], told["files"]) == ([commit], [{"path": "shapes.py", "line": 6}])
        assert [item["citation"] for item in told["dropped"]] == ["1234567f", "circle.py"]
        kinds = {piece["kind"] for piece in told["evidence"]}
        assert {"file", "history"} <= kinds
        assert "shapes.py" in {piece["path"] for piece in told["evidence"]}
        parts = [convert.plain(value) for token, value in editor.parts if token == "t1"]
        assert parts[0]["kind"] == "evidence"  # said before the model reads
        assert int(parts[0]["text"]) > 100
        assert "".join(part["text"] for part in parts if part["kind"] == "text") == kept
        assert "".join(part["text"] for part in parts if part["kind"] == "thinking") == "Is 1234567f real?"
        assert len(parts) > 3


async def test_a_conversation_goes_on_from_a_place(root: Path) -> None:
    async with connected(root, *FAKE, environment=fake("Yes, at shapes.py:8.")) as editor:
        uri = editor.open(root / "shapes.py")
        told = await ask(
            editor,
            "iquest/ask",
            {
                "question": "And here?",
                "uri": uri,
                "position": {"line": 7, "character": 0},
                "think": True,
                "conversation": [{"question": "Hello?", "answer": "Hello."}, {"nonsense": 1}],
            },
        )
        assert told["text"] == "Yes, at shapes.py:8."
        assert "story" in {piece["kind"] for piece in told["evidence"]}
        for wrong in ({"folder": root.as_uri()}, {"question": " ", "folder": root.as_uri()}, {"question": 3}):
            with pytest.raises(Exception, match="question"):
                await ask(editor, "iquest/ask", wrong)
        private = {"question": "What is in it?", "uri": (root / "private.py").as_uri()}
        with pytest.raises(Exception, match="may not be shown"):
            await ask(editor, "iquest/ask", private)


async def test_cancelling_ends_the_answer(root: Path) -> None:
    slow = json.loads(fake("Some words. " * 2000)["IQUEST_LSP_FAKE"]) | {"token_ms": 20}
    with private_home() as home:
        client = await RawClient.start(home, *FAKE, environment={"IQUEST_LSP_FAKE": json.dumps(slow)})
        await client.initialize(root)
        await client.ready()
        number = client.ask("iquest/ask", {"question": "Why?", "folder": root.as_uri(), "partialResultToken": "t"})
        await client.until(lambda: any(item["method"] == "$/progress" for item in client.notifications))
        client.notify("$/cancelRequest", {"id": number})
        await client.until(lambda: client.responses[number])
        assert [answer["error"]["code"] for answer in client.responses[number]] == [-32800]
        await client.until(lambda: client.states()[-1] == "ready")
        assert await client.leave() == 0


async def test_the_embedded_model_says_that_it_cannot(root: Path) -> None:
    async with connected(root) as editor:
        with pytest.raises(Exception, match="only continues code"):
            await ask(editor, "iquest/ask", {"question": "Why?", "folder": root.as_uri()})


def settle(home: Home, settings: str) -> None:
    """Writes the user's settings, for a daemon that is not there yet."""
    home.end()
    config = home.folder / "config" / "iquest-lsp"
    config.mkdir(parents=True, exist_ok=True)
    (config / "settings.toml").write_text(settings)


def test_the_command_line_answers_and_tells_what_it_left_out(home: Home, root: Path) -> None:
    answer = "Square is a Shape (shapes.py:6). See circle.py too."
    asked = ("ask", "How do Shape and Square interact?", str(root / "shapes.py"), *FAKE)
    done = home.command(*asked, environment=fake(answer))
    assert done.returncode == 0, done.stderr
    assert "Square is a Shape (shapes.py:6)." in done.stdout
    assert "cited: shapes.py:6" in done.stdout
    assert "left out: 1 statement citing what does not exist (circle.py)" in done.stdout
    assert "See circle.py" not in done.stdout


def test_the_embedded_model_cannot_answer_on_the_command_line(home: Home, root: Path) -> None:
    done = home.command("ask", "Why?", "--repo", str(root))
    assert done.returncode == 1
    assert "No model that can follow instructions" in done.stderr
    assert "instruct_model" in done.stderr
    assert done.stdout == ""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    recipe = Recipe(vocab="bytes", n_vocab=320, context=16384)
    return {
        name: write(folder / f"{name}.gguf", Recipe(**{**recipe.__dict__, "chat_template": source}))
        for name, source in (("instruct", CHATML), ("thinking", THINKER))
    }


def test_roles_are_models_of_their_own(home: Home, root: Path, models: dict[str, Path]) -> None:
    """Random weights answer nonsense; who was asked, and that its thinking is apart, is known all the same."""
    settings = "".join(f'{role}_model = "{models[role]}"\n' for role in models) + "window_tokens = 1024\n"
    settle(home, settings)
    plain = home.command("ask", "Why?", "--repo", str(root), "--json")
    assert plain.returncode == 0, plain.stderr
    told = json.loads(plain.stdout)
    assert told["model"] == "instruct"
    assert told["thinking"] == "" or "<think>" not in told["text"]
    for _ in range(20):  # what is drawn at random is sometimes the end of a thought at once
        thought = home.command("ask", "Why?", "--think", "--repo", str(root), "--json")
        assert thought.returncode == 0, thought.stderr
        told = json.loads(thought.stdout)
        assert told["model"] == "thinking"
        if told["thinking"]:
            break
    assert told["thinking"]


def test_a_diff_is_explained_in_words_too(home: Home, root: Path, models: dict[str, Path]) -> None:
    settings = f'instruct_model = "{models["instruct"]}"\nwindow_tokens = 2048\n'
    explain = ("explain-diff", "HEAD", "--repo", str(root), "--json")
    settle(home, settings)
    facts = home.command(*explain, "--facts-only")
    assert json.loads(facts.stdout)["model_text"] is None
    for _ in range(60):  # what is drawn at random is often nothing that can be shown
        worded = home.command(*explain)
        assert worded.returncode == 0, worded.stderr
        if "wrote nothing that can be shown" not in worded.stderr:
            break
    told, known = json.loads(worded.stdout), json.loads(facts.stdout)
    has_words = told["model_text"] is not None  # random weights may write what is not shown; then that is said
    assert ("wrote nothing that can be shown" in worded.stderr) != has_words
    assert worded.stderr.count("warning") == (not has_words)
    assert told | {"model_text": None} == known
    settle(home, 'instruct_model = "nowhere.gguf"\n')
    broken = home.command(*explain)
    assert broken.returncode == 0
    assert "nowhere.gguf" in broken.stderr
    assert json.loads(broken.stdout) == known


def test_a_server_answers_too(home: Home, root: Path) -> None:
    commit = head(root)[:10]
    chat = [delta(reasoning_content="hm"), delta(content=f"Since {commit}. "), delta("stop", content="See nope.py.")]

    def answer(asked: Any) -> Any:
        from tests.unit.runtime.scripted_server import Reply

        return Reply(events=chat)

    with serving(model_server(answer, models=("coder", "chatty"), chat=answer)) as server:
        settings = f'remote = "{server.url}"\ninstruct_model = "remote:chatty"\n'
        settle(home, settings)
        done = home.command("ask", "Since when is Square there?", "--repo", str(root), "--json")
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert (told["text"], told["thinking"], told["model"]) == (f"Since {commit}.", "hm", "chatty")
        sent = server.of("/v1/chat/completions")[0].body
        assert sent["model"] == "chatty"
        assert "Give squares an area" in json.dumps(sent["messages"])
        assert "PASSWORD" not in json.dumps(sent)


async def test_a_selection_is_rewritten(root: Path) -> None:
    answer = "Sure:\n```python\ndef side(self):\n    return abs(self.a)\n```\n"
    async with connected(root, *FAKE, environment=fake(answer)) as editor:
        uri = editor.open(root / "shapes.py", "class Square:\n    def side(self):\n        return self.a\n")
        ends = {"start": {"line": 1, "character": 0}, "end": {"line": 3, "character": 0}}
        told = await ask(editor, "iquest/edit", {"uri": uri, "range": ends, "instruction": "Make it positive"})
        assert told["text"] == "    def side(self):\n        return abs(self.a)\n"
        assert (await ask(editor, "iquest/models", {"answers_only": True})) == {"answers": True}
        for wrong in ({"range": {"start": ends["start"], "end": ends["start"]}}, {"instruction": " "}, {"range": 3}):
            with pytest.raises(Exception, match=r"selected|empty|needs"):
                await ask(editor, "iquest/edit", {"uri": uri, "range": ends, "instruction": "x", **wrong})
        hidden = editor.open(root / "private.py")
        with pytest.raises(Exception, match="may not be shown"):
            await ask(editor, "iquest/edit", {"uri": hidden, "range": ends, "instruction": "x"})


async def test_no_model_that_follows_instructions_is_known_beforehand(root: Path) -> None:
    async with connected(root, *FAKE) as editor:
        assert (await ask(editor, "iquest/models", {"answers_only": True})) == {"answers": False}
