"""The build's own promises; no test here compiles."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from iquest_lsp.runtime.port import build, patching


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The files of the pinned distribution that the patch changes, as the patch expects them."""
    root = tmp_path / "tree"
    for name, content in originals().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    init = root / "llama_cpp" / "__init__.py"
    init.parent.mkdir(parents=True, exist_ok=True)
    init.write_text('from .llama_cpp import *\n\n__version__ = "0.3.36"\n', "utf-8")
    for place in build.PLACES.values():
        (root / place).mkdir(parents=True, exist_ok=True)
    return root


def originals() -> dict[str, str]:
    """Files whose lines are the patch's old side, each hunk at its own line."""
    result: dict[str, str] = {}
    for name, hunks in patching._files(build.PATCH.read_text("utf-8")):
        lines: list[str] = []
        for start, body in hunks:
            lines += ["// elsewhere\n"] * (start - 1 - len(lines))
            lines += [line[1:] for line in body if line[0] != "+"]
        result[name] = "".join(lines)
    return result


def test_the_port_is_applied_and_names_itself_in_the_version(tree: Path) -> None:
    build.apply_port(tree)
    init = (tree / "llama_cpp" / "__init__.py").read_text("utf-8")
    assert f'__version__ = "{build.VERSION}+loop.{build.PATCH_LEVEL}"' in init
    for name, place in build.PLACES.items():
        assert (tree / place / name).is_file()
    assert (tree / build.SOURCES / "llama-kv-cache-loop.cpp").is_file()
    assert "LLM_ARCH_IQUESTLOOPCODER" in (tree / build.SOURCES / "llama-arch.h").read_text("utf-8")


def test_another_version_is_refused(tree: Path) -> None:
    init = tree / "llama_cpp" / "__init__.py"
    init.write_text('__version__ = "0.4.0"\n', "utf-8")
    with pytest.raises(build.BuildError, match=r"made for llama-cpp-python 0\.3\.36, this source has 0\.4\.0"):
        build.apply_port(tree)


def test_a_patch_that_does_not_apply_is_a_clear_error_and_changes_nothing(tree: Path) -> None:
    changed = tree / build.SOURCES / "llama-model.cpp"
    changed.write_text(changed.read_text("utf-8").replace("LLM_ARCH", "LLM_ARCHITECTURE"), "utf-8")
    untouched = (tree / build.SOURCES / "llama-arch.h").read_text("utf-8")
    with pytest.raises(
        build.BuildError, match=r"does not apply to llama-cpp-python 0\.3\.36: .*llama-model\.cpp, line \d+"
    ):
        build.apply_port(tree)
    assert (tree / build.SOURCES / "llama-arch.h").read_text("utf-8") == untouched


def test_a_wrong_download_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(command: list[str], _: str) -> None:
        (Path(command[command.index("--dest") + 1]) / build.SDIST).write_bytes(b"something else")

    monkeypatch.setattr(build, "_run", fetch)
    with pytest.raises(build.BuildError, match="expected " + build.SDIST_SHA256):
        build._sdist(tmp_path, lambda line: None)
    assert not (tmp_path / build.SDIST).exists()


def test_the_cache_key_follows_its_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    key = build.key()
    assert key == build.key()
    monkeypatch.setenv("CMAKE_ARGS", "-DGGML_CUDA=on")
    assert build.key() != key


def test_the_script_runs_alone_and_prints_nothing_else_on_stdout(tmp_path: Path) -> None:
    folder = tmp_path / "port"
    shutil.copytree(build.HERE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, "-I", str(folder / "build.py")], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert f"local_version: {build.local_version()}" in done.stdout
    assert done.stderr == ""
