"""What is published: the wheels' contents, names and size, and that the release's parts agree."""

from __future__ import annotations

import importlib.util
import re
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from iquest_lsp.runtime.port import build

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ("iquest_lsp/_runtime/__init__.py", "iquest_lsp/_runtime/LICENSE.llama.cpp")
MODEL = "iquest_lsp/models/nano.gguf"


def module(path: str) -> ModuleType:
    """A program of the repository that is no part of a package."""
    spec = importlib.util.spec_from_file_location(path.replace("/", "_").removesuffix(".py"), ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = made
    spec.loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def dist() -> ModuleType:
    return module("release/dist.py")


def wheel(path: Path, *names: str, size: int = 0) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"")
        archive.writestr("filling", b"\0" * size)
    return path


def test_a_wheel_has_a_model_and_the_runtime_where_it_is_to_have_one(dist: ModuleType, tmp_path: Path) -> None:
    whole, bare = wheel(tmp_path / "whole.whl", MODEL, *RUNTIME), wheel(tmp_path / "bare.whl", MODEL)
    dist.check(whole, has_runtime=True)
    dist.check(bare, has_runtime=False)
    for path, has_runtime, why in (
        (bare, True, "lacks the runtime"),
        (whole, False, "has a runtime"),
        (wheel(tmp_path / "empty.whl", *RUNTIME), True, "has no model"),
        (wheel(tmp_path / "bold.whl", MODEL, RUNTIME[0]), True, "lacks the licence"),
        (wheel(tmp_path / "huge.whl", MODEL, *RUNTIME, size=dist.MOST_BYTES), True, "60 are allowed"),
    ):
        with pytest.raises(dist.DistError, match=why):
            dist.check(path, has_runtime=has_runtime)


class Build:
    """Stands for build.py: remembers which kind was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ensure_runtime(self, kind: str, _: Any) -> Path:
        self.asked.append(kind)
        return Path("/cache/runtime")

    def install(self, _: Any) -> Path:
        self.asked.append("in the checkout")
        return Path("/checkout/_runtime")


@pytest.mark.parametrize(
    ("wanted", "version", "asked", "platform"),
    [
        (None, "standard", ["native"], True),
        ("portable", "standard", ["portable"], True),
        ("none", "standard", [], False),
        (None, "editable", ["in the checkout"], False),
        ("none", "editable", [], False),
    ],
)
def test_the_hook_puts_the_wanted_runtime_in_and_names_the_platform(
    wanted: str | None, version: str, asked: list[str], platform: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = module("release/wheel_hook.py")
    builder = Build()
    monkeypatch.setattr(hook, "build_module", lambda root: builder)
    monkeypatch.delenv("IQUEST_LSP_RUNTIME", raising=False)
    if wanted is not None:
        monkeypatch.setenv("IQUEST_LSP_RUNTIME", wanted)
    data: dict[str, Any] = {"force_include": {}, "pure_python": True}
    hook.RuntimeHook.initialize(type("Hook", (), {"root": str(ROOT)})(), version, data)
    assert builder.asked == asked
    assert data["force_include"] == ({"/cache/runtime": "iquest_lsp/_runtime"} if platform else {})
    assert data["pure_python"] is not platform
    tag = "py3-none-" + sysconfig.get_platform().replace("-", "_").replace(".", "_")
    assert data.get("tag") == (tag if platform else None)


def test_the_hook_finds_the_build_by_its_path() -> None:
    assert module("release/wheel_hook.py").build_module(ROOT).VERSION == build.VERSION


def test_the_package_names_no_dependency_by_a_path_and_no_llama() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert "dependencies" not in project["dynamic"]
    assert len(project["dependencies"]) > 15
    for requirement in project["dependencies"]:
        assert "@" not in requirement
        assert not requirement.startswith("llama")


def test_the_extension_carries_what_the_wheel_is_built_from_and_no_runtime(tmp_path: Path) -> None:
    archive = module("vscode-extension/tools/server_archive.py")
    archive.EXTENSION = tmp_path
    archive.main()
    (packed,) = (tmp_path / "server").glob("*.tar.gz")
    with tarfile.open(packed) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert {"pyproject.toml", "release/wheel_hook.py", "iquest_lsp/runtime/port/build.py", MODEL} <= names
    assert not any("_runtime/" in name or "__pycache__" in name for name in names)


def test_the_release_workflow_calls_what_is_there() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
    assert (ROOT / "release" / "dist.py").is_file()
    for path in re.findall(r"tests/[\w/]+", text):
        assert (ROOT / path).exists(), path
    for name in re.findall(r"IQUEST_LSP_RUNTIME: (\w+)", text):
        assert name in ("none", *build.KINDS)
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["cibuildwheel"]
    assert settings["environment"]["IQUEST_LSP_RUNTIME"] in build.KINDS
