"""The user's models: added, fetched, chosen if they fit, removed; nothing half done and nothing lost."""

from __future__ import annotations

import hashlib
import json
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from iquest_lsp.cli import cli
from iquest_lsp.errors import (
    EngineMemoryError,
    ModelFetchError,
    ModelFileError,
    SettingsError,
    UnsupportedModelError,
    UsageError,
)
from iquest_lsp.runtime.models import catalogue, manager
from iquest_lsp.runtime.models.split_files import read_model
from iquest_lsp.settings import read_toml
from quantize import synth
from quantize.gguf_edit import Entry, RawFile
from quantize.importance import Importance
from quantize.random_model import Recipe, write
from tests.unit.runtime.models.parts import split


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write(tmp_path / "small.gguf", Recipe(vocab="bytes", n_vocab=300))


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


# ------------------------------------------------------------------------------------------------ fetching


class _Hub:
    """Stands in for huggingface_hub: one repository, files on disk."""

    def __init__(self, files: dict[str, Path], digest: str = "") -> None:
        self.files, self.digest, self.offline = files, digest, []

    def HfApi(self) -> _Hub:  # noqa: N802  the library's name
        return self

    def model_info(self, repository: str, files_metadata: bool) -> Any:
        assert files_metadata
        entries = [
            types.SimpleNamespace(
                rfilename=name,
                size=path.stat().st_size,
                lfs={"sha256": self.digest or hashlib.sha256(path.read_bytes()).hexdigest()},
            )
            for name, path in self.files.items()
        ]
        return types.SimpleNamespace(siblings=entries)

    def hf_hub_download(self, repository: str, file: str, local_files_only: bool) -> str:
        self.offline.append(local_files_only)
        return str(self.files[file])


def _install(monkeypatch: pytest.MonkeyPatch, hub: Any) -> None:
    real = pytest.importorskip("huggingface_hub.errors")
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    monkeypatch.setitem(sys.modules, "huggingface_hub.errors", real)


def test_a_repository_is_fetched_and_checked(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = _Hub({"small-Q4_K_M.gguf": model, "README.md": model})
    _install(monkeypatch, hub)
    assert manager.add("owner/name").name == "small-Q4_K_M.gguf"
    assert manager.add("hf:owner/name", "two", pattern="small-Q4_K_M.gguf", offline=True).name == "two.gguf"
    assert hub.offline == [False, True]


def test_several_files_are_listed(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, _Hub({"a-Q4.gguf": model, "a-Q8.gguf": model}))
    with pytest.raises(UsageError, match=r"a-Q4\.gguf .*a-Q8\.gguf"):
        manager.add("owner/name")
    assert manager.add("owner/name", pattern="*Q8*").name == "a-Q8.gguf"


def test_a_wrong_checksum_is_not_added(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, _Hub({"a.gguf": model}, digest="0" * 64))
    with pytest.raises(ModelFetchError, match="SHA-256"):
        manager.add("owner/name")
    assert not list(catalogue.model_folder().glob("*"))


def test_a_repository_without_gguf(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(monkeypatch, _Hub({"model.safetensors": model}))
    with pytest.raises(ModelFetchError, match="quantize convert"):
        manager.add("owner/name")


def test_all_parts_of_a_model_are_fetched(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = {f"q4/{path.name}": path for path in split(model, tmp_path, 2, "a-Q4")}
    hub = _Hub({**parts, "a-Q8-00001-of-00001.gguf": model})
    _install(monkeypatch, hub)
    with pytest.raises(UsageError, match=r"a-Q8-00001-of-00001\.gguf .*q4/a-Q4-00001-of-00002"):
        manager.add("owner/name")
    for number, pattern in enumerate(("*Q4*", "q4/a-Q4-00002-of-00002.gguf")):
        placed = manager.add("owner/name", f"m{number}", pattern=pattern)
        assert placed.name == f"m{number}-00001-of-00002.gguf"
        assert len(read_model(placed).parts) == 2
    assert manager.add("https://huggingface.co/owner/name", pattern="*Q8*").name == "a-Q8.gguf"
    hub.files.pop("q4/a-Q4-00002-of-00002.gguf")
    with pytest.raises(ModelFetchError, match=r"lacks parts of the model .*: q4/a-Q4-00002-of-00002\.gguf"):
        manager.add("owner/name", pattern="*Q4*")


def test_without_the_package_the_way_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ModelFetchError, match="pip install huggingface_hub"):
        manager.add("owner/name")


@pytest.mark.slow
def test_the_real_package_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("huggingface_hub")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    with pytest.raises(ModelFetchError, match=r"network|connection"):
        manager.add("owner/name", pattern="x.gguf", offline=True)
    with pytest.raises(ModelFetchError, match="connection"):
        manager.add("owner/name")


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
