"""The command line beside editors: one daemon, one model, one warm window; and the same without a daemon."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from iquest_lsp.cli import terminal
from iquest_lsp.completion.postprocess import Quiet
from tests.e2e.home import Home, complaints, engine_processes
from tests.e2e.rawclient import RawClient
from tests.waiting import PATIENCE_S, PATIENT_MS

pytestmark = pytest.mark.usefixtures("no_client_left")

FAKE = ("--engine", "fake")
CODE = "def area(width, height):\n    return width * height\n\n\n" + "# a line of some length\n" * 40 + "class area("
LAST = CODE.count("\n") + 1
TEMPLATE = "{% for m in messages %}{{ m.content }}{% endfor %}"
CHAT = {"responses": ["It computes an area."] * 9, "metadata": {"tokenizer.chat_template": TEMPLATE}}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "shapes.py").write_text(CODE)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "feat: area of a rectangle"], check=True)
    return tmp_path


def complete(home: Home, root: Path, *more: str) -> dict[str, Any]:
    place = f"{root / 'shapes.py'}:{LAST}"
    done = home.command("complete", place, *FAKE, "--deadline-ms", str(PATIENT_MS), "--json", *more)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    tokens = found["tokens"]
    assert tokens["reused"] + tokens["prefilled"] == tokens["window"] > 500
    return found


def test_the_second_completion_in_a_row_is_warm(home: Home, root: Path) -> None:
    first, second = complete(home, root), complete(home, root)
    assert first["text"] == second["text"] == "width, height):"
    assert first["tokens"]["reused"] == 0
    assert second["tokens"]["prefilled"] <= 2  # the last token, whose logits are wanted
    (pid,) = home.pids()
    assert len(engine_processes(pid)) == 1
    shown = home.status(*FAKE)
    assert shown["clients"] == 0
    assert [item["root"] for item in shown["workspaces"]] == [str(root)]
    # An edit between two commands costs what it changed, and is seen.
    (root / "shapes.py").write_text(CODE.replace("class area(", "async def area("))
    third = complete(home, root)
    assert third["range"]["start"]["column"] == len("async def area(") + 1
    assert third["tokens"]["prefilled"] < 40


def test_alone_no_daemon_is_started(home: Home, root: Path) -> None:
    assert complete(home, root, "--standalone")["tokens"]["reused"] == 0
    assert home.pids() == []


async def test_an_editor_and_the_command_line_share_a_window(home: Home, root: Path) -> None:
    editor = await RawClient.start(home, *FAKE)
    await editor.initialize(root)
    await editor.ready()
    uri = editor.open(root / "shapes.py", CODE)
    assert await editor.inline(uri, LAST - 1, len("class area(")) == ["width, height):"]
    await asyncio.to_thread(complete, home, root)  # what the index brought since the editor asked
    made = await asyncio.to_thread(complete, home, root)
    assert made["tokens"]["prefilled"] <= 2
    # What the editor has typed and not saved is what the command line sees.
    end = {"line": LAST - 1, "character": len("class area(")}
    change = {"range": {"start": end, "end": end}, "text": "wid"}
    editor.notify("textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [change]})
    await editor.request("iquest/models", {})
    made = await asyncio.to_thread(complete, home, root)
    assert (made["text"], made["range"]["start"]["column"]) == ("th, height):", len("class area(wid") + 1)
    assert len(home.pids()) == 1
    assert home.status(*FAKE)["clients"] == 1
    assert await editor.leave() == 0


def test_where_no_daemon_can_be_the_command_says_so_and_works(home: Home, root: Path) -> None:
    elsewhere = home.folder / "elsewhere"
    elsewhere.mkdir()
    (home.folder / "run" / "iquest-lsp").symlink_to(elsewhere)
    done = home.command("complete", f"{root / 'shapes.py'}:{LAST}", *FAKE, "--deadline-ms", str(PATIENT_MS), "--json")
    assert json.loads(done.stdout)["text"] == "width, height):"
    assert done.returncode == 0
    assert done.stderr.startswith("warning: ")
    assert "link" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_model_that_cannot_be_loaded_is_one_error(home: Home, root: Path) -> None:
    failing = {"load_error": {"kind": "ModelFileError", "what": "The model is cut off", "why": "it ends", "fix": "Go"}}
    environment = {"IQUEST_LSP_FAKE": json.dumps(failing)}
    for more in ((), ("--standalone",)):
        place = f"{root / 'shapes.py'}:{LAST}"
        done = home.command("complete", place, *FAKE, *more, environment=environment)
        assert (done.returncode, done.stdout) == (1, "")
        assert complaints(done.stderr) == ["error: The model is cut off: it ends. Go."]


def test_a_daemon_that_dies_meanwhile_is_one_error(home: Home, root: Path) -> None:
    environment = {"IQUEST_LSP_FAKE": json.dumps({"load_ms": 600_000})}
    place = f"{root / 'shapes.py'}:{LAST}"
    process = home.begin("complete", place, *FAKE, environment=environment)
    # One that ends before the workspace is open has not been asked yet: the question is then answered without it.
    home.until(lambda: "a client came" in home.log() and home.status(*FAKE, environment=environment)["workspaces"])
    assert home.command("daemon", "stop", *FAKE, environment=environment).returncode == 0
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (1, "")
    assert "The daemon ended before it answered" in err
    assert "daemon stop" in err
    assert len(complaints(err)) == 1


@pytest.mark.parametrize("more", [(), ("--standalone",)], ids=["shared", "alone"])
def test_questions_and_explanations_use_the_same_model(home: Home, root: Path, more: tuple[str, ...]) -> None:
    environment = {"IQUEST_LSP_FAKE": json.dumps(CHAT)}
    asked = ("ask", "What does it do?", str(root / "shapes.py"), "--repo", str(root), *FAKE, *more)
    done = home.command(*asked, environment=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("It computes an area.")
    told = json.loads(home.command(*asked, "--json", environment=environment).stdout)
    assert told["text"] == "It computes an area."
    assert {piece["path"] for piece in told["evidence"]} >= {"shapes.py"}

    # `explain-diff` finds its facts itself, and the words where a model is set.
    folder = home.folder / "config" / "iquest-lsp"
    folder.mkdir()
    (folder / "settings.toml").write_text('engine = "fake"\ninstruct_model = "any"\n')
    (root / "shapes.py").write_text(CODE.replace("height):", "height, depth=1):"))
    patch = subprocess.run(["git", "diff"], cwd=root, capture_output=True, check=True).stdout.decode()
    for target, stdin in (("HEAD", ""), ("-", patch)):
        done = home.command(
            "explain-diff", target, "--repo", str(root), "--json", *more, environment=environment, stdin=stdin
        )
        assert (done.returncode, done.stderr) == (0, "")
        told = json.loads(done.stdout)
        assert told["model_text"] == "It computes an area."
        assert [item["path"] for item in told["files"]] == ["shapes.py"]
    assert bool(home.pids()) is not bool(more)


def test_explanations_without_words_need_no_daemon(home: Home, root: Path) -> None:
    done = home.command("explain-diff", "HEAD", "--repo", str(root), "--json")
    assert json.loads(done.stdout)["model_text"] is None
    assert home.pids() == []


@pytest.mark.parametrize("more", [(), ("--standalone",)], ids=["shared", "alone"])
def test_no_suggestion_says_why(home: Home, root: Path, more: tuple[str, ...]) -> None:
    secret = root / ".env"
    secret.write_text("KEY=x\n")
    place = f"{root / 'shapes.py'}:{LAST}"
    for responses, file, why in (
        (["a + " * 40], place, "the model only repeated itself"),
        (["", ""], place, "the model has nothing to add here"),
        ([], f"{secret}:1", "this file is never shown to a model"),
    ):
        environment = {"IQUEST_LSP_FAKE": json.dumps({"responses": responses, "echo": " "})}
        done = home.command("complete", file, *FAKE, *more, environment=environment)
        assert done.returncode == 0, done.stderr
        assert f"no suggestion: {why}" in " ".join(done.stdout.split())
        # The fixed form of the JSON stays as it is.
        told = json.loads(home.command("complete", file, *FAKE, *more, "--json", environment=environment).stdout)
        assert set(told) == {"text", "range", "model", "finish", "source", "timings", "tokens"}
        assert (told["text"], told["finish"]) == ("", "none")
    reasons = {str(reason) for reason in Quiet if reason not in (Quiet.NO, Quiet.INSIDE_WORD)}
    assert reasons == set(terminal.NO_SUGGESTION)
