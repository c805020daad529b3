"""From an empty machine without a compiler to the first completion: the platform's wheel, and the one for any machine.

    make dist && python -m benchmarks.install.times dist/*.whl --any dist/any/*.whl

Each is installed by pip into a fresh virtual environment, with a home folder of its own and no compiler on the path.
The wheel for any machine has no runtime: there the history answers, `complete` says what is missing, and so does
`doctor`. pip takes the dependencies from its index, so that the network is measured too; the processor's seconds are
free of it.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from pathlib import Path

from benchmarks.install.fresh import LINE, Fresh, Step


def main() -> int:
    """Prints a row for each step; returns 1 where one of them did not do what it is there for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("wheel", type=Path, help="the platform's wheel")
    parser.add_argument("--any", type=Path, help="the wheel for any machine")
    options = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}")
    failed = whole(options.wheel.resolve())
    if options.any:
        failed += bare(options.any.resolve())
    for complaint in failed:
        print(f"failed: {complaint}", file=sys.stderr)
    return bool(failed)


def whole(wheel: Path) -> list[str]:
    """Installs the platform's wheel and completes; returns what failed."""
    with tempfile.TemporaryDirectory(prefix="iquest-install-") as folder:
        fresh = _installed(Path(folder) / "whole", wheel)
        examined = fresh.lsp("doctor", "doctor", "--json")
        first = fresh.lsp("first completion", "complete", f"shapes.py:{LINE}", "--json")
        second = fresh.lsp("second completion", "complete", f"shapes.py:{LINE}", "--json")
        why = fresh.lsp("why", "why", "shapes.py:1", "--json")
        fresh.stop()
        _show(fresh, wheel)
        return _failures([examined, why]) + [
            f"{step.name}: {step.output[-500:]}" for step in (first, second) if not _completed(step)
        ]


def bare(wheel: Path) -> list[str]:
    """Installs the wheel for any machine and asks what needs no runtime; returns what failed."""
    with tempfile.TemporaryDirectory(prefix="iquest-install-") as folder:
        fresh = _installed(Path(folder) / "bare", wheel)
        examined = fresh.lsp("doctor", "doctor", "--json")
        why = fresh.lsp("why", "why", "shapes.py:1", "--json")
        seen = fresh.lsp("context", "context", f"shapes.py:{LINE}", "--json")
        refused = fresh.lsp("complete (no runtime)", "complete", f"shapes.py:{LINE}", "--json")
        fresh.stop()
        _show(fresh, wheel)
        failed = _failures([why, seen])
        for step in (examined, refused):
            if step.code == 0 or "iquest-lsp runtime build" not in step.output:
                failed.append(f"{step.name} does not say what is missing: {step.output[-500:]}")
        return failed


def _installed(folder: Path, wheel: Path) -> Fresh:
    fresh = Fresh(folder)
    fresh.make()
    fresh.pip(wheel)
    return fresh


def _show(fresh: Fresh, wheel: Path) -> None:
    size = sum(path.stat().st_size for path in (fresh.folder / "venv").rglob("*") if path.is_file())
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB, {size / 1e6:.0f} MB when installed with all it uses")
    fresh.show()


def _failures(steps: list[Step]) -> list[str]:
    return [f"{step.name}: {step.output[-500:]}" for step in steps if step.code != 0]


def _completed(step: Step) -> bool:
    return step.code == 0 and bool(json.loads(step.output).get("text"))


if __name__ == "__main__":
    sys.exit(main())
