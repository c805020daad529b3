"""A copy of this tree with another runtime than the installed one."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: What the tests need of it.
COPIED = ("iquest_lsp", "quantize", "tests", "benchmarks", "pyproject.toml")


def copied_tree(folder: Path, runtime: Path) -> Path:
    """A copy below `folder` in which tests run on the built runtime."""
    tree = folder / "tree"
    tree.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__", "_runtime"))
        else:
            shutil.copyfile(source, tree / name)
    (tree / "iquest_lsp" / "_runtime").symlink_to(runtime)
    return tree
