"""`python -m quantize evaluate`: what a quantization costs in quality, and what it gains in speed and memory.

The first file is the reference (unquantized, or the best there is); the others are compared with it on the same text,
at the same cursors, on the same machine. Reports: a table on the terminal, Markdown, JSON, HTML with plots.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from iquest_lsp.bench.report import machine
from iquest_lsp.errors import IQuestError, ModelError
from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.runtime.models.gguf_header import read_header
from quantize import corpus, cursors, model_speeds, outputs, plots, report, scoring
from quantize.gguf_stream import Progress
from quantize.meter import meter

#: Parts that a model's share of the progress is told in.
_STEPS = 1000


@dataclass(frozen=True)
class Plan:
    """What is measured: rows of text, one kind of them long, cursors, and whether speed is taken."""

    rows: int = 16
    length: int = 512
    long: int = 4096
    long_rows: int = 2
    cursors: int = 50
    speed: bool = True
    seed: int = 0


@click.command("evaluate")
@click.argument("models", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--text",
    "sources",
    multiple=True,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    help="Text that no model has seen: a file, a folder, or a git repository.",
)
@click.option("--rows", type=click.IntRange(min=2), default=16, show_default=True, help="Rows of text.")
@click.option("--length", type=click.IntRange(min=64), default=512, show_default=True, help="Tokens of a row.")
@click.option("--long", type=click.IntRange(min=0), default=4096, show_default=True, help="Long context; 0: none.")
@click.option("--cursors", "cursors_", type=click.IntRange(min=0), default=50, show_default=True, help="Completions.")
@click.option("--no-speed", is_flag=True, help="Leave speed out, on a machine that does other work.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Report that opens from disk.")
@click.option("--markdown", type=click.Path(dir_okay=False, path_type=Path), help="The table as Markdown.")
@click.option("--json", "json_", is_flag=True, help="One JSON object on stdout.")
@click.option("--seed", default=0, show_default=True)
def command(
    models: tuple[Path, ...],
    sources: tuple[Path, ...],
    rows: int,
    length: int,
    long: int,
    cursors_: int,
    no_speed: bool,
    html: Path | None,
    markdown: Path | None,
    json_: bool,
    seed: int,
) -> None:
    """Compare MODELS side by side; the first one is the reference for divergence and agreement."""
    plan = Plan(rows, length, long, 2 if long else 0, cursors_, not no_speed, seed)
    try:
        outputs.check(html, markdown)
        if html is not None:
            plots.check()
        with meter("evaluate", "steps") as progress:
            result = evaluate(models, sources, plan, progress)
        for path, make in ((markdown, report.markdown), (html, report.html)):
            if path is not None:
                with outputs.writing(path):
                    path.write_text(make(result), "utf-8")
    except IQuestError as error:
        raise click.ClickException(str(error)) from error
    for note in result["notes"]:
        click.echo(f"note: {note}", err=True)
    click.echo(json.dumps(plain(result), indent=2, allow_nan=False) if json_ else report.markdown(result))


def evaluate(
    models: Sequence[Path], sources: Sequence[Path], plan: Plan, progress: Progress | None = None
) -> dict[str, Any]:
    """All measurements as one JSON-able object; see the module's docstring."""
    for path in models:
        _check_length(path, plan)
    notes: list[str] = []
    places = cursors.draw(corpus.documents(sources, plan.seed), plan.cursors, plan.seed) if plan.cursors else []
    if len(places) < plan.cursors:
        notes.append(f"the text has only {len(places)} lines for the {plan.cursors} cursors asked for")
    rows: list[scoring.Rows] = []
    entries: list[dict[str, Any]] = []
    words: bytes = b""
    first: cursors.Answers | None = None
    steps = len(models) + int(plan.speed)
    ran_on = machine()

    def tell(at: int, name: str) -> scoring.Progress:
        def report_(done: int, total: int) -> None:
            if progress is not None:
                progress(at + int(_STEPS * done / max(total, 1)), _STEPS * 2 * steps, name)

        return report_

    with tempfile.TemporaryDirectory() as scratch:
        for number, path in enumerate(models):
            model = Model.load(path)
            try:
                if number == 0:
                    rows, words = _rows(model, sources, plan, notes), _vocabulary(model)
                    reference = scoring.Reference(Path(scratch), model.n_vocab)
                elif _vocabulary(model) != words:
                    raise ModelError(f"{path.name} has another vocabulary than {models[0].name}")
                scored = tell(_STEPS * 2 * number, f"{path.name}: text")
                entries.append(_facts(model, path) | _quality(model, rows, reference, number == 0, scored))
            finally:
                model.close()
            if places:
                named = tell(_STEPS * (2 * number + 1), f"{path.name}: completions")
                made = cursors.complete(path, places, named)
                entries[-1]["completion"] = made.summary(places, first)
                first = made if number == 0 else first
    if plan.speed:
        timed = model_speeds.compare(models, rows[0].tokens[0], progress=tell(_STEPS * 2 * len(models), "speed"))
        for entry, speed in zip(entries, timed, strict=True):
            entry["speed"] = speed
    return {
        "machine": ran_on,
        "text": [str(source) for source in sources],
        "reference": models[0].name,
        "rows": plan.rows,
        "length": plan.length,
        "long": plan.long if len(rows) > 1 else 0,
        "cursors": len(places),
        "notes": notes,
        "models": entries,
    }


