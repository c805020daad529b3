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


@pytest.mark.slow
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


@pytest.mark.slow
def test_the_extension_carries_what_the_wheel_is_built_from_and_no_runtime(tmp_path: Path) -> None:
    archive = module("vscode-extension/tools/server_archive.py")
    packed = archive.write(tmp_path / "server")
    assert [packed] == list((tmp_path / "server").glob("*.tar.gz"))
    with tarfile.open(packed) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert {"pyproject.toml", "release/wheel_hook.py", "iquest_lsp/runtime/port/build.py", MODEL} <= names
    assert not any("_runtime/" in name or "__pycache__" in name for name in names)


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "vscode-extension" / "tools"))
    return module("vscode-extension/tools/package.py")


LINUX = "iquest_lsp-1.0-py3-none-manylinux_2_28_x86_64.whl"


@pytest.mark.parametrize(
    ("name", "target"),
    [
        (LINUX, "linux-x64"),
        ("iquest_lsp-1.0-py3-none-manylinux_2_36_aarch64.whl", "linux-arm64"),
        ("iquest_lsp-1.0-py3-none-macosx_14_0_arm64.whl", "darwin-arm64"),
        ("iquest_lsp-1.0-py3-none-win_amd64.whl", "win32-x64"),
    ],
)
def test_a_wheel_names_the_platform_of_its_extension(package: ModuleType, name: str, target: str) -> None:
    assert package.target_of(name) == target
    assert ["--target", target] == package.vsce(Path("x.vsix"), Path(name), None)[-4:-2]


def test_a_wheel_for_any_machine_is_no_platform_of_an_editor(package: ModuleType) -> None:
    for name in ("iquest_lsp-1.0-py3-none-any.whl", "iquest_lsp-1.0-py3-none-linux_x86_64.whl"):
        with pytest.raises(package.PackageError, match="for no platform"):
            package.target_of(name)


def test_wheels_for_the_same_or_an_older_system_are_carried(package: ModuleType) -> None:
    found = package.platforms(LINUX)
    assert found[0] == "manylinux_2_28_x86_64"
    assert {"manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux1_x86_64"} <= set(found)
    assert not any("2_29" in tag for tag in found)
    assert package.platforms("iquest_lsp-1.0-py3-none-macosx_14_0_arm64.whl") == ["macosx_14_0_arm64"]
    assert "manylinux1_aarch64" not in package.platforms(LINUX.replace("x86_64", "aarch64"))


def test_what_every_python_takes_lies_in_one_place(package: ModuleType, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("cp311", "cp312")]
    for folder in folders:
        folder.mkdir()
        for name in (LINUX, "pip-1-py3-none-any.whl", f"numpy-1-{folder.name}-{folder.name}-linux_x86_64.whl"):
            (folder / name).touch()
    (folders[0] / "backport-1-py3-none-any.whl").touch()  # an older Python alone needs it
    package.share(folders, tmp_path, LINUX)
    found = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.whl"))
    assert found == [
        "cp311/backport-1-py3-none-any.whl",
        "cp311/numpy-1-cp311-cp311-linux_x86_64.whl",
        "cp312/numpy-1-cp312-cp312-linux_x86_64.whl",
        "pip-1-py3-none-any.whl",
    ]


def test_the_extension_names_a_repository_only_where_one_is_given(package: ModuleType) -> None:
    bare, named = package.manifest(None), package.manifest("https://example.invalid/ann/lsp")
    assert not {"repository", "bugs", "homepage", "scripts"} & set(bare)
    assert named["repository"]["url"] == "https://example.invalid/ann/lsp.git"
    assert "--allow-missing-repository" in package.vsce(Path("x.vsix"), None, None)
    command = package.vsce(Path("x.vsix"), None, "https://example.invalid/ann/lsp")
    assert command[-1] == "https://example.invalid/ann/lsp/raw/HEAD/vscode-extension"
    assert "--allow-missing-repository" not in command


def test_a_packer_that_warns_leaves_no_extension(package: ModuleType, tmp_path: Path) -> None:
    output = tmp_path / "x.vsix"
    packer = [sys.executable, "-c", "import sys; open(sys.argv[1], 'w').close(); print(*sys.argv[2:])", str(output)]
    with pytest.raises(package.PackageError, match="LICENSE not found"):
        package.pack([*packer, "WARNING", "LICENSE not found"], tmp_path, output)
    assert not output.exists()
    package.pack([*packer, "DONE"], tmp_path, output)
    assert output.exists()


def test_the_release_workflow_calls_what_is_there() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
    assert (ROOT / "release" / "dist.py").is_file()
    for path in re.findall(r"tests/[\w/]+(?:\.py)?", text):
        assert (ROOT / path).exists(), path
    for name in re.findall(r"IQUEST_LSP_RUNTIME: (\w+)", text):
        assert name in ("none", *build.KINDS)
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["cibuildwheel"]
    assert settings["environment"]["IQUEST_LSP_RUNTIME"] in build.KINDS
