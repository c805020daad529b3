"""The architecture search: costs against the model itself, equal compute, runs that are not made twice."""

# ruff: noqa: E402  (what needs torch is imported after the check for it)

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason='training needs the workshop extra: pip install ".[workshop]"')

from torch.utils.flop_counter import FlopCounterMode

from iquest_lsp.errors import UsageError
from quantize.pretrain import costs, reader, search, sections, tokenizer, variants
from quantize.pretrain.model import BLOCK, LoopModel
from quantize.pretrain.recipe import ModelRecipe, TrainRecipe
from quantize.pretrain.run import Run

pytestmark = pytest.mark.torch
SHIPPED = Path(search.__file__).with_name("nano.search.toml")
TINY = variants.Search(
    "smoke.toml", operations=3e8, continued=2e8, batch=2, length=96, pieces=4, characters=300, threads=1, half=False
)
SHAPES = (
    variants.Variant("two passes"),
    variants.Variant("one pass", {"passes": 1}),
    variants.Variant("fewer tokens", vocabulary=300),
    variants.Variant("goes on", start="base"),
    variants.Variant("unrolled", {"passes": 1, "layers": 4}, start="unrolled"),
)


@pytest.mark.parametrize("passes", [1, 2])
def test_operations_are_those_that_torch_counts(passes: int) -> None:
    shape = ModelRecipe(
        width=64, layers=3, heads=4, kv_heads=2, head_size=16, feed_forward=96, window=16, passes=passes
    )
    model = LoopModel(shape, 500)
    length = BLOCK
    with FlopCounterMode(display=False) as counter:
        model.logits(model.hidden(torch.zeros((1, length), dtype=torch.long), passes)[-1])
    # torch computes whole blocks of scores, of which half lie in the future, and two windows of keys for each query.
    wasted = 4 * 3 * 4 * 16 * (passes * (length - length / 2) + (passes - 1) * (2 * 16 - 16)) * length
    counted = costs.training_operations(shape, 500, length, passes, 0.0) / costs.FORWARD_AND_BACKWARD * length
    assert counter.get_total_flops() == pytest.approx(counted + wasted, rel=1e-6)


def test_weights_are_those_of_the_model() -> None:
    shape = ModelRecipe(width=64, layers=3, heads=4, kv_heads=2, head_size=16, feed_forward=96)
    matrices = sum(item.numel() for item in LoopModel(shape, 500).matrices())
    assert 3 * costs.layer_weights(shape) == matrices
    read = costs.decode_bytes(shape, 500, 0)
    assert read == (2 * matrices + 500 * 64) * costs.WEIGHT_BYTES


def test_every_shipped_variant_gets_the_same_compute() -> None:
    plan, recipe = variants.read(SHIPPED)
    for variant in plan.variants:
        shape = variant.shape(recipe.model)
        size = variant.vocabulary or recipe.tokenizer.vocabulary
        train = variants.plan(plan, variant, shape, size, recipe.train)
        spent = sum(
            phase.steps
            * phase.batch
            * phase.length
            * costs.training_operations(shape, size, phase.length, phase.passes, phase.first_pass_loss)
            for phase in train.phases
        )
        assert spent == pytest.approx(plan.continued if variant.start else plan.operations, rel=0.02), variant.name


def test_shapes_called_of_equal_cost_are() -> None:
    plan, recipe = variants.read(SHIPPED)
    sizes = {
        v.name: costs.layer_weights(s) * s.layers * s.passes for v in plan.variants if (s := v.shape(recipe.model))
    }
    for name, size in sizes.items():
        if "equal cost" in name:
            assert size == pytest.approx(sizes[plan.variants[0].name], rel=0.02), name


