"""`bench decode` on a random model: its cases, its counts, and the same tokens with drafts."""

from __future__ import annotations

from pathlib import Path

import pytest

from iquest_lsp.bench import answers, decode, passes
from iquest_lsp.runtime.base.engine import EngineOptions
from quantize.random_model import Recipe, write


@pytest.mark.parametrize("passes", [1, 2])
def test_cases_of_each_kind_of_text(tmp_path: Path, passes: int) -> None:
    recipe = Recipe(vocab="bytes", n_vocab=258, n_layer=2, window=6, passes=passes, max_alibi_bias=8.0)
    options = EngineOptions(model_path=str(write(tmp_path / "m.gguf", recipe)), kv_type="f32", threads=1)
    report = decode.run(options, (128,), 1, prompts=2, new=12)
    cases = [row.case for row in report.rows]
    assert cases == ["stock", *(["one_pass", "dense", "sparse"] if passes > 1 else []), "plain", "drafted"] * 3
    assert all(("times stock" in row.note) == (row.case != "stock") for row in report.rows)
    assert all(0 < row.tokens <= 24 for row in report.rows)
    assert all("2 of 2 answers alike" in row.note for row in report.rows if row.case == "drafted")
    given = [row for row in report.rows if "given" in row.note]
    assert {row.tokens for row in given} == {24}


def test_long_prompts_begin_alike_and_end_apart(tmp_path: Path) -> None:
    recipe = Recipe(vocab="bytes", n_vocab=258, n_layer=1, window=4)
    engine = decode.LlamaBackend(
        EngineOptions(model_path=str(write(tmp_path / "m.gguf", recipe)), context_tokens=512, threads=1)
    )
    engine.load(lambda share: None)
    for tasks in (decode.ordinary(engine, 3000, 3), decode.copying(engine, 3000, 3)):
        assert len({task.prompt for task in tasks}) == 3
        assert {len(task.prompt) for task in tasks} == {3000}
        assert len({task.prompt[: 3000 - decode.OWN] for task in tasks}) == 1


@pytest.mark.parametrize("passes", [1, 2])
def test_answers_cold_warm_and_restored(tmp_path: Path, passes: int) -> None:
    recipe = Recipe(vocab="bytes", n_vocab=258, n_layer=2, window=6, passes=passes, max_alibi_bias=8.0)
    options = EngineOptions(model_path=str(write(tmp_path / "m.gguf", recipe)), kv_type="f32", threads=1)
    report = answers.run(options, (100, 200), 2)
    loop = ["warm, one pass", "warm, all passes", "warm, all passes, dense"]
    expected = ["cold", "restored", "warm, no drafts", "warm"]
    if passes > 1:
        expected = ["cold, one pass", "cold, all passes", "cold", "restored", *loop, "warm, no drafts", "warm"]
    assert [row.case for row in report.rows] == expected * 2
    assert all(len(row.samples) == 2 for row in report.rows)


def test_prompts_longer_than_the_planners_window_have_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    recipe = Recipe(vocab="bytes", n_vocab=258, n_layer=1, window=4, max_alibi_bias=8.0, context=65536)
    options = EngineOptions(model_path=str(write(tmp_path / "m.gguf", recipe)), plan=True, window_tokens=1024)
    assert passes.planned(options).context_tokens < 8000
    assert decode.run(options, (8000,), 1, prompts=1, new=4).rows
    assert answers.run(options, (8000,), 1).rows


def test_a_copy_differs_from_its_original_by_a_name(tmp_path: Path) -> None:
    recipe = Recipe(vocab="bytes", n_vocab=258, n_layer=1, window=4)
    engine = decode.LlamaBackend(
        EngineOptions(model_path=str(write(tmp_path / "m.gguf", recipe)), context_tokens=512, threads=1)
    )
    engine.load(lambda share: None)
    tasks = decode.copying(engine, 400, 3)
    assert len({task.prompt for task in tasks}) == 3
    assert all(len(task.prompt) == 400 and task.given for task in tasks)
