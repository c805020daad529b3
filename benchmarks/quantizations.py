"""The embedded model at five quantizations, measured on packages that it has not seen, and the picture of the report.

    python -m benchmarks.quantizations FOLDER [--reference F32.gguf] [--picture docs/quantizations.png]
    python -m benchmarks.quantizations FOLDER --speed-only      measures the speed again, in a quiet moment

FOLDER gets the model files, an importance matrix, result.json, report.md and report.html. The reference is the
unquantized model where there is one (`--reference`), else the file that ships, which has 8 bits. The picture is taken
by Chromium without a window.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import numpy as np
from matplotlib import image

from benchmarks import held_out
from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.runtime.models import catalogue
from quantize import corpus, imatrix, model_speeds, report
from quantize.evaluate import Plan, evaluate
from quantize.meter import meter
from quantize.quantizer import Recipe, quantize

KINDS = ("Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "IQ4_XS")
#: Mixes that are made with an importance matrix as well.
WEIGHED = ("Q4_K_M", "IQ4_XS")
PROMPT = 512


def files(folder: Path, reference: Path) -> list[Path]:
    """The reference and its quantizations; those that are there are kept."""
    first = folder / reference.name
    if not first.exists():
        shutil.copyfile(reference, first)
    matrix = folder / "nano.imatrix.gguf"
    if not matrix.exists():
        sources = [Path(sysconfig.get_paths()["stdlib"]) / name for name in ("asyncio", "email", "http", "json")]
        model = Model.load(first)
        rows = corpus.token_rows(model, sources, PROMPT, 60)
        with meter("imatrix", "tokens") as progress:
            gathered = imatrix.gather(model, rows, progress=progress)
        model.close()
        imatrix.combine(gathered, (), tuple(map(str, sources)), len(rows), PROMPT).write(matrix)
    made = [first]
    pairs = [(kind, chosen) for kind in KINDS for chosen in (None, matrix) if chosen is None or kind in WEIGHED]
    for kind, chosen in pairs:
        made.append(folder / f"nano-{kind}{'-imatrix' if chosen else ''}.gguf")
        if not made[-1].exists():
            quantize(first, made[-1], Recipe(kind, imatrix=chosen, requantize=True))
    return made


def picture(page: Path, target: Path) -> None:
    """The whole page as a PNG. Ends the program where there is no Chromium."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        sys.exit("Chromium is not installed: no picture is taken")
    command = [
        browser,
        "--headless",
        "--no-sandbox",
        "--hide-scrollbars",
        "--force-device-scale-factor=1",
        "--window-size=1290,2400",
        f"--screenshot={target}",
        page.resolve().as_uri(),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    pixels = image.imread(target)
    used = np.flatnonzero((pixels != pixels[-1, -1]).any(axis=(1, 2)))  # the page is shorter than the window
    image.imsave(target, pixels[: used[-1] + 30])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--reference", type=Path, default=catalogue.embedded_path())
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--rows", type=int, default=32)
    parser.add_argument("--long", type=int, default=8192)
    parser.add_argument("--cursors", type=int, default=150)
    parser.add_argument("--no-speed", action="store_true")
    parser.add_argument("--speed-only", action="store_true")
    options = parser.parse_args()
    # threads that spin while they wait make llama.cpp many times slower next to any other program
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    options.folder.mkdir(parents=True, exist_ok=True)
    models = files(options.folder, options.reference)
    place = options.folder / "result.json"
    with tempfile.TemporaryDirectory() as scratch:
        sources = held_out.copy(Path(scratch))
        if options.speed_only:
            result = json.loads(place.read_text("utf-8"))
            first = Model.load(models[0])
            prompt = np.concatenate(corpus.token_rows(first, sources, PROMPT, 1))
            first.close()
            for entry, found in zip(result["models"], model_speeds.compare(models, prompt, 5), strict=True):
                entry["speed"] = found
        else:
            plan = Plan(
                options.rows, PROMPT, options.long, 2 if options.long else 0, options.cursors, not options.no_speed
            )
            with meter("evaluate", "steps") as progress:
                result = evaluate(models, sources, plan, progress)
            result["text"] = ["packages it has not seen (" + ", ".join(path.name for path in sources) + ")"]
    if options.reference == catalogue.embedded_path():
        result["reference"] = f"{models[0].name}, the 8-bit file that ships"
    place.write_text(json.dumps(result, indent=2), "utf-8")
    (options.folder / "report.md").write_text(report.markdown(result), "utf-8")
    (options.folder / "report.html").write_text(report.html(result), "utf-8")
    print(report.markdown(result))
    if options.picture is not None:
        picture(options.folder / "report.html", options.picture)


if __name__ == "__main__":
    main()
