"""Every benchmark can be imported, says what it measures, and stands in the README of its folder."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
NAMES = sorted(
    ".".join(path.relative_to(FOLDER).with_suffix("").parts)
    for path in [*FOLDER.glob("*.py"), *FOLDER.glob("install/*.py")]
    if path.stem != "__init__"
)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_is_importable_and_documented(name: str) -> None:
    source = (FOLDER / f"{name.replace('.', '/')}.py").read_text("utf-8")
    if any(library in source for library in ("import torch", "from torch")):
        pytest.importorskip("torch")
    try:
        module = importlib.import_module(f"benchmarks.{name}")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        pytest.skip("it reads the workshop's modules, which need torch")
    assert module.__doc__
    assert f"`{name}" in (FOLDER / "README.md").read_text("utf-8")
    if 'if __name__ == "__main__":' in source:
        assert f"benchmarks.{name}" in (ast.get_docstring(ast.parse(source)) or "")
