"""The pipeline from recipe to model file."""

# ruff: noqa: E402  (what needs torch is imported after the check for it)

from __future__ import annotations

import dataclasses
import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason='training needs the workshop extra: pip install ".[workshop]"')

from iquest_lsp.errors import UsageError
from quantize.pretrain import card, contestants, evaluate, figures, inventory, reader, recipe, sections, train
from quantize.pretrain.judge import Judge
from quantize.pretrain.kept import Kept
from quantize.pretrain.manifest import Places
from quantize.pretrain.places import WITH
from quantize.pretrain.run import Run
from quantize.pretrain.stages import Stages
from tests.unit.pretrain.conftest import MakeRun

pytestmark = pytest.mark.torch


def test_an_interrupted_run_ends_with_the_same_weights(finished: tuple[Run, Path], make_run: MakeRun) -> None:
    whole = finished[0].trainer
    for until in (3, 7, 9, None):
        again = make_run("interrupted")
        again.train(until)
    assert again.trainer.step == whole.step == 11
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(weight, again.trainer.model.state_dict()[name]), name
    curves = [card.read_curve(item.folder / "curve.csv")[-1] for item in (whole, again.trainer)]
    assert curves[0].held_out == curves[1].held_out


def test_the_last_checkpoint_can_be_written_at_any_time(make_run: MakeRun, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no checkpoint"):
        make_run("so-far").so_far("part", tmp_path)
    make_run("so-far").train(3)
    path = make_run("so-far").so_far("part", tmp_path)
    assert (path, (tmp_path / "part.curve.csv").exists()) == (tmp_path / "part.gguf", True)
    whole = reader.read(path).model.state_dict()
    for name, weight in make_run("so-far").trainer.model.state_dict().items():
        assert whole[name].shape == weight.shape, name


def test_a_flat_run_goes_on_when_its_steps_change(make_run: MakeRun) -> None:
    make_run("longer").train(3)
    run = make_run("longer")
    longer = tuple(dataclasses.replace(phase, steps=phase.steps + 5) for phase in run.recipe.train.phases)
    run.recipe = dataclasses.replace(run.recipe, train=dataclasses.replace(run.recipe.train, phases=longer))
    run.stages.recipe = run.recipe
    run.train(5)
    assert run.trainer.step == 5


def test_training_learns(finished: tuple[Run, Path]) -> None:
    curve = card.read_curve(finished[0].trainer.folder / "curve.csv")
    assert curve[-1].held_out < curve[0].held_out < 8.0
    assert [point.passes for point in curve] == [1, 2, 2]


def test_a_schedule_cannot_change_once_the_anneal_has_begun(finished: tuple[Run, Path], make_run: MakeRun) -> None:
    run = make_run("finished")
    longer = tuple(dataclasses.replace(phase, steps=phase.steps + 5) for phase in run.recipe.train.phases)
    run.recipe = dataclasses.replace(run.recipe, train=dataclasses.replace(run.recipe.train, phases=longer))
    run.stages.recipe = run.recipe
    assert run.trainer.folder == finished[0].trainer.folder
    with pytest.raises(UsageError, match="schedule"):
        run.trainer.run()


def test_a_run_goes_on_from_a_model_file(finished: tuple[Run, Path], smoke: Path, tmp_path: Path) -> None:
    first, start = finished
    hashed = hashlib.sha256(start.read_bytes()).hexdigest()
    plan = dataclasses.replace(first.recipe, train=dataclasses.replace(first.recipe.train, start=hashed, before=7))
    with pytest.raises(UsageError, match="another model file"):
        Run(plan, smoke, tmp_path, Places(), print)
    other = tmp_path / "other.gguf"
    other.write_bytes(start.read_bytes() + b" ")
    with pytest.raises(UsageError, match="another model file"):
        Run(plan, smoke, tmp_path, Places(), print, other)
    run = Run(plan, smoke, tmp_path, Places(), print, start)
    read = reader.read(start)
    for name, weight in read.model.state_dict().items():
        assert torch.equal(weight, run.trainer.model.state_dict()[name]), name
    cleaned, key = run.stages.clean()
    assert run.stages.tokenizer(cleaned, key)[0].get_vocab() == read.tokenizer.get_vocab()
    wider = dataclasses.replace(plan, model=dataclasses.replace(plan.model, feed_forward=128))
    with pytest.raises(UsageError, match="gate_up"):
        _ = Run(wider, smoke, tmp_path, Places(), print, start).trainer


def test_the_card_tells_what_was_measured(finished: tuple[Run, Path], smoke: Path) -> None:
    run, path = finished
    shutil.copyfile(path.parent / "curve.csv", smoke.with_suffix(".curve.csv"))
    judge = Judge(run.recipe, smoke, run.stages, print)
    found = judge.evaluate(path)
    assert found["bits_per_byte"]["pass 2"]["value"] < 8.0
    assert 0.0 <= found["first_pass"]["agreement"] <= 1.0
    page = judge.card(path, found)[0].read_text()
    assert f"{found['bits_per_byte']['pass 2']['value']:.3f}" in page
    assert ("Whole bodies" in page) == ("blocks" in found)
    assert judge.known() == found


def test_a_file_is_scored_without_its_checkpoint(finished: tuple[Run, Path], smoke: Path, tmp_path: Path) -> None:
    run, path = finished
    alone = tmp_path / "smoke.gguf"
    shutil.copyfile(path, alone)
    said: list[str] = []
    stages = Stages(run.recipe, tmp_path / "work", Places(), smoke.with_suffix(".manifest.csv"), said.append)
    judge = Judge(run.recipe, smoke, stages, said.append)
    found = judge.evaluate(alone)
    assert found == Judge(run.recipe, smoke, run.stages, print).evaluate(path)
    said.clear()
    assert judge.evaluate(alone, measure=False) == judge.evaluate(alone) == found
    assert not any(line.startswith("bits-model") for line in said), "measured again"


def test_figures_of_a_part_of_the_evaluation(finished: tuple[Run, Path], smoke: Path, tmp_path: Path) -> None:
    run, path = finished
    whole = Judge(run.recipe, smoke, run.stages, print).evaluate(path)
    cleaned, _ = run.stages.clean()
    trials = evaluate.Trials(cleaned.held_out, reader.read(path), run.recipe.evaluate)
    kept = Kept(tmp_path, lambda _: None)
    assert figures.figures(trials, kept)["rest_of_line"][WITH] == {}
    kept.each("bits-model", 3, lambda at: contestants.model_bits(trials.file, trials.windows[at]))
    part = figures.figures(trials, kept)
    assert part["windows"] == part["bits_per_byte"]["pass 2"]["windows"] == 3
    assert "fewer_than_floor" not in part
    assert 0 < part["bytes"] < whole["bytes"]
    assert "model, pass 2" in sections.results(part, [])
    assert sections.results({}, []) == ""


def test_the_schedule_rises_stays_and_falls(finished: tuple[Run, Path]) -> None:
    factors = [finished[0].trainer.factor(step) for step in range(11)]
    assert factors[0] == 0.5
    assert factors[1:9] == [1.0] * 8
    assert factors[8] > factors[9] > factors[10] > 0.02


def test_stages_are_found_again(finished: tuple[Run, Path], make_run: MakeRun) -> None:
    said: list[str] = []
    run = make_run("finished")
    run.stages.say = said.append
    assert run.trainer.folder == finished[0].trainer.folder
    assert said == []


def test_rows_hold_the_layout(finished: tuple[Run, Path]) -> None:
    run, _ = finished
    cleaned, clean_key = run.stages.clean()
    tokenizer, key = run.stages.tokenizer(cleaned, clean_key)
    folder, _ = run.stages.pack(cleaned, tokenizer, key)
    rows = np.load(folder / "rows-128.npy")
    assert rows.shape == (24, 129)
    text = "".join(tokenizer.decode(row.tolist(), skip_special_tokens=False) for row in rows)
    assert "<|fim_prefix|><|fim_suffix|>" in text
    assert text.count("<|fim_middle|>") > 10
    assert "<|file_sep|>email/" in text
    assert "json/" not in text


def test_the_manifest_pins_what_is_learned_from(finished: tuple[Run, Path], make_run: MakeRun, smoke: Path) -> None:
    run, _ = finished
    cleaned, _ = run.stages.clean()
    made = inventory.inventory(cleaned, "some hash")
    path = smoke.with_name("pinned.csv")
    inventory.write(path, made)
    assert inventory.read(path) == made
    chosen, missing = made.select(reversed([*cleaned.train, *cleaned.held_out]))
    assert (chosen.train, chosen.held_out, missing) == (cleaned.train, cleaned.held_out, [])
    _, missing = made.select(cleaned.train[1:])
    assert {item.package for item in missing} == {"learned", "held"}


def test_a_misspelt_key_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text('name = "x"\n[train]\nwarmpu = 3\n')
    with pytest.raises(UsageError, match="warmpu"):
        recipe.load(path)


def test_the_shipped_recipe_loads() -> None:
    plan = recipe.load(Path(train.__file__).with_name("nano.toml"))
    assert plan.model.heads & (plan.model.heads - 1) == 0
    assert plan.model.width % 32 == plan.model.feed_forward % 32 == 0
