"""`python -m quantize pretrain`: from a recipe to a model file, resumable at any point."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click

from quantize.pretrain import recipe as recipes


@click.command(name="pretrain", help=__doc__)
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--work", type=click.Path(path_type=Path), help="Folder for stages; default ~/.cache/iquest-lsp/pretrain")
@click.option("--archive", type=click.Path(path_type=Path, exists=True), help="llama-cpp-python's source distribution")
@click.option("--until", type=int, help="Stop after this step.")
def command(recipe: Path, work: Path | None, archive: Path | None, until: int | None) -> None:
    import json

    import numpy as np

    from quantize.pretrain.stages import Stages
    from quantize.pretrain.train import Trainer

    started = time.monotonic()

    def say(text: str) -> None:
        click.echo(f"[{time.monotonic() - started:7.1f}s] {text}", err=True)

    plan = recipes.load(recipe)
    stages = Stages(plan, work or default_work(), archive, recipe.with_suffix(".manifest.csv"), say)
    cleaned, clean_key = stages.clean()
    made, tokenizer_key = stages.tokenizer(cleaned, clean_key)
    rows, pack_key = stages.pack(cleaned, made, tokenizer_key)
    trainer = Trainer(
        plan.model,
        plan.train,
        made.get_vocab_size(),
        rows,
        np.load(rows / "held-out.npy"),
        float(json.loads((rows / "held-out.json").read_text())["bytes_per_token"]),
        stages.train_folder(pack_key),
        say,
    )
    say(f"train: {sum(p.numel() for p in trainer.model.parameters()):,} parameters in {trainer.folder}")
    trainer.run(until)


def default_work() -> Path:
    """The folder for stages: below XDG_CACHE_HOME."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "iquest-lsp" / "pretrain"
