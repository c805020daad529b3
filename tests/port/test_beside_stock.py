"""Another tool's llama-cpp-python in the same environment: each loads its own libraries, and both work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from iquest_lsp.runtime.models.catalogue import embedded_path
from iquest_lsp.runtime.port import build
from tests.stock_llama import stock_environment

PROMPT = "def area(width, height):\n    return "
#: Evaluates a prompt with one of the two, by the low-level calls of each; prints the best next token.
OURS = """
from iquest_lsp.runtime.llama.context import Context
from iquest_lsp.runtime.llama.model import Model
model = Model.load(path)
tokens = model.tokenize(prompt)
context = Context(model, 256, n_threads=1)
context.decode(tokens, list(range(len(tokens))), 0, "last")
best["ours"] = int(context.logits(-1).argmax())
"""
THEIRS = """
import llama_cpp
llama = llama_cpp.Llama(path, n_ctx=256, n_threads=1, logits_all=True, verbose=False)
llama.eval(llama.tokenize(prompt.encode(), add_bos=False))
best["theirs"] = int(llama.scores[llama.n_tokens - 1].argmax())
"""
PROGRAM = """
import json, sys
path, prompt, best = sys.argv[1], sys.argv[2], {}
%s
maps = open("/proc/self/maps").read()
print(json.dumps({"best": best, "stock": "llama_cpp" in sys.modules, "libraries": sorted(
    {line.rpartition("/")[2] for line in maps.splitlines() if line.endswith(".so") and "llama" in line})}))
"""


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("stock")
    return folder / "lib", {**os.environ, **stock_environment(folder)}


def run(stock: tuple[Path, dict[str, str]], code: str) -> dict[str, object]:
    command = [sys.executable, "-c", PROGRAM % code, str(embedded_path()), PROMPT]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=stock[0], env=stock[1])
    assert done.returncode == 0, done.stderr[-2000:]
    said: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return said


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/maps")
@pytest.mark.parametrize("code", [OURS + THEIRS, THEIRS + OURS], ids=["ours first", "theirs first"])
def test_both_run_in_one_process_with_libraries_of_their_own(stock: tuple[Path, dict[str, str]], code: str) -> None:
    said = run(stock, code)
    best = said["best"]
    assert isinstance(best, dict)
    assert best["ours"] == best["theirs"]
    assert said["libraries"] == ["libiquest-llama.so", "libstock0-llama.so"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/maps")
def test_ours_does_not_touch_theirs(stock: tuple[Path, dict[str, str]]) -> None:
    said = run(stock, OURS)
    assert (said["stock"], said["libraries"]) == (False, ["libiquest-llama.so"])


def test_the_project_that_one_works_in_lends_no_library(tmp_path: Path) -> None:
    """llama.cpp looks for its backends in the current folder, where a stranger's repository may lie."""
    planted = tmp_path / "libggml-cpu-zzz.so"
    planted.write_bytes(next((build.PRIVATE / "lib").glob("*ggml-cpu*")).read_bytes())
    code = """
from iquest_lsp.runtime.llama import library
library.bindings().llama_supports_gpu_offload()
print(sum("zzz" in line for line in open("/proc/self/maps")))
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path, env={**os.environ}
    )
    assert done.stdout.strip() == "0"
