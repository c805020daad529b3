"""Bad model files end in one clear error, in a process of their own in case llama.cpp aborts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import iquest_lsp.runtime.llama.model as llama
from iquest_lsp.errors import EngineError, ModelFileError, PortMissingError
from iquest_lsp.runtime.llama import library
from iquest_lsp.runtime.llama.context import Context
from quantize.random_model import Recipe, write

Files = Callable[[Recipe], Path]

LOAD = """
import sys
from iquest_lsp.errors import ModelError
from iquest_lsp.runtime.llama.model import Model
try:
    Model.load(sys.argv[1])
except ModelError as error:
    print(type(error).__name__, error)
    sys.exit(0)
sys.exit(3)
"""

ABSURD: dict[str, dict[str, Any]] = {
    "no passes": {"loop.num": 0},
    "a thousand passes": {"loop.num": 1000},
    "no window": {"loop.window_size": 0},
    "a window of four thousand million": {"loop.window_size": 4294967295},
    "no layers": {"block_count": 0},
    "too many layers": {"block_count": 400},
    "layers that are not there": {"block_count": 5},
    "no heads": {"attention.head_count": 0},
    "heads that do not divide": {"attention.head_count_kv": 3},
    "no KV heads": {"attention.head_count_kv": 0},
    "no width": {"embedding_length": 0},
    "another width": {"embedding_length": 128},
    "no context": {"context_length": 0},
    "odd rotation": {"rope.dimension_count": 7},
    "negative bias": {"attention.max_alibi_bias": -1.0},
    "bias that is no number": {"attention.max_alibi_bias": float("nan")},
    "experts": {"expert_count": 8},
    "unknown rope scaling": {"rope.scaling.type": "sideways"},
    "unknown gate input": {"loop.gate_input": "both"},
    "a text for a number": {"loop.num": "two"},
}


@pytest.mark.parametrize("name", ABSURD)
def test_absurd_metadata_is_a_load_error_and_no_abort(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / "absurd.gguf", Recipe(), ABSURD[name])
    done = subprocess.run([sys.executable, "-c", LOAD, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith("ModelFileError absurd.gguf cannot be loaded: ")


@pytest.mark.parametrize("share", [0.0001, 0.02, 0.5, 0.99])
def test_a_truncated_file_is_a_load_error(share: float, tmp_path: Path, random_model: Files) -> None:
    data = random_model(Recipe()).read_bytes()
    path = tmp_path / "short.gguf"
    path.write_bytes(data[: int(len(data) * share) + 5])
    done = subprocess.run([sys.executable, "-c", LOAD, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "short.gguf" in done.stdout


def test_a_missing_file_and_a_file_that_is_no_gguf(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="There is no model file"):
        llama.Model.load(tmp_path / "nothing.gguf")
    (tmp_path / "text.gguf").write_text("not a model")
    with pytest.raises(ModelFileError, match="not a GGUF"):
        llama.Model.load(tmp_path / "text.gguf")


def test_a_stock_runtime_names_the_command_to_run(random_model: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    path = random_model(Recipe())
    llama.bindings()
    monkeypatch.setattr(library, "port_version", lambda: None)
    with pytest.raises(PortMissingError, match="iquest-lsp runtime build"):
        llama.Model.load(path)


def test_a_model_with_one_pass_only_loads_and_runs(random_model: Files) -> None:
    model = llama.Model.load(random_model(Recipe(passes=1)))
    context = Context(model, 64)
    context.decode([1, 2, 3], [0, 1, 2], 0, "last")
    assert context.logits(-1).shape == (256,)
    context.close()
    model.close()


def test_a_wrong_batch_is_an_error_and_the_context_goes_on(random_model: Files) -> None:
    model = llama.Model.load(random_model(Recipe()))
    context = Context(model, 64)
    with pytest.raises(EngineError):
        context.decode([1], [5000], 3, "last")
    with pytest.raises(EngineError):
        context.decode([99999], [0], 0, "last")
    context.decode([1], [0], 0, "last")
    context.close()
    model.close()
