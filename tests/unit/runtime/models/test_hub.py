"""Models fetched from a repository of Hugging Face, of which a double stands in."""

from __future__ import annotations

import hashlib
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from iquest_lsp.errors import (
    ModelFetchError,
    UsageError,
)
from iquest_lsp.runtime.models import catalogue, manager
from iquest_lsp.runtime.models.split_files import read_model
from tests.unit.runtime.models.parts import split

pytestmark = pytest.mark.usefixtures("home")


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
