"""Tunes the threshold below which a model's text is not shown, on packages that it has not seen.

    python -m benchmarks.confidence [--model FILE.gguf] [--positions 300] [--write]

Cursors are drawn in lines of the held-out packages' files (those of quantize/pretrain/nano.toml that are installed
here). At each the model says what it would; then every threshold is tried on the same generations. What a threshold is
worth: characters that need not be typed, as long as what is shown goes on as the file does, less WRONG for each
suggestion whose first line goes wrong; both per request. `--write` puts the best into the model's file.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import held_out
from benchmarks.tuned import put
from iquest_lsp.assistant import Assistant, CompletionRequest
from iquest_lsp.bench.report import machine
from iquest_lsp.completion.cursor_text import CursorText
from iquest_lsp.completion.postprocess import Quiet, postprocess
from iquest_lsp.completion.syntax import Unit
from iquest_lsp.datatypes import CONFIDENCE_KEY, Generation, Position
from iquest_lsp.errors import DocumentError, EngineError
from iquest_lsp.runtime.models import catalogue
from iquest_lsp.settings import Configuration

#: What reading a suggestion that is wrong costs, in characters typed.
WRONG = 3.0
THRESHOLDS = (0.0, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.18, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85)
RESAMPLED = 500


@dataclass(frozen=True)
class Sample:
    """One cursor: what was generated there, and what stands there in the file."""

    place: CursorText
    unit: Unit
    made: Generation
    expected: str

    def score(self, threshold: float) -> tuple[float, bool, bool, bool]:
        """Worth, whether something is shown, whether its first line is right, whether doubt kept it quiet."""
        shown = postprocess(self.made, self.place, self.unit, threshold)
        first = shown.text.split("\n", 1)[0].rstrip()
        if not first:
            return 0.0, bool(shown.text), False, shown.quiet is Quiet.UNSURE
        if self.expected.startswith(first):
            return float(len(first)), True, True, False
        return -WRONG, True, False, False


def cursors(folder: Path, count: int, seed: int) -> list[tuple[Path, int, int]]:
    """File, line, column: within lines of the held-out packages, behind their indentation or a border in them.

    The packages are copied into a folder, one workspace each, since installed ones lie where git ignores them.
    """
    source = random.Random(seed)
    files: list[Path] = []
    for copy in held_out.copy(folder):
        (copy / "iquest.toml").write_text("")
        files += [path for path in sorted(copy.rglob("*.py")) if path.stat().st_size > 2000]
    if not files:
        sys.exit("None of the held-out packages is installed here")
    chosen: list[tuple[Path, int, int]] = []
    while len(chosen) < count:
        file = source.choice(files)
        lines = file.read_text("utf-8").split("\n")
        number = source.randrange(len(lines))
        line = lines[number]
        indent = len(line) - len(line.lstrip())
        if len(line) - indent < 6:
            continue
        borders = [at for at in range(indent, len(line) - 2) if at == indent or not line[at - 1].isalnum()]
        chosen.append((file, number, source.choice(borders)))
    return sorted(chosen)


async def generations(model: str, window: int, places: list[tuple[Path, int, int]]) -> list[Sample]:
    """Types each line again up to its cursor and lets the model go on, without a deadline."""
    assistant = Assistant(Configuration({"deadline_ms": 60_000, "model": model, "window_tokens": window}), watch=False)
    samples = []
    try:
        await assistant.engine.ready()
        for done, (file, number, column) in enumerate(places):
            lines = file.read_text("utf-8").split("\n")
            expected = lines[number][column:].rstrip()
            lines[number] = lines[number][:column]
            try:
                assistant.session().buffers.open(file, "\n".join(lines), 1, "python")
                place, unit, made = await assistant.session().generate(
                    CompletionRequest(file, Position(number, column))
                )
                samples.append(Sample(place, unit, made, expected))
            except (DocumentError, EngineError) as error:
                print(f"{file}: {error}", file=sys.stderr)
            finally:
                assistant.session().buffers.close(file)
            print(f"\r{done + 1} of {len(places)}", end="", file=sys.stderr)
    finally:
        await assistant.close()
    print(file=sys.stderr)
    return samples


def table(samples: list[Sample]) -> list[dict[str, Any]]:
    """One row a threshold; the interval is that of the worth, by resampling the cursors."""
    source = random.Random(0)
    rows = []
    for threshold in THRESHOLDS:
        scores = [sample.score(threshold) for sample in samples]
        worths = [score[0] for score in scores]
        means = sorted(sum(source.choices(worths, k=len(worths))) / len(worths) for _ in range(RESAMPLED))
        shown = sum(score[1] for score in scores)
        rows.append(
            {
                "threshold": threshold,
                "worth": round(sum(worths) / len(worths), 3),
                "worth_interval": [round(means[int(RESAMPLED * 0.025)], 3), round(means[int(RESAMPLED * 0.975)], 3)],
                "shown": round(shown / len(scores), 3),
                "right_of_shown": round(sum(score[2] for score in scores) / shown, 3) if shown else None,
                "unsure": round(sum(score[3] for score in scores) / len(scores), 3),
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="")
    parser.add_argument("--positions", type=int, default=300)
    parser.add_argument("--window", type=int, default=2048, help="tokens; a small one is quicker, 0 is the planner's")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="put the best threshold into the model's file")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="iquest-confidence-") as folder:
        places = cursors(Path(folder), given.positions, given.seed)
        samples = asyncio.run(generations(given.model, given.window, places))
    if not samples:
        sys.exit("Nothing was generated")
    rows = table(samples)
    best = max(rows, key=lambda row: row["worth"])
    path = catalogue.resolve(given.model)
    if given.write:
        put(path, CONFIDENCE_KEY, float(best["threshold"]))
    report = {"machine": machine(), "model": path.name, "positions": len(samples), "wrong_costs": WRONG}
    print(json.dumps({**report, "rows": rows, "best": best["threshold"], "written": given.write}, indent=2))


if __name__ == "__main__":
    main()
