"""A whole tiny run, made once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from quantize.pretrain import recipe as recipes

if TYPE_CHECKING:
    from quantize.pretrain.run import Run

MakeRun = Callable[[str], "Run"]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """On models this small, threads only wait for each other: minutes of it on a busy machine."""
    try:
        import torch
    except ModuleNotFoundError:
        return
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smoke recipe over copies of two packages of the standard library."""
    root = tmp_path_factory.mktemp("smoke")
    table = (Path(__file__).parent / "smoke.toml").read_text()
    folders = {"learned": "email", "held": "json"}
    library = Path(logging.__file__).parents[1]
    lines = ["", "[data.folders]", *(f'{name} = "{(library / folder).as_posix()}"' for name, folder in folders.items())]
    recipe = root / "smoke.toml"
    recipe.write_text(table + "\n".join(lines) + "\n")
    return recipe


@pytest.fixture(scope="session")
def make_run(smoke: Path, tmp_path_factory: pytest.TempPathFactory) -> MakeRun:
    """Runs of that recipe, each in a work folder of the given name."""
    pytest.importorskip("torch", reason='training needs the workshop extra: pip install ".[workshop]"')
    from quantize.pretrain.manifest import Places
    from quantize.pretrain.run import Run

    work = tmp_path_factory.mktemp("work")

    def make(name: str) -> Run:
        return Run(recipes.load(smoke), smoke, work / name, Places(), logging.getLogger("pretrain").info)

    return make


@pytest.fixture(scope="session")
def finished(make_run: MakeRun) -> tuple[Run, Path]:
    """A run trained to its end, and its model file."""
    run = make_run("finished")
    assert run.train()
    return run, run.export("smoke")
