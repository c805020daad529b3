"""`python -m quantize logits`, the hook for comparing with any other implementation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from quantize.logits import command
from quantize.oracle import Oracle
from quantize.random_model import Recipe
from tests.port.agreement import TOLERANCE, error, expected

RECIPE = Recipe(seed=50)
TOKENS = np.random.default_rng(50).integers(0, 256, 120)


def call(folder: Path, model: Path, *options: str, tokens: Any = TOKENS) -> tuple[Result, Any]:
    np.save(folder / "in.npy", tokens)
    out = folder / "out.npy"
    arguments = [str(model), "--tokens", str(folder / "in.npy"), "--out", str(out), *options]
    result = CliRunner().invoke(command, arguments)
    return result, np.load(out) if out.exists() else None


@pytest.fixture
def model(random_model: Callable[[Recipe], Path]) -> Path:
    return random_model(RECIPE)


@pytest.mark.parametrize("schedule", ["512", "40,1", "40,1,7", "1", "120"])
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_every_position_is_written(tmp_path: Path, model: Path, schedule: str, dtype: Any) -> None:
    result, logits = call(tmp_path, model, "--schedule", schedule, tokens=TOKENS.astype(dtype))
    assert result.exit_code == 0, result.output
    assert (logits.dtype, logits.shape) == (np.float32, (120, 256))
    assert error(logits, expected(model, TOKENS)) <= TOLERANCE


def test_a_depth(tmp_path: Path, model: Path) -> None:
    result, logits = call(tmp_path, model, "--depth", "1", "--second-pass", "window")
    assert result.exit_code == 0, result.output
    assert error(logits, expected(model, TOKENS, depth=1)) <= TOLERANCE


@pytest.mark.parametrize("schedule", ["512", "100,1", "30,30,30,10,1", "33"])
def test_the_window_leaves_out_what_is_not_needed(tmp_path: Path, model: Path, schedule: str) -> None:
    result, logits = call(tmp_path, model, "--second-pass", "window", "--schedule", schedule)
    assert result.exit_code == 0, result.output
    prompt = 100 if schedule.endswith(",1") else 120
    begin = prompt - Oracle.from_gguf(model).shape.receptive_field
    assert np.isnan(logits[:begin]).all()
    assert np.isfinite(logits[begin:]).all()
    assert error(logits[prompt - 1 :], expected(model, TOKENS)[prompt - 1 :]) <= TOLERANCE
    inexact = expected(model, TOKENS, second_from=begin)[begin:]
    assert error(logits[begin:], inexact) <= TOLERANCE


def test_nonsense_is_refused(tmp_path: Path, model: Path) -> None:
    for options, tokens in ((["--depth", "3"], TOKENS), (["--schedule", "0"], TOKENS), ([], TOKENS + 0.5), ([], [])):
        result, _ = call(tmp_path, model, *options, tokens=np.asarray(tokens))
        assert result.exit_code != 0
        assert "Error" in result.output
    result, _ = call(tmp_path, tmp_path / "nothing.gguf")
    assert "There is no model file" in result.output


@pytest.mark.parametrize("token", [-1, 256, 2**40])
def test_tokens_that_the_model_does_not_have(tmp_path: Path, model: Path, token: int) -> None:
    result, logits = call(tmp_path, model, tokens=np.array([1, token, 3]))
    assert result.exit_code == 2
    assert f"{token}; the model has the tokens 0 to 255" in result.output
    assert logits is None


def test_files_that_cannot_be_read_or_written(tmp_path: Path, model: Path) -> None:
    (tmp_path / "text.npy").write_text("words")
    np.save(tmp_path / "in.npy", TOKENS)
    for tokens, out, told in (
        ("text.npy", "out.npy", "cannot be read as an array"),
        ("in.npy", "no/out.npy", "there is no folder"),
    ):
        arguments = [str(model), "--tokens", str(tmp_path / tokens), "--out", str(tmp_path / out)]
        result = CliRunner().invoke(command, arguments)
        assert result.exit_code in (1, 2)
        assert told in result.output
    result, _ = call(tmp_path, model, "--schedule", "a,b")
    assert "sizes of batches" in result.output


def test_the_result_has_the_name_that_was_asked_for(tmp_path: Path, model: Path) -> None:
    np.save(tmp_path / "in.npy", TOKENS)
    arguments = [str(model), "--tokens", str(tmp_path / "in.npy"), "--out", str(tmp_path / "out.bin")]
    assert CliRunner().invoke(command, arguments).exit_code == 0
    assert np.load(tmp_path / "out.bin").shape == (120, 256)
