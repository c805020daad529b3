"""`python -m quantize pretrain`: from a recipe to a model file and its card, resumable at any point."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import click

from quantize.pretrain import recipe as recipes


@click.command(name="pretrain", help=__doc__)
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--work", type=click.Path(path_type=Path), help="Folder for stages; default ~/.cache/iquest-lsp/pretrain")
@click.option("--archive", type=click.Path(path_type=Path, exists=True), help="llama-cpp-python as source.")
@click.option("--npm", type=click.Path(path_type=Path, exists=True), help="A node_modules folder.")
@click.option("--start", type=click.Path(path_type=Path, exists=True), help="The model file the recipe goes on from.")
@click.option("--until", type=int, help="Stop training after this step; run again to go on.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the model file, its card and its curve.")
@click.option("--evaluate/--no-evaluate", default=True, help="Score the model file on the held-out packages.")
def command(
    recipe: Path,
    work: Path | None,
    archive: Path | None,
    npm: Path | None,
    start: Path | None,
    until: int | None,
    output: Path | None,
    evaluate: bool,
) -> None:
    # torch is heavy: it is imported when a run starts, not when the command line is read.
    from quantize.pretrain.manifest import Places
    from quantize.pretrain.run import Run

    started = time.monotonic()

    def say(text: str) -> None:
        click.echo(f"[{time.monotonic() - started:7.1f}s] {text}", err=True)

    run = Run(recipes.load(recipe), recipe, work or default_work(), Places(archive, npm), say, start)
    if not run.train(until):
        return
    model = run.export(recipe.stem)
    made = [model]
    if evaluate:
        figures = run.evaluate(model)
        made += run.card(model, figures)
        click.echo(json.dumps(figures, indent=2))
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        for path in made:
            shutil.copyfile(path, output / path.name)
            say(f"wrote {output / path.name}")


def default_work() -> Path:
    """The folder for stages: below XDG_CACHE_HOME."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "iquest-lsp" / "pretrain"
