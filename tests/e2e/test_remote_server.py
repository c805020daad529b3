"""The remote engine against a real server: llama-cpp-python's, running the embedded model with the port."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from iquest_lsp.assistant import Assistant, CompletionRequest
from iquest_lsp.datatypes import Limits, Position, Prompt
from iquest_lsp.runtime.base.engine import EngineStatus
from iquest_lsp.runtime.models.catalogue import embedded_path
from iquest_lsp.settings import Configuration
from tests.stock_llama import stock_environment
from tests.waiting import PATIENCE_S, PATIENT_MS, wait_until

pytest.importorskip("uvicorn")
pytest.importorskip("starlette_context")

KEY = "local-test-key-1"
CODE = "def area(width, height):\n    return width * height\n\n\ndef volume(width, height, depth):\n    return "


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("server")
    stock = stock_environment(folder)
    log = (folder / "log").open("w+b")
    command = [
        sys.executable,
        "-P",
        "-m",
        "llama_cpp.server",
        "--model",
        str(embedded_path()),
        "--model_alias",
        "nano",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--api_key",
        KEY,
        "--n_ctx",
        "4096",
        "--n_threads",
        "2",
    ]
    environment = {**os.environ, **stock, "OMP_WAIT_POLICY": "passive"}
    process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder / "lib")
    url = f"http://127.0.0.1:{port}/v1"
    try:
        request = urllib.request.Request(url + "/models", headers={"Authorization": f"Bearer {KEY}"})

        def said() -> str:
            return Path(log.name).read_text("utf-8", "replace")[-2000:]

        def answers() -> bool:
            assert process.poll() is None, said()
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE_S):
                    return True
            except (urllib.error.URLError, OSError):
                return False

        wait_until(answers, said)
        yield url
    finally:
        process.kill()
        process.wait()
        log.close()


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IQUEST_LSP_REMOTE_KEY", KEY)


def workspace(folder: Path) -> Path:
    (folder / "shapes.py").write_text(CODE)
    (folder / "iquest.toml").write_text("")
    return folder / "shapes.py"


async def test_the_window_goes_to_the_server_and_its_answer_comes_back(server: str, tmp_path: Path) -> None:
    file = workspace(tmp_path)
    assistant = Assistant(Configuration({"remote": server, "deadline_ms": PATIENT_MS}), watch=False)
    try:
        info = await assistant.engine.ready()
        assert (info.name, info.architecture) == ("nano", "remote")
        # The server's tokenizer told which format the model reads.
        assert {"<|fim_prefix|>", "<|tail|>", "<|file_sep|>"} <= set(info.special_tokens)
        assert info.metadata["iquest.fim.order"] == "spm"
        assert assistant.engine.pid is None, "the local model is not loaded beside it"
        made = await assistant.session().complete(CompletionRequest(file, Position(5, 11), explicit=True))
        assert made.model == "nano"
        assert made.tokens.generated > 0
        window = await assistant.session().context(file, Position(5, 11))
        assert "shapes.py" in {chunk.path for chunk in window.chunks}
    finally:
        await assistant.close()


async def test_the_server_reads_the_prompt_as_the_local_engine_does(server: str, tmp_path: Path) -> None:
    """Sent as text, the prompt must become the very tokens that the local engine evaluates."""
    file = workspace(tmp_path)
    told: dict[str, list[int]] = {}
    texts: dict[str, str] = {}
    for name, remote in (("remote", server), ("local", "")):
        assistant = Assistant(Configuration({"remote": remote, "deadline_ms": PATIENT_MS}), watch=False)
        try:
            await assistant.engine.ready()
            window = await assistant.session().context(file, Position(5, 11))
            told[name] = list(window.tokens)
            if remote:
                engine = assistant.engine.switch.remote
                assert engine is not None
                texts[name] = engine.text(window.tokens)
        finally:
            await assistant.close()

    def post(path: str, body: object) -> dict[str, list[int]]:
        request = urllib.request.Request(
            server.removesuffix("/v1") + path,
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            found: dict[str, list[int]] = json.load(answer)
            return found

    assert post("/extras/tokenize", {"input": texts["remote"]})["tokens"] == told["local"]


async def test_cancelling_frees_the_server(server: str) -> None:
    assistant = Assistant(Configuration({"remote": server}), watch=False)
    try:
        await assistant.engine.ready()
        engine = assistant.engine.switch
        ids = (await engine.tokenize(["def f():\n"]))[0]
        first = asyncio.Event()
        task = asyncio.create_task(engine.complete(Prompt(tuple(ids)), Limits(2000), lambda _: first.set()))
        await asyncio.wait_for(first.wait(), PATIENCE_S)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        made = await asyncio.wait_for(engine.complete(Prompt(tuple(ids)), Limits(4)), PATIENCE_S)
        assert made.counts.generated <= 4
    finally:
        await assistant.close()


async def test_a_wrong_key_falls_back_to_the_local_model_with_one_message(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("IQUEST_LSP_REMOTE_KEY", "wrong-key-2")
    file = workspace(tmp_path)
    assistant = Assistant(Configuration({"remote": server, "deadline_ms": PATIENT_MS}), watch=False)
    told: list[EngineStatus] = []
    assistant.engine.on_status(told.append)
    try:
        assert (await assistant.engine.ready()).architecture != "remote"
        for _ in range(2):
            made = await assistant.session().complete(CompletionRequest(file, Position(5, 11), explicit=True))
            assert made.tokens.window > 0
        errors = {str(status.error) for status in told if status.error is not None}
        assert len(errors) == 1
        assert "401" in errors.pop()
    finally:
        await assistant.close()
    assert "wrong-key-2" not in caplog.text


def test_a_workspace_may_not_name_a_server(tmp_path: Path) -> None:
    for key in ("remote", "remote_model", "remote_key"):
        (tmp_path / "iquest.toml").write_text(f'{key} = "http://attacker.example/v1"\n')
        settings, problems = Configuration().settings(tmp_path)
        assert settings.remote == ""
        assert [problem.key for problem in problems] == [key]
