from __future__ import annotations

from pathlib import Path

import pytest

from iquest_lsp.errors import ModelFileError
from iquest_lsp.runtime.models import catalogue, manager
from iquest_lsp.runtime.models.gguf_header import check_language_model, fingerprint, read_header
from iquest_lsp.runtime.models.split_files import is_later_part, model_stem, parts_of, read_model
from quantize.random_model import Recipe, write
from tests.unit.runtime.models.parts import split


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write(tmp_path / "small.gguf", Recipe(vocab="bytes", n_vocab=300))


def test_all_parts_together_are_the_model(model: Path, tmp_path: Path) -> None:
    paths = split(model, tmp_path, 3)
    whole = read_header(model)
    assert read_model(model) == whole
    for path in paths:  # any of them names the model
        header = read_model(path)
        check_language_model(header)
        assert (header.path, header.parts) == (paths[0], tuple(paths))
        assert {tensor.name: tensor.size for tensor in header.tensors} == {t.name: t.size for t in whole.tensors}
        assert header.file_size == sum(part.stat().st_size for part in paths)
        assert header.parameters == whole.parameters
        assert parts_of(path) == tuple(paths)


def test_names_of_parts() -> None:
    assert model_stem("a.b-00001-of-00003.gguf") == "a.b"
    assert model_stem("a-1-of-3.gguf") == "a-1-of-3"
    assert [is_later_part(f"a-0000{number}-of-00002.gguf") for number in (1, 2)] == [False, True]


def test_what_is_missing_is_named(model: Path, tmp_path: Path) -> None:
    paths = split(model, tmp_path, 3)
    paths[1].unlink()
    with pytest.raises(ModelFileError, match=r"missing beside it: split-00002-of-00003\.gguf"):
        read_model(paths[0])
    renamed = paths[0].rename(tmp_path / "first.gguf")
    with pytest.raises(ModelFileError, match="Call them NAME-00001-of-00003"):
        read_model(renamed)


def test_parts_of_different_models_are_no_model(model: Path, tmp_path: Path) -> None:
    paths = split(model, tmp_path, 2)
    paths[1].write_bytes(paths[0].read_bytes())
    with pytest.raises(ModelFileError, match="do not make one model"):
        read_model(paths[0])


def test_the_fingerprint_follows_each_part(model: Path, tmp_path: Path) -> None:
    paths = split(model, tmp_path, 2)
    before = fingerprint(read_model(paths[0]))
    data = bytearray(paths[1].read_bytes())
    data[-40] ^= 1
    paths[1].write_bytes(data)
    assert fingerprint(read_model(paths[0])) != before


def test_a_model_in_parts_is_added_listed_used_and_removed(model: Path, tmp_path: Path) -> None:
    paths = split(model, tmp_path, 2)
    placed = manager.add(str(paths[1]))
    assert placed == catalogue.model_folder() / "split-00001-of-00002.gguf"
    assert manager.add(str(paths[0])) == placed  # once more changes nothing
    entry = next(entry for entry in catalogue.installed() if entry.name == "split")
    assert entry.header is not None
    assert len(entry.header.parts) == 2
    assert [entry.name for entry in catalogue.installed()] == ["nano", "split"]
    settings = tmp_path / "settings.toml"
    manager.use("split", settings)
    assert settings.read_text() == 'model = "split"\n'
    manager.remove("split")
    assert list(catalogue.model_folder().glob("*")) == []
    assert all(path.exists() for path in paths)
