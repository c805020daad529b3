"""The wheel by other installers than pip, and beside other tools' llama.cpp in one environment.

    python -m benchmarks.install.runners dist/*.whl

`pipx` and `uvx` are fetched by pip and run with a home folder of their own and no compiler on the path. Beside ours
come xllamacpp, another tool's llama.cpp as a wheel, and the stock llama-cpp-python of the version that the port is made
from: its Python part as published, without its library, whose build takes minutes (`tests/port/test_beside_stock.py`
runs both libraries in one process). Each must find its own, and ours must complete before and after.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.install.fresh import LINE, Fresh, Step
from iquest_lsp.runtime.port import build

#: Loads another tool's llama.cpp and ours in one process, and prints the names of the libraries that are in use.
TOGETHER = """
import xllamacpp
from iquest_lsp.runtime.llama import library
library.bindings().llama_supports_gpu_offload()
maps = {line.split()[-1] for line in open("/proc/self/maps") if ".so" in line}
print(sorted(path.rpartition("/")[2] for path in maps if "llama" in path.rpartition("/")[2]), xllamacpp.__file__)
"""
#: Says which distribution and bindings an environment has under the stock name, and whether ours came with it.
STOCK = """
import importlib.metadata, importlib.util, sys
import iquest_lsp.runtime.llama.library
found = importlib.util.find_spec("llama_cpp")
print(importlib.metadata.version("llama-cpp-python"), found.origin, "llama_cpp" in sys.modules)
"""


def main() -> int:
    """Prints a row for each step; returns 1 where one of them failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("wheel", type=Path, help="the platform's wheel")
    wheel = parser.parse_args().wheel.resolve()
    with tempfile.TemporaryDirectory(prefix="iquest-runners-") as folder:
        failed = by_runners(Path(folder) / "runners", wheel) + beside(Path(folder) / "beside", wheel)
    for step in failed:
        print(f"failed: {step.name}: {step.output[-1500:]}", file=sys.stderr)
    return bool(failed)


def by_runners(folder: Path, wheel: Path) -> list[Step]:
    """Installs and runs the wheel by pipx and by uvx; returns the steps that failed."""
    fresh = Fresh(folder)
    fresh.make()
    fresh.pip("pipx", "uv")
    fresh.run("pipx install", [fresh.program("pipx"), "install", wheel])
    command = folder / "home" / ".local" / "bin" / "iquest-lsp"
    fresh.run("pipx: doctor", [command, "doctor"])
    fresh.run("pipx: completion", [command, "complete", f"shapes.py:{LINE}", "--json"])
    fresh.run("pipx: daemon stop", [command, "daemon", "stop"])
    for name in ("uvx, first", "uvx, again"):
        fresh.run(name, [fresh.program("uvx"), "--python", fresh.python, "--from", wheel, "iquest-lsp", "doctor"])
    fresh.show()
    return [step for step in fresh.steps if step.code != 0]


def beside(folder: Path, wheel: Path) -> list[Step]:
    """Installs the wheel and other tools' llama.cpp into one environment; returns the steps that failed."""
    fresh = Fresh(folder)
    fresh.make()
    fresh.pip(wheel)
    fresh.lsp("completion before", "complete", f"shapes.py:{LINE}", "--json")
    fresh.stop()
    # With the caller's path: even without a library its build asks for a compiler.
    building = {"PATH": os.environ["PATH"], "CMAKE_ARGS": "-DLLAMA_BUILD=OFF"}
    install: list[str | Path] = [
        fresh.program("python"),
        "-m",
        "pip",
        "install",
        "-q",
        f"llama-cpp-python=={build.VERSION}",
        "xllamacpp",
    ]
    fresh.run("pip install (other tools)", install, building)
    together = fresh.run("both in one process", [fresh.program("python"), "-c", TOGETHER])
    stock = fresh.run("the stock distribution", [fresh.program("python"), "-c", STOCK])
    after = fresh.lsp("completion after", "complete", f"shapes.py:{LINE}", "--json")
    fresh.stop()
    fresh.show()
    for step in (together, stock):
        print(f"  {step.name}: {step.output.strip().replace(str(folder), '')[-400:]}")
    completed = after.code == 0 and bool(json.loads(after.output).get("text"))
    return [step for step in fresh.steps if step.code != 0 or (step is after and not completed)]


if __name__ == "__main__":
    sys.exit(main())