def plain(value: Any) -> Any:
    """Without the numbers that JSON does not have, such as the spread of a single row: they become null."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _check_length(path: Path, plan: Plan) -> None:
    """Raises ModelError for rows longer than what a model was made for: its figures would mean nothing."""
    header = read_header(path)
    trained = int(header.get("context_length", 0))
    for name, length in (("--length", plan.length), ("--long", plan.long)):
        if 0 < trained < length:
            raise ModelError(
                f"{path.name} was made for {trained} tokens",
                why=f"rows of {length} were asked for",
                fix=f"Pass {name} {trained}" + (" or less; --long 0 leaves it out" if name == "--long" else " or less"),
            )


def _facts(model: Model, path: Path) -> dict[str, Any]:
    header = read_header(path)
    size = sum(tensor.size or 0 for tensor in header.tensors)
    return {
        "file": path.name,
        "model": header.name,
        "type": model.description,
        "file_bytes": header.file_size,
        "bits_per_weight": size * 8 / max(header.parameters, 1),
        "passes": model.passes,
    }


def _quality(
    model: Model, rows: list[scoring.Rows], reference: scoring.Reference, is_reference: bool, tell: scoring.Progress
) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    total = sum(len(part.tokens) * len(part.tokens[0]) for part in rows)
    before = 0
    for part in rows:

        def scored(done: int, _: int, start: int = before) -> None:
            tell(start + done, total)

        found = scoring.score(model, part, reference, is_reference, scored)
        entry[part.name] = found.summary(model.loop_window)
        entry[f"{part.name}_by_position"] = found.by_position()
        before += len(part.tokens) * len(part.tokens[0])
    return entry


def _rows(model: Model, sources: Sequence[Path], plan: Plan, notes: list[str]) -> list[scoring.Rows]:
    needed = plan.rows * plan.length + plan.long_rows * plan.long
    ids = np.concatenate(corpus.token_rows(model, sources, plan.length, -(-needed // plan.length), plan.seed))
    short = plan.rows * plan.length
    if len(ids) < short:
        raise ModelError(f"The text has only {len(ids)} tokens", why=f"{short} are needed", fix="Give more text")
    found = [scoring.cut(_split(ids[:short], plan.length), 0, "text")]
    longs = _split(ids[short:], plan.long) if plan.long else []
    if len(longs) < plan.long_rows:
        told = f"{len(longs)} of {plan.long_rows}" if longs else "none"
        notes.append(
            f"the text has tokens for {told} of the rows of {plan.long} tokens: long context is "
            + ("measured on fewer" if longs else "left out")
        )
    if longs:  # only what follows much context is scored
        found.append(scoring.cut(longs[: plan.long_rows], plan.long - plan.long // 4, "long"))
    return found


def _split(ids: NDArray[np.int32], length: int) -> list[NDArray[np.int32]]:
    return [ids[at : at + length] for at in range(0, len(ids) - length + 1, length)]


def _vocabulary(model: Model) -> bytes:
    return b"\0".join(model.piece(token, special=True) for token in range(model.n_vocab))
