"""The user's models: added, fetched, chosen if they fit, removed; nothing half done and nothing lost."""

from __future__ import annotations

import json
import types
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from iquest_lsp.cli import cli
from iquest_lsp.errors import (
    EngineMemoryError,
    ModelFileError,
    SettingsError,
    UnsupportedModelError,
    UsageError,
)
from iquest_lsp.runtime.models import catalogue, manager
from iquest_lsp.settings import read_toml
from quantize import synth
from quantize.gguf_edit import Entry, RawFile
from quantize.importance import Importance
from quantize.random_model import Recipe, write

pytestmark = pytest.mark.usefixtures("home")


def test_a_file_is_added_without_a_second_copy(model: Path) -> None:
    placed = manager.add(str(model))
    assert placed == catalogue.model_folder() / "small.gguf"
    assert placed.samefile(model)
    assert manager.add(str(model)) == placed  # once more changes nothing
    assert manager.add(str(model), "other").name == "other.gguf"
    assert [entry.name for entry in catalogue.installed()] == ["nano", "other", "small"]


def test_what_is_no_model_is_not_added(tmp_path: Path, model: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(model.read_bytes()[:1000])
    with pytest.raises(ModelFileError):
        manager.add(str(tmp_path / "bad.gguf"))
    for name in ("../x", "nano", "a/b", ".hidden"):
        with pytest.raises(UsageError):
            manager.add(str(model), name)
    for missing in ("/does/not/exist.gguf", "models/mistyped.gguf", ""):
        with pytest.raises(ModelFileError, match="no file"):
            manager.add(missing)
    assert not list(catalogue.model_folder().glob("*"))


def test_names_that_are_not_given(tmp_path: Path, model: Path) -> None:
    for name, expected in (("my model (1).gguf", "my-model-1"), ("größe.gguf", "größe"), ("Nano.gguf", "Nano-gguf")):
        path = tmp_path / name
        path.write_bytes(model.read_bytes())
        assert manager.add(str(path)).stem == expected


def test_what_is_no_language_model_is_neither_added_nor_used(tmp_path: Path, model: Path) -> None:
    matrix = tmp_path / "matrix.gguf"
    Importance({"blk.0.attn_q.weight": np.ones(64)}, {"blk.0.attn_q.weight": 1.0}, ("x",), 1, 32).write(matrix)
    part = tmp_path / "part.gguf"
    RawFile.read(model).with_entries({"split.count": Entry.of(3)}).write(part)
    for path, why in ((matrix, "kind 'imatrix'"), (part, "one of 3 parts")):
        with pytest.raises(ModelFileError, match=why):
            manager.add(str(path))
        with pytest.raises(ModelFileError, match=why):
            manager.use(str(path), tmp_path / "settings.toml")
    assert not (tmp_path / "settings.toml").exists()
    folder = catalogue.model_folder()
    folder.mkdir(parents=True)
    matrix.rename(folder / "matrix.gguf")  # put there by hand
    assert "imatrix" in catalogue.installed()[-1].problem


def test_a_folder_is_not_taken_for_a_repository(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "owner" / "name").mkdir(parents=True)
    with pytest.raises(ModelFileError, match="holds no GGUF"):
        manager.add("owner/name")
    (tmp_path / "owner" / "name" / "config.json").write_text("{}")
    with pytest.raises(ModelFileError, match="quantize convert"):
        manager.add("owner/name")
    model.rename(tmp_path / "owner" / "name" / "small.gguf")
    with pytest.raises(ModelFileError, match=r"it holds small\.gguf"):
        manager.add("owner/name")


def test_another_disk_without_room(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("another disk")

    monkeypatch.setattr(manager.os, "link", refuse)
    monkeypatch.setattr(manager.shutil, "disk_usage", lambda _: types.SimpleNamespace(free=10))
    with pytest.raises(ModelFileError, match="no room"):
        manager.add(str(model))
    assert not list(catalogue.model_folder().glob("*"))
    monkeypatch.undo()


def test_another_file_of_the_same_name_is_not_replaced(tmp_path: Path, model: Path) -> None:
    placed = manager.add(str(model))
    before = placed.read_bytes()
    other = write(tmp_path / "b" / "small.gguf", Recipe(seed=1)) if (tmp_path / "b").mkdir() is None else model
    with pytest.raises(UsageError, match="already"):
        manager.add(str(other))
    assert placed.read_bytes() == before


@pytest.mark.slow
def test_use_plans_first_and_writes_only_the_model(tmp_path: Path, model: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text('# mine\nthreads = 2\nmodel = "old"  \n\n[workspace]\nmodel = "kept"\n')
    manager.add(str(model))
    plan = manager.use("small", settings, memory=2 * 10**9)
    assert "4096 tokens" in plan
    assert settings.read_text() == '# mine\nthreads = 2\nmodel = "small"\n\n[workspace]\nmodel = "kept"\n'
    manager.use("nano", settings, memory=2 * 10**9)
    assert read_toml(settings)["model"] == ""
    manager.use(str(model), tmp_path / "new" / "settings.toml", memory=2 * 10**9)
    assert read_toml(tmp_path / "new" / "settings.toml") == {"model": str(model.resolve())}


@pytest.mark.slow
def test_use_takes_a_small_model_that_drafts_and_gives_it_up_with_the_large_one(tmp_path: Path, model: Path) -> None:
    settings, asked = tmp_path / "settings.toml", list[tuple[Path, Path]]()
    manager.add(str(model))
    plan = manager.use(
        "nano", settings, memory=2 * 10**9, draft="small", check=lambda large, small: asked.append((large, small))
    )
    assert plan.endswith("drafts for it")
    assert [small.stem for _, small in asked] == ["small"]
    assert read_toml(settings) == {"model": "", "draft_model": "small"}
    manager.use("small", settings, memory=2 * 10**9)
    assert read_toml(settings) == {"model": "small", "draft_model": ""}

    def refuse(large: Path, small: Path) -> None:
        raise UnsupportedModelError("small.gguf cannot draft for nano.gguf", why="their vocabularies differ")

    with pytest.raises(UnsupportedModelError, match="their vocabularies differ"):
        manager.use("nano", settings, memory=2 * 10**9, draft="small", check=refuse)
    assert read_toml(settings)["model"] == "small"  # nothing was changed


def test_a_broken_settings_file_is_left_alone(tmp_path: Path, model: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text("model = \n")
    with pytest.raises(SettingsError):
        manager.use(str(model), settings, memory=2 * 10**9)
    assert settings.read_text() == "model = \n"


@pytest.mark.slow
def test_what_cannot_fit_is_refused_with_the_nearest_that_can(tmp_path: Path, model: Path) -> None:
    manager.add(str(model))
    big = write(tmp_path / "big.gguf", Recipe(n_vocab=60_000, n_embd=512, n_head=4, n_head_kv=2))
    manager.add(str(big))
    settings = tmp_path / "settings.toml"
    with pytest.raises(EngineMemoryError, match=r"nearest that fits is (nano|small)"):
        manager.use("big", settings, memory=250 * 10**6)
    assert not settings.exists()
    with pytest.raises(EngineMemoryError, match="No installed model fits"):
        manager.use("big", settings, memory=10**6)


def test_removing(model: Path) -> None:
    manager.add(str(model))
    with pytest.raises(UsageError, match="in use"):
        manager.remove("small", "small")
    with pytest.raises(UsageError, match="part of the package"):
        manager.remove("nano")
    with pytest.raises(ModelFileError):
        manager.remove("unknown")
    assert not manager.remove("small").exists()
    assert model.exists()


def test_known_models_and_what_they_need() -> None:
    rows = {row["name"]: row for row in manager.known_rows()}
    seven = rows["LoopCoder-V2-7B"]
    assert 4.3e9 < seven["size_bytes"] < 4.8e9  # about 4.5 GB at 4 bits
    kv = 131_072 * 56 * 1024  # 56 KiB a token, and the second pass' windows
    assert kv < seven["memory"]["131072"] - seven["size_bytes"] < 1.2 * kv
    assert 22e9 < rows["IQuest-Coder-V1-40B-Loop"]["size_bytes"] < 26e9
    for row in rows.values():
        assert row["memory"]["8192"] < row["memory"]["32768"] < row["memory"]["131072"]


def test_a_known_model_that_is_not_here(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"not here yet.*IQuestLab/IQuest-Coder-V1-7B-Instruct"):
        manager.use("iquest-coder-v1-7b", tmp_path / "settings.toml", memory=16 * 10**9)
    with pytest.raises(EngineMemoryError, match="IQuest-Coder-V1-14B at 4 bits"):
        manager.use("IQuest-Coder-V1-40B-Loop", tmp_path / "settings.toml", memory=16 * 10**9)
    assert not (tmp_path / "settings.toml").exists()


def test_known_models_are_of_the_size_that_the_quantizer_gives_them() -> None:
    for name, geometry in (("LoopCoder-V2-7B", "7b-plt"), ("IQuest-Coder-V1-40B-Loop", "40b-loop")):
        known = next(model for model in manager.KNOWN if model.name == name).header
        exact = synth.header_of(synth.GEOMETRIES[geometry])
        assert known.file_size == pytest.approx(exact.file_size, rel=0.01)
        for context, needed in manager.needs(known).items():
            assert needed == pytest.approx(manager.needs(exact)[context], rel=0.01)


@pytest.mark.slow
def test_the_commands(model: Path, tmp_path: Path) -> None:
    run = CliRunner()
    added = run.invoke(cli, ["models", "add", str(model), "--json"])
    assert json.loads(added.stdout)["name"] == "small"
    listed = json.loads(run.invoke(cli, ["models", "list", "--json"]).stdout)
    assert [row["name"] for row in listed["models"]] == ["nano", "small"]
    assert set(listed["models"][1]["memory"]) == {"8192", "32768", "131072"}
    assert listed["models"][1]["memory"]["131072"] is None
    assert run.invoke(cli, ["models", "use", "small", "--json"]).exit_code == 0
    refused = run.invoke(cli, ["models", "remove", "small"])
    assert refused.exit_code == 2
    assert run.invoke(cli, ["models", "use", "nano"]).exit_code == 0
    assert run.invoke(cli, ["models", "remove", "small"]).exit_code == 0
    assert run.invoke(cli, ["models", "add", "no such thing"]).exit_code == 1
    told = json.loads(run.invoke(cli, ["models", "info", "loopcoder-v2-7b", "--json"]).stdout)
    assert (told["name"], told["here"], told["passes"]) == ("LoopCoder-V2-7B", False, 2)
    assert told["memory at 8K"] < told["memory at 128K"]