def test_runs_are_made_once_and_compared(finished: tuple[Run, Path], tmp_path: Path) -> None:
    run, path = finished
    cleaned, clean_key = run.stages.clean()
    rows, _ = run.stages.pack(cleaned, *run.stages.tokenizer(cleaned, clean_key))
    material = search.Material(reader.read(path), rows, cleaned.train, cleaned.held_out)

    def runs() -> search.Runs:
        return search.Runs(TINY, run.recipe, material, tmp_path, lambda _: None)

    made = [runs().run(variant) for variant in SHAPES]
    before = {item: item.stat().st_mtime_ns for item in tmp_path.rglob("result.json")}
    assert [runs().run(variant) for variant in SHAPES] == made
    assert {item: item.stat().st_mtime_ns for item in tmp_path.rglob("result.json")} == before
    table = search.table(made)
    assert table[0]["saved"]["value"] == table[3]["saved"]["value"] == 0.0
    assert table[3]["bits_per_byte"]["value"] < table[0]["bits_per_byte"]["value"] < 8.0
    assert made[1]["tokens"] > made[0]["tokens"]
    files = [reader.read(path) for variant in SHAPES if (path := runs().model_file(variant)) is not None]
    assert [file.model.recipe.passes for file in files] == [2, 1, 2, 2, 1]
    assert files[2].tokenizer.get_vocab_size() == 300
    assert files[4].model.recipe.layers == 4


def test_costs_are_told_before_anything_is_trained(finished: tuple[Run, Path], tmp_path: Path) -> None:
    run, path = finished
    material = search.Material(reader.read(path), tmp_path, (), ())
    runs = search.Runs(TINY, run.recipe, material, tmp_path, lambda _: None)
    assert not any(runs.is_done(variant) for variant in SHAPES)
    file = runs.model_file(SHAPES[2])
    assert file is not None
    assert reader.read(file).tokenizer.get_vocab_size() == 300
    assert runs.model_file(variants.Variant("more tokens", vocabulary=5000)) is None
    report: dict[str, Any] = {"context": 64, "operations": 1.0, "continued": 1.0, "pieces": 1, "characters": 9}
    report["runs"] = [runs.costs(variant) for variant in SHAPES]
    text = sections.search(report)
    assert "have not been made" in text
    assert "| one pass |" in text


def test_a_shorter_vocabulary_spells_the_same_text(finished: tuple[Run, Path]) -> None:
    old = reader.read(finished[1]).tokenizer
    new = search.resized(old, 320)
    text = 'def f(x):\n    return {"é": x}\n'
    assert new.decode(new.encode(text).ids) == text
    assert max(new.get_vocab().values()) == 319
    file = tokenizer.special_ids(old)[tokenizer.FILE]
    rows = np.array([[file, *old.encode(text).ids]], np.uint16)
    again = search.retokenized(np.repeat(rows, 20, 0), old, new).reshape(-1).tolist()
    joined = new.decode(again, skip_special_tokens=False)
    assert (tokenizer.FILE + text) * 10 in joined


def test_unrolled_layers_are_copies(finished: tuple[Run, Path]) -> None:
    file = reader.read(finished[1])
    unrolled = search.begun(file, "unrolled").model
    assert unrolled.recipe.layers == 2 * file.model.recipe.layers
    assert torch.equal(unrolled.down[: file.model.recipe.layers], file.model.down)
    ids = torch.arange(30)[None]
    alone, first = search.begun(file, "first").model, file.model
    assert torch.equal(alone.hidden(ids, 1)[0], first.hidden(ids, 2)[0])
    with pytest.raises(UsageError, match="no way to begin"):
        search.begun(file, "sideways")


def test_bad_searches_are_told(tmp_path: Path) -> None:
    path = tmp_path / "x.search.toml"
    path.write_text('base = "nano.toml"\noperations = 1.0\nbatches = 3\n')
    with pytest.raises(UsageError, match="batches"):
        variants.read(path)
    path.write_text('base = "nano.toml"\noperations = 1.0\n')
    with pytest.raises(UsageError, match="needs variants"):
        variants.read(path)
    with pytest.raises(UsageError, match="cannot be made"):
        variants.Variant("odd", {"depth": 3}).shape(ModelRecipe())


def test_one_pass_trains_no_second_phase() -> None:
    one = variants.plan(TINY, SHAPES[1], ModelRecipe(passes=1), 400, TrainRecipe())
    two = variants.plan(TINY, SHAPES[0], ModelRecipe(passes=2), 400, TrainRecipe())
    assert [phase.passes for phase in one.phases] == [1]
    assert [phase.passes for phase in two.phases] == [1, 2]
    assert dataclasses.replace(one, phases=()).matrix_rate == TrainRecipe().matrix_rate
