"""`python -m quantize search`: short runs of several shapes with the same compute, and their table."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from quantize.pretrain import variants
from quantize.pretrain.command import default_work


@click.command(name="search", help=__doc__)
@click.argument("search", type=click.Path(path_type=Path))
@click.option("--model", type=click.Path(path_type=Path, exists=True), required=True, help="File of the base's shape.")
@click.option("--rows", type=click.Path(path_type=Path, exists=True), required=True, help="Folder of packed rows.")
@click.option("--work", type=click.Path(path_type=Path), help="Folder for stages; default ~/.cache/iquest-lsp/pretrain")
@click.option("--archive", type=click.Path(path_type=Path, exists=True), help="llama-cpp-python as source.")
@click.option("--npm", type=click.Path(path_type=Path, exists=True), help="A node_modules folder.")
@click.option(
    "--train/--no-train", default=True, help="Make the runs that are missing; else the table with those made."
)
@click.option("--pace", is_flag=True, help="Also measure the engine's time for a token of each shape.")
def command(
    search: Path,
    model: Path,
    rows: Path,
    work: Path | None,
    archive: Path | None,
    npm: Path | None,
    train: bool,
    pace: bool,
) -> None:
    from quantize.pretrain import reader
    from quantize.pretrain.manifest import Places
    from quantize.pretrain.search import Material, Runs, table
    from quantize.pretrain.stages import Stages

    started = time.monotonic()

    def say(text: str) -> None:
        click.echo(f"[{time.monotonic() - started:7.1f}s] {text}", err=True)

    plan, recipe = variants.read(search)
    folder = work or default_work()
    beside = search.with_name(search.name.removesuffix(".toml") + ".json")
    base = search.parent / plan.base
    cleaned, _ = Stages(recipe, folder, Places(archive, npm), base.with_suffix(".manifest.csv"), say).clean()
    runs = Runs(
        plan, recipe, Material(reader.read(model), rows, cleaned.train, cleaned.held_out), folder / "search", say
    )
    for variant in plan.variants if train else ():
        runs.run(variant)
    made = [variant for variant in plan.variants if runs.is_done(variant)]
    trained = {row["name"]: row for row in table([runs.run(variant) for variant in made])}
    result = [trained.get(variant.name, runs.costs(variant)) for variant in plan.variants]
    known = {row["name"]: row for row in json.loads(beside.read_text("utf-8"))["runs"]} if beside.exists() else {}
    for row in result:
        if row["name"] in known and "milliseconds" in known[row["name"]]:
            row["milliseconds"] = known[row["name"]]["milliseconds"]
    if pace:
        from quantize.pretrain.pace import milliseconds

        timed = [
            (row, file)
            for row, variant in zip(result, plan.variants, strict=True)
            if (file := runs.model_file(variant)) is not None
        ]
        for (row, _), value in zip(timed, milliseconds([file for _, file in timed], plan.context), strict=True):
            row["milliseconds"] = round(value, 2)
    report = {
        "operations": plan.operations,
        "continued": plan.continued,
        "context": plan.context,
        "pieces": plan.pieces,
        "characters": plan.characters,
        "runs": result,
    }
    beside.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    click.echo(json.dumps(report, indent=1))
