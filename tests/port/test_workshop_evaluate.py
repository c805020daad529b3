"""Evaluation: figures against the oracle, drafted text equal to plain, reports that need nothing from elsewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from iquest_lsp.runtime.llama.loop_context import LoopContext
from iquest_lsp.runtime.llama.model import Model
from quantize import cursors, model_speeds, plots, report
from quantize.corpus import Document
from quantize.evaluate import command
from quantize.oracle import Oracle
from quantize.quantizer import Recipe as Target
from quantize.quantizer import quantize
from quantize.random_model import Recipe, write
from quantize.scoring import Reference, Rows, Score, score

DRAW = np.random.default_rng(5)
TOKENS = [DRAW.integers(0, 256, 60).astype(np.int32) for _ in range(3)]
RECIPE = Recipe(vocab="bytes", n_vocab=300)


def _oracle_logp(path: Path, tokens: np.ndarray) -> np.ndarray:
    logits = Oracle.from_gguf(path).logits(tokens)
    return logits - logits.max(1, keepdims=True) - np.log(np.exp(logits - logits.max(1, keepdims=True)).sum(1))[:, None]


def _score(path: Path, rows: Rows, reference: Reference, is_reference: bool) -> Score:
    model = Model.load(path)
    try:
        return score(model, rows, reference, is_reference)
    finally:
        model.close()


@pytest.mark.parametrize("begin", [0, 40])
def test_figures_are_those_of_the_oracle(tmp_path: Path, begin: int) -> None:
    one, two = (write(tmp_path / f"{seed}.gguf", Recipe(vocab="bytes", n_vocab=300, seed=seed)) for seed in (0, 1))
    rows, reference = Rows(TOKENS, begin, "text"), Reference(tmp_path, 300)
    first, second = _score(one, rows, reference, True), _score(two, rows, reference, False)
    for at, tokens in enumerate(TOKENS):
        base, other = _oracle_logp(one, tokens), _oracle_logp(two, tokens)
        where = np.arange(begin, len(tokens) - 1)
        np.testing.assert_allclose(first.surprise[at], -base[where, tokens[where + 1]], rtol=1e-3)
        np.testing.assert_allclose(second.surprise[at], -other[where, tokens[where + 1]], rtol=1e-3)
        assert second.divergence is not None
        assert second.agrees is not None
        expected = (np.exp(base) * (base - other)).sum(1)[where]
        np.testing.assert_allclose(second.divergence[at], expected, rtol=1e-3, atol=1e-4)
        np.testing.assert_array_equal(second.agrees[at], (base.argmax(1) == other.argmax(1))[where])
    summary = first.summary(8)
    assert summary["perplexity"] == pytest.approx(float(np.exp(first.surprise.mean())), rel=1e-6)
    assert min(first.sizes) > 0
    bits = float(first.surprise.sum()) / np.log(2)
    assert summary["bits_per_byte"]["value"] == pytest.approx(bits / sum(first.sizes), rel=1e-6)
    added = float(second.surprise.sum() - first.surprise.sum()) / np.log(2) / sum(first.sizes)
    found = second.summary(8)["added_bits_per_byte"]
    assert found["value"] == pytest.approx(added, rel=1e-4)
    assert found["low"] <= found["value"] <= found["high"]


def test_a_model_agrees_with_itself(tmp_path: Path) -> None:
    path = write(tmp_path / "m.gguf", RECIPE)
    rows, reference = Rows(TOKENS, 0, "text"), Reference(tmp_path, 300)
    _score(path, rows, reference, True)
    found = _score(path, rows, reference, False).summary(8)
    assert found["top1"] == 1.0
    assert found["kl_mean"] < 1e-7
    assert found["kl_beyond"] < 1e-7
    assert abs(found["added_bits_per_byte"]["value"]) < 1e-6


def test_beyond_the_window_is_what_lies_beyond_it(tmp_path: Path) -> None:
    surprise = np.zeros((1, 100), np.float32)
    divergence = np.concatenate([np.zeros(32), np.ones(68)]).astype(np.float32)[None]
    found = Score(surprise, divergence, divergence == 0, surprise, [100], 0).summary(16)
    assert (found["kl_beyond"], found["top1_beyond"]) == (1.0, 0.0)
    spans = Score(surprise, divergence, divergence == 0, surprise, [100], 0).by_position()
    assert [span["from"] for span in spans] == [1, 17, 49]


def test_drafted_text_is_the_plain_one(tmp_path: Path) -> None:
    model = Model.load(write(tmp_path / "m.gguf", RECIPE))
    context = LoopContext(model, 160, margin=100, n_batch=64, n_ubatch=64, type_k="f32", type_v="f32", flash_attn=False)
    texts = []
    for way in ("plain", "drafted"):
        context.clear()
        context.run(context.plan(0, 0, 60), TOKENS[0])
        if way == "plain":
            texts.append(model_speeds.plain(context, 60, 40, 2))
        else:
            made, taken, offered = model_speeds.drafted(context, 60, 40)
            assert 0 <= taken <= offered
            texts.append(made[:40])
    context.close()
    model.close()
    assert texts[0] == texts[1]


@pytest.mark.parametrize("parallel", [False, True])
def test_speed_has_a_figure_for_what_exists(tmp_path: Path, parallel: bool) -> None:
    model = Model.load(write(tmp_path / "m.gguf", Recipe(vocab="bytes", n_vocab=300, parallel=parallel)))
    found = model_speeds.summary([model_speeds.measure(model, TOKENS[0], generated=6) for _ in range(2)])
    model.close()
    assert found["rounds"] == 2
    assert found["prefill_tps"] > 0
    assert found["decode_tps"] > 0
    assert found["decode_one_pass_tps"] > 0
    assert (found["decode_drafted_tps"] is None) == parallel
    assert found["kv_bytes"] > 0


def test_cursors_are_where_they_say() -> None:
    text = "\n".join(f"def name_{at}(argument):\n    return argument + {at}" for at in range(40))
    places = cursors.draw([Document("a/b.py", text), Document("c", "short")], 30)
    assert len(places) == 30
    for place in places:
        assert place.cursor.prefix + place.cursor.head + place.target + "\n" + place.cursor.suffix in text + "\n"
        assert place.target
        assert place.cursor.path == "a/b.py"
        assert place.cursor.prefix.endswith("\n") or not place.cursor.prefix
    assert places == cursors.draw([Document("a/b.py", text), Document("c", "short")], 30)
    assert cursors.draw([Document("a", "nothing\n")], 5) == []
    assert cursors.draw([Document("a", "}\n" * 50)], 5) == []


def _models(folder: Path) -> list[Path]:
    shape = Recipe(n_layer=2, n_embd=256, n_head=4, n_head_kv=2, n_ff=256, vocab="bytes", n_vocab=300)
    full = write(folder / "full.gguf", shape)
    quantize(full, folder / "small.gguf", Target("Q4_K_M"))
    return [full, folder / "small.gguf"]


def test_the_command_writes_all_reports(tmp_path: Path) -> None:
    models = [str(path) for path in _models(tmp_path)]
    (tmp_path / "text.py").write_text("".join(f"def f{n}(value):\n    return value * {n}\n" for n in range(200)))
    options = ["--rows", "2", "--length", "64", "--long", "128", "--cursors", "2", "--json"]
    files = ["--html", str(tmp_path / "r.html"), "--markdown", str(tmp_path / "r.md")]
    run = CliRunner().invoke(command, [*models, "--text", str(tmp_path / "text.py"), *options, *files])
    assert run.exit_code == 0, run.output
    result: dict[str, Any] = json.loads(run.stdout)
    full, small = result["models"]
    assert "kl_mean" not in full["text"]
    assert small["text"]["kl_mean"] > 0
    assert small["long"]["predictions"] == 2 * 31
    assert small["bits_per_weight"] < full["bits_per_weight"]
    assert small["completion"]["cursors"] == 2
    assert small["completion"]["fim"] is None
    assert small["completion"]["line"]["low"] <= small["completion"]["line"]["value"]
    assert "line_same" in small["completion"]
    assert small["speed"]["rounds"] == full["speed"]["rounds"] == 3
    page = (tmp_path / "r.html").read_text("utf-8")
    assert page.count("<svg") == 6
    outside = set(re.findall(r"""(?:src|href)=["'](?!#)([^"']+)""", page))
    assert not outside, outside
    table = (tmp_path / "r.md").read_text("utf-8").splitlines()
    assert len(table) == 11
    for rows in (table[:4], table[5:9]):
        assert len({line.count("|") for line in rows}) == 1
        assert rows[2].startswith("| full.gguf")


def test_another_vocabulary_is_an_error(tmp_path: Path) -> None:
    one = write(tmp_path / "1.gguf", RECIPE)
    two = write(tmp_path / "2.gguf", Recipe(vocab="bytes", n_vocab=310))
    (tmp_path / "text").write_text("words and words\n" * 200)
    arguments = [str(one), str(two), "--text", str(tmp_path / "text"), "--rows", "2", "--length", "64", "--long", "0"]
    run = CliRunner().invoke(command, [*arguments, "--cursors", "0", "--no-speed"])
    assert run.exit_code == 1
    assert "another vocabulary" in run.output


def test_names_in_a_report_are_text() -> None:
    entry = {
        "file": "<script>x</script>",
        "file_bytes": 1,
        "bits_per_weight": 4.0,
        "text": {"perplexity": 1.0},
        "text_by_position": [{"from": 1.0, "surprise": 1.0}],
    }
    result = {
        "models": [entry],
        "reference": "<b>",
        "rows": 1,
        "length": 1,
        "long": 0,
        "text": ["<i>"],
        "machine": {"processor": "<u>"},
        "cursors": 0,
    }
    page = report.html(result)
    assert "<script>" not in page
    assert "<i>" not in page
    assert "<u>" not in page


def test_labels_are_short_and_plain() -> None:
    assert plots.labels(["nano-Q8_0.gguf", "nano-Q4_K_M.gguf"]) == ["Q8_0", "Q4_K_M"]
    assert plots.labels(["a$b.gguf"]) == ["a\\$b"]
    assert plots.labels(["same.gguf", "same.gguf"]) == ["same", "same"]
    assert plots.labels(["Q4_K_M.gguf", "Q4_K_S.gguf"]) == ["Q4_K_M", "Q4_K_S"]


def _entry(**changes: Any) -> dict[str, Any]:
    entry = {"file": "m.gguf", "file_bytes": 1, "bits_per_weight": 32.0, "text": {"perplexity": 1.0}}
    return {
        "models": [entry | changes],
        "reference": "m.gguf",
        "rows": 1,
        "length": 1,
        "long": 0,
        "text": ["x"],
        "machine": {"processor": "p"},
        "cursors": 0,
        "notes": ["something is left out"],
    }


def test_a_reference_that_is_quantized_itself_is_called_so() -> None:
    assert "has 8.5 bits a weight itself" in report.setting(_entry(bits_per_weight=8.5))
    assert "itself" not in report.setting(_entry())
    assert "Something is left out." in report.setting(_entry())


def test_what_the_text_or_the_model_is_too_short_for(tmp_path: Path) -> None:
    path = write(tmp_path / "m.gguf", Recipe(vocab="bytes", n_vocab=300, context=256))
    (tmp_path / "text").write_text("words and words\n" * 20)
    arguments = [str(path), str(path), "--text", str(tmp_path / "text"), "--rows", "2", "--length", "64", "--no-speed"]
    run = CliRunner().invoke(command, [*arguments, "--cursors", "0"])
    assert run.exit_code == 1
    assert "was made for 256 tokens" in run.output
    assert "--long 256 or less" in run.output
    run = CliRunner().invoke(command, [*arguments, "--cursors", "0", "--long", "256", "--json"])
    assert run.exit_code == 0, run.output
    assert "long context is left out" in run.stderr
    result = json.loads(run.stdout, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert result["long"] == 0
    assert len(result["notes"]) == 1


def test_the_plots_library_is_asked_for_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "m.gguf", RECIPE)
    (tmp_path / "text").write_text("words\n")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    run = CliRunner().invoke(command, [str(path), "--text", str(tmp_path / "text"), "--html", str(tmp_path / "r.html")])
    assert run.exit_code == 1
    assert "matplotlib is not installed" in run.output
