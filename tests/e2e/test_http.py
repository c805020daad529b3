"""`iquest-lsp serve --http`: llama.vim's, llama.vscode's and Zed's own requests, answered by the daemon."""

from __future__ import annotations

import json
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.home import Home, private_home
from tests.unit.http_server.test_asked import LLAMA_VIM, LLAMA_VIM_RING, LLAMA_VSCODE, ZED
from tests.waiting import PATIENCE_S, PATIENT_MS, wait_until

TOKEN = "a token of the test's"
#: What is said is tested, not how fast a busy machine says it.
PATIENT = {"t_max_prompt_ms": PATIENT_MS, "t_max_predict_ms": PATIENT_MS}
HEAD = "".join(f"def helper_{number}(value):\n    return value + {number}\n\n\n" for number in range(12))
AREA = "def area(width, height):\n    return width * height\n\n\n"
TAIL = "\n\n\ndef last_one(value):\n    return value\n"


@contextmanager
def serving(home: Home, root: Path) -> Iterator[str]:
    """The server on a folder; its address."""
    settings = home.folder / "config" / "iquest-lsp" / "settings.toml"
    settings.parent.mkdir(exist_ok=True)
    settings.write_text(f"deadline_ms = {PATIENT_MS}\n")
    process = home.begin("serve", "--http", "0", "--engine", "fake", str(root), environment={"IQUEST_LSP_TOKEN": TOKEN})
    try:
        assert process.stderr is not None
        told = next((line for line in process.stderr if not line.startswith("starting the daemon")), "")
        assert told.startswith("completing on http://127.0.0.1:"), told
        assert "IQUEST_LSP_TOKEN" in told
        yield told.split()[2].rstrip(";")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)


def ask(address: str, path: str, told: Any = None, token: str = TOKEN) -> Any:
    """The answer's JSON."""
    data = None if told is None else json.dumps(told).encode()
    request = urllib.request.Request(address + path, data)
    request.add_header("Content-Type", "application/json")
    request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        return json.load(answer)


def answers(address: str, told: Any) -> bool:
    """Whether a request is answered with what only the whole file tells."""
    try:
        return bool(ask(address, "/infill", told)["content"] == "width, height):")
    except urllib.error.HTTPError as error:
        if error.code != 503:
            raise
        return False


def is_healthy(address: str) -> bool:
    """Whether the model is loaded."""
    try:
        return bool(ask(address, "/health") == {"status": "ok"})
    except urllib.error.HTTPError as error:
        if error.code != 503:
            raise
        return False


def test_each_client_is_answered_from_the_window_of_the_file_it_is_in(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    file = tmp_path / "work" / "shapes.py"
    file.write_text(AREA + HEAD + TAIL)
    # The area is far above what the client sends: only the window of the whole file knows its parameters.
    place = {"input_prefix": HEAD, "prompt": "def area(", "input_suffix": TAIL}
    with private_home() as home, serving(home, tmp_path / "work") as address:
        wait_until(lambda: is_healthy(address))
        assert ask(address, "/infill", LLAMA_VIM_RING) == {}
        # The file is looked for, and a request that comes before it is found is answered without it.
        wait_until(lambda: answers(address, {**LLAMA_VIM, **place, **PATIENT}))
        told = ask(address, "/infill", {**LLAMA_VIM, **place, **PATIENT})
        assert told["content"] == "width, height):"
        assert set(told) <= set(LLAMA_VIM["response_fields"])
        assert "content" in ask(address, "/infill", {**LLAMA_VSCODE, **place, **PATIENT, "n_predict": 0, "n_cmpl": 1})
        (told,) = ask(address, "/infill", {**LLAMA_VSCODE, **place, **PATIENT})
        assert told["content"] == "width, height):"
        assert told["tokens_evaluated"] > len(AREA + HEAD + TAIL)  # the fake model has a token for each byte
        prompt = f"<|fim_prefix|>{HEAD}def area(<|fim_suffix|>{TAIL}<|fim_middle|>"
        told = ask(address, "/v1/completions", {**ZED, "prompt": prompt})
        assert told["choices"][0]["text"] == "width, height):"
        told = ask(address, "/v1/completions", {**ZED, "prompt": prompt, "max_tokens": 5})
        assert told["choices"][0]["text"] in ("", "width")  # what is cut off may be too little to show
        (told,) = ask(address, "/infill", {**LLAMA_VSCODE, **place, **PATIENT, "prompt": "def area(width"})
        assert told["content"] == ", height):"
        assert ask(address, "/v1/models")["data"][0]["id"] == "fake"

        # What is no file of the folder is completed by itself.
        told = ask(address, "/v1/completions", {"prompt": AREA + "def area(", "suffix": "\n"})
        assert told["choices"][0]["text"] == "width, height):"
        with pytest.raises(urllib.error.HTTPError, match="401"):
            ask(address, "/infill", {**LLAMA_VIM, **place}, token="another")

        # The daemon ends, and the next request starts it again.
        assert home.command("daemon", "stop", "--engine", "fake").returncode == 0
        wait_until(lambda: answers(address, {**LLAMA_VIM, **place, **PATIENT}))


def test_no_secret_is_shown_to_the_model(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    text = "FIRST_NAME=one_value_of_many\nSECOND_NAME=another_value\nTHIRD_NAME=a_third_value\nFOURTH_NAME="
    (tmp_path / "work" / ".env").write_text(text)
    with private_home() as home, serving(home, tmp_path / "work") as address:
        extra = [{"text": text, "filename": ".env"}]
        asked = {
            **LLAMA_VSCODE,
            **PATIENT,
            "input_prefix": text,
            "prompt": "",
            "input_suffix": "\n",
            "input_extra": extra,
        }
        (told,) = ask(address, "/infill", asked)
        assert told["content"] == ""
        assert told["tokens_evaluated"] == 0
