"""Runs commands on this repository and writes what they print into the README.

python -m tests.e2e.outputs
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.home import PROGRAM, private_home

ROOT = Path(__file__).resolve().parents[2]
BEGIN, END = "<!-- output: written by python -m tests.e2e.outputs -->", "<!-- end of output -->"
WIDTH = 100
#: Commands, and how many lines of what each prints are shown (0: all).
COMMANDS = (
    (("explain-diff", "958193d"), 0),
    (("why", "iquest_lsp/daemon/lock.py:40"), 0),
    (("impact", "iquest_lsp/daemon/lock.py::acquire"), 12),
    (("complete", "iquest_lsp/daemon/lock.py:40:21"), 0),
    (("context", "iquest_lsp/daemon/lock.py:40"), 12),
)


def shown(arguments: tuple[str, ...], lines: int, environment: dict[str, str]) -> str:
    """A command and what it printed, as an indented block; raises CalledProcessError when it failed."""
    done = subprocess.run([*PROGRAM, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    printed = [line.rstrip() for line in done.stdout.strip("\n").splitlines()]
    if lines and len(printed) > lines:
        printed = [*printed[:lines], f"... {len(printed) - lines} more lines"]
    return "\n".join(f"    {line}".rstrip() for line in [f"$ iquest-lsp {' '.join(arguments)}", *printed])


def main() -> int:
    """Writes the README's block anew."""
    readme = ROOT / "README.md"
    text = readme.read_text("utf-8")
    if BEGIN not in text or END not in text:
        print(f"README.md has no {BEGIN}", file=sys.stderr)
        return 1
    with private_home() as home:
        environment = {**os.environ, **home.environment, "COLUMNS": str(WIDTH), "NO_COLOR": "1"}
        blocks = [shown(arguments, lines, environment) for arguments, lines in COMMANDS]
    head, tail = text.split(BEGIN)[0], text.split(END, 1)[1]
    readme.write_text(f"{head}{BEGIN}\n\n" + "\n\n".join(blocks) + f"\n\n{END}{tail}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
