"""Models from wheels: fetched through pip, checked, taken out; nothing half done, nothing done twice, clear errors."""

from __future__ import annotations

import hashlib
import re
import sys
import types
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from iquest_lsp.cli import cli
from iquest_lsp.errors import ModelFetchError, ModelFileError, UsageError
from iquest_lsp.runtime.models import catalogue, manager, packaged
from quantize.random_model import Recipe, write

MEMBER = "some_package/Model.gguf"
#: A program that is called as pip is: notes that it ran, says something, and leaves a file or fails.
PIP = """
import pathlib, shutil, sys
folder = pathlib.Path(sys.argv[sys.argv.index("--dest") + 1])
pathlib.Path({runs!r}).open("a").write(pathlib.Path(sys.argv[-1]).read_text())
source, said, status = {source!r}, {said!r}, {status!r}
if source:
    shutil.copy(source, folder / "small-1.0-py3-none-any.whl")
sys.stderr.write(said)
sys.exit(status)
"""


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class World:
    """A package with a tiny model, and a pip that fetches it from a folder."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.runs = folder / "runs.txt"
        self._monkeypatch = monkeypatch
        file = write(folder / "model.gguf", Recipe(vocab="bytes", n_vocab=300))
        self.wheel = self.pack(file)
        self.model = replace(
            packaged.PACKAGED[0],
            name="small",
            package="small",
            version="1.0",
            wheel=self.wheel.name,
            wheel_size=self.wheel.stat().st_size,
            wheel_digest=sha256(self.wheel),
            member=MEMBER,
            size=file.stat().st_size,
            digest=sha256(file),
        )
        monkeypatch.setattr(packaged, "PACKAGED", (self.model,))
        self.pip(self.wheel)

    def pack(self, file: Path, member: str = MEMBER) -> Path:
        path = self.folder / "small-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as packed:
            packed.write(file, member)
        return path

    def pip(self, source: Path | None, said: str = "", status: int = 0) -> None:
        program = self.folder / "pip.py"
        text = PIP.format(runs=str(self.runs), source=str(source) if source else "", said=said, status=status)
        program.write_text(text)
        self._monkeypatch.setattr(packaged, "pip_command", lambda: [sys.executable, str(program)])

    @property
    def fetched(self) -> int:
        return len(self.runs.read_text().splitlines()) if self.runs.exists() else 0

    def kept(self) -> list[str]:
        folders = (packaged.downloads_folder(), catalogue.model_folder())
        return sorted(path.name for folder in folders if folder.exists() for path in folder.iterdir())


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    for name in ("DATA", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    return World(tmp_path, monkeypatch)


def test_a_packaged_model_is_fetched_checked_and_taken_out(world: World) -> None:
    said: list[str] = []
    placed = manager.add("small", progress=said.append)
    assert placed == catalogue.model_folder() / "small.gguf"
    assert sha256(placed) == world.model.digest
    assert world.kept() == ["small.gguf"]  # the wheel is gone
    assert world.runs.read_text() == f"small==1.0 --hash=sha256:{world.model.wheel_digest}\n"
    assert "small" in [entry.name for entry in catalogue.installed()]
    assert any("pip" in line for line in said)


def test_what_is_done_is_not_done_again(world: World) -> None:
    manager.add("small")
    before = manager.add("SMALL").stat().st_ino
    assert world.fetched == 1
    assert manager.add("small", offline=True).stat().st_ino == before


def test_after_an_interruption_the_wheel_that_is_here_is_taken(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(packaged, "check_language_model", stop)
        with pytest.raises(KeyboardInterrupt):
            manager.add("small")
    assert world.kept() == [world.wheel.name]  # nothing half written among the models
    world.pip(None, "ERROR: there is no network", 1)
    assert manager.add("small").exists()
    assert world.fetched == 1


def test_a_wheel_that_is_broken_is_fetched_anew(world: World) -> None:
    packaged.downloads_folder().mkdir(parents=True)
    (packaged.downloads_folder() / world.wheel.name).write_bytes(world.wheel.read_bytes()[:100])
    with pytest.raises(ModelFetchError, match="nothing may be fetched"):
        manager.add("small", offline=True)
    assert manager.add("small").exists()
    assert world.fetched == 1


def test_a_wheel_from_elsewhere_is_added_without_pip(world: World) -> None:
    assert manager.add(str(world.wheel)).name == "small.gguf"
    assert world.fetched == 0
    assert world.wheel.exists()  # it is the user's


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "not the file that was expected"),
        ("ERROR: Could not install packages: [Errno 28] No space left on device", "no room for"),
        (
            "WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError: Failed to establish a "
            "new connection: [Errno -3] Temporary failure in name resolution'\nERROR: No matching distribution found",
            "no connection to the package index.*models add small-1.0",
        ),
        ("ERROR: No matching distribution found for small==1.0", "index has no small 1.0.*pip config"),
        ("ERROR: 418 Client Error", "could not be fetched: 418 Client Error"),
    ],
)
def test_failures_say_what_happened_and_what_to_do(world: World, said: str, expected: str) -> None:
    world.pip(None, said, 1)
    with pytest.raises(ModelFetchError) as caught:
        manager.add("small")
    assert re.search(expected, str(caught.value)), str(caught.value)
    assert caught.value.fix
    assert world.kept() == []


def test_a_wheel_of_another_content_is_refused_even_where_pip_takes_it(world: World) -> None:
    other = world.folder / "other.whl"
    other.write_bytes(b"another")
    world.pip(other)
    with pytest.raises(ModelFetchError, match="another"):
        manager.add("small")
    assert world.kept() == []


def test_a_model_file_of_another_content_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for changed, why in (
        (replace(world.model, digest="0" * 64), "not the file that was expected"),
        (replace(world.model, member="elsewhere.gguf"), "holds no elsewhere"),
    ):
        monkeypatch.setattr(packaged, "PACKAGED", (changed,))
        with pytest.raises(ModelFetchError, match=why):
            manager.add("small")
        assert "small.gguf" not in world.kept()


def test_another_file_of_that_name_is_not_replaced(world: World) -> None:
    catalogue.model_folder().mkdir(parents=True)
    own = write(catalogue.model_folder() / "small.gguf", Recipe(seed=1))
    before = own.read_bytes()
    with pytest.raises(UsageError, match="models remove small"):
        manager.add("small")
    assert own.read_bytes() == before
    with pytest.raises(UsageError, match="its own name"):
        manager.add("small", "other")


def test_a_full_disk_is_told_before_anything_is_fetched(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged.shutil, "disk_usage", lambda _: types.SimpleNamespace(free=10))
    with pytest.raises(ModelFileError, match=r"no room in .* are needed"):
        manager.add("small")
    assert world.fetched == 0


def test_without_any_pip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text("#!/bin/sh\nexit 1\n")
    bare.chmod(0o755)
    monkeypatch.setattr(packaged.sys, "executable", str(bare))
    monkeypatch.setattr(packaged.shutil, "which", lambda name: None)
    with pytest.raises(ModelFetchError, match="ensurepip"):
        packaged.pip_command()
    monkeypatch.setattr(packaged.shutil, "which", lambda name: f"/usr/bin/{name}" if name == "pip3" else None)
    assert packaged.pip_command() == ["/usr/bin/pip3"]


@pytest.mark.slow
def test_use_says_how_a_packaged_model_is_added(world: World, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="models add small"):
        manager.use("small", tmp_path / "settings.toml")
    manager.add("small")
    assert "tokens" in manager.use("small", tmp_path / "settings.toml", memory=2 * 10**9)


@pytest.mark.slow
def test_the_command_says_what_it_is_good_for_and_what_it_costs(world: World) -> None:
    listed = CliRunner().invoke(cli, ["models", "list"])
    assert "models add small" in " ".join(listed.output.split())
    done = CliRunner().invoke(cli, ["models", "add", "small"])
    assert done.exit_code == 0, done.output
    for part in (world.model.use, "MB on the disk", "tokens a second", "Apache-2.0", "models use small"):
        assert part in done.output
    assert "reads 0 tokens" not in done.output


def test_the_pinned_package_is_whole() -> None:
    for model in packaged.PACKAGED:
        assert model.wheel.startswith(model.package.replace("-", "_") + "-" + model.version)
        assert len(model.digest) == len(model.wheel_digest) == 64
        assert model.member.endswith(".gguf")
