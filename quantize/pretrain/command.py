"""`python -m quantize pretrain`: from a recipe to a model file and its card, resumable at any point."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

import click

from iquest_lsp.errors import UsageError
from quantize.pretrain import recipe as recipes


@click.command(name="pretrain", help=__doc__)
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--work", type=click.Path(path_type=Path), help="Folder for stages; default ~/.cache/iquest-lsp/pretrain")
@click.option("--archive", type=click.Path(path_type=Path, exists=True), help="llama-cpp-python as source.")
@click.option("--npm", type=click.Path(path_type=Path, exists=True), help="A node_modules folder.")
@click.option("--start", type=click.Path(path_type=Path, exists=True), help="The model file the recipe goes on from.")
@click.option("--until", type=int, help="Stop training after this step; run again to go on.")
@click.option("--so-far", is_flag=True, help="Train nothing: write the model file of the last checkpoint to --output.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the model file, its card and its curve.")
@click.option("--evaluate/--no-evaluate", default=True, help="Score the model file on the held-out packages.")
@click.option(
    "--evaluate-only",
    "scored",
    type=click.Path(path_type=Path, exists=True),
    help="Score this model file and write its card; nothing is trained. What was measured before is kept.",
)
@click.option(
    "--measured", is_flag=True, help="With --evaluate-only: of what was measured so far; nothing is measured."
)
@click.option("--film", type=click.Path(path_type=Path), help="With --evaluate-only: only draw its first answers here.")
@click.option("--card-only", is_flag=True, help="With --evaluate-only: the card from the figures beside the recipe.")
def command(
    recipe: Path,
    work: Path | None,
    archive: Path | None,
    npm: Path | None,
    start: Path | None,
    until: int | None,
    so_far: bool,
    output: Path | None,
    evaluate: bool,
    scored: Path | None,
    measured: bool,
    film: Path | None,
    card_only: bool,
) -> None:
    # torch is heavy: it is imported when a run starts, not when the command line is read.
    from quantize.pretrain.judge import Judge
    from quantize.pretrain.manifest import Places
    from quantize.pretrain.run import Run
    from quantize.pretrain.stages import Stages

    started = time.monotonic()

    def say(text: str) -> None:
        click.echo(f"[{time.monotonic() - started:7.1f}s] {text}", err=True)

    if (card_only or measured or film is not None) and scored is None:
        raise UsageError("No model file is named that the card tells of", fix="Add --evaluate-only FILE.gguf")
    plan, folder, places = recipes.load(recipe), work or default_work(), Places(archive, npm)
    model, stages = scored, None
    if model is None:
        run = Run(plan, recipe, folder, places, say, start)
        if so_far:
            run.so_far(recipe.stem, output or recipe.parent)
            return
        if not run.train(until):
            return
        model, stages = run.export(recipe.stem), run.stages
        shutil.copyfile(run.trainer.folder / "curve.csv", recipe.with_suffix(".curve.csv"))
    made = [model]
    if evaluate:
        stages = stages or Stages(plan, folder, places, recipe.with_suffix(".manifest.csv"), say)
        judge = Judge(plan, recipe, stages, say)
        if film is not None:
            judge.film(model, film)
            return
        figures = judge.known() if card_only else judge.evaluate(model, measure=not measured)
        made += judge.card(model, figures)
        click.echo(json.dumps(figures, indent=2))
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        for path in made:
            if path.resolve() != (output / path.name).resolve():
                shutil.copyfile(path, output / path.name)
            say(f"wrote {output / path.name}")


def default_work() -> Path:
    """The folder for stages: below XDG_CACHE_HOME."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "iquest-lsp" / "pretrain"
