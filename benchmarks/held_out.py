"""The packages that the embedded model has not seen, as far as they are installed here."""

from __future__ import annotations

import importlib.util
import shutil
import tomllib
from pathlib import Path

RECIPE = Path(__file__).resolve().parents[1] / "quantize" / "pretrain" / "nano.toml"
MODULES = {"gitpython": "git"}


def copy(folder: Path) -> list[Path]:
    """Copies each package into a folder of its own, since installed ones lie where git ignores them; returns the
    folders."""
    with RECIPE.open("rb") as stream:
        recipe = tomllib.load(stream)
    names = recipe.get("held_out") or next(part["held_out"] for part in recipe.values() if "held_out" in part)
    copies = []
    for name in names:
        found = importlib.util.find_spec(MODULES.get(name, name))
        if found is not None and found.origin is not None:
            package = Path(found.origin).parent
            shutil.copytree(
                package, folder / name / package.name, ignore=shutil.ignore_patterns("__pycache__", "_vendor")
            )
            copies.append(folder / name)
    return copies
