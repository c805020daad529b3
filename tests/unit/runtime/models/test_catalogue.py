"""Which models there are: the embedded one, those in the user's folder, files by their path."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from iquest_lsp.errors import ModelFileError
from iquest_lsp.runtime.models import catalogue


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of models, empty."""
    monkeypatch.setattr(catalogue, "model_folder", lambda: tmp_path)
    return tmp_path


def test_the_embedded_model_comes_first_and_is_what_no_name_means(folder: Path) -> None:
    assert [(item.name, item.source) for item in catalogue.installed()] == [("nano", "embedded")]
    assert catalogue.resolve("") == catalogue.resolve("nano") == catalogue.embedded_path()


def test_a_file_in_the_users_folder_is_known_by_its_name(folder: Path) -> None:
    shutil.copy(catalogue.embedded_path(), folder / "mine.gguf")
    (folder / "notes.txt").write_text("no model")
    entries = {item.name: item for item in catalogue.installed()}
    assert set(entries) == {"nano", "mine"}
    assert entries["mine"].header is not None
    assert catalogue.resolve("mine") == folder / "mine.gguf"


def test_a_file_that_cannot_be_used_is_listed_with_what_is_wrong(folder: Path) -> None:
    (folder / "broken.gguf").write_bytes(b"GGUF")
    entry = catalogue.installed()[1]
    assert (entry.name, entry.header) == ("broken", None)
    assert entry.problem


def test_any_other_file_is_given_by_its_path(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "other" / "x.gguf"
    file.parent.mkdir()
    shutil.copy(catalogue.embedded_path(), file)
    assert catalogue.resolve(str(file)) == file.resolve()
    with pytest.raises(ModelFileError, match="There is no model 'x'"):
        catalogue.resolve("x")


def test_without_the_embedded_model_it_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "embedded_path", lambda: folder / "gone.gguf")
    assert catalogue.installed() == []
    with pytest.raises(ModelFileError, match="not in this installation"):
        catalogue.resolve("")
