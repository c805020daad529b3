"""The port's tests on a runtime with the address and undefined-behaviour sanitizers: `make test-sanitized`.

    python -m tests.port.sanitized [PYTEST ARGUMENTS]

The runtime is built with symbols and kept in the user's cache by its inputs, as any other; the tests run in a copy of
this tree that has it. A wrong address ends the test's process. Undefined behaviour is gathered: each place is printed
once, and one in the port's own files makes the exit status 1. Linux and GCC only, whose sanitizers come with it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from iquest_lsp.runtime.port import build
from tests.port.copied_tree import copied_tree

#: `vptr` needs C++'s type information from libraries that hide theirs.
FLAGS = "-fsanitize=address,undefined -fno-sanitize=vptr -fno-omit-frame-pointer -O1 -g1"
CMAKE_ARGS = f'-DCMAKE_BUILD_TYPE=Debug "-DCMAKE_C_FLAGS_DEBUG={FLAGS}" "-DCMAKE_CXX_FLAGS_DEBUG={FLAGS}"'
#: A report of undefined behaviour: file, line, and what it is.
_FOUND = re.compile(r"^(\S+?):(\d+):\d+: runtime error: (.*)$", re.MULTILINE)


def run(folder: Path, arguments: list[str]) -> int:
    """The exit status of pytest on the sanitized runtime; reports go to `folder`."""
    os.environ["CMAKE_ARGS"] = CMAKE_ARGS
    runtime = build.ensure_runtime("native", lambda line: print(line, file=sys.stderr, flush=True))
    tree = copied_tree(folder, runtime)
    environment = dict(os.environ)
    environment |= {
        "PYTHONPATH": str(tree),
        "LD_PRELOAD": " ".join(_library(name) for name in ("libasan.so", "libubsan.so")),
        # Python keeps what it allocates to its end, and each backend's module holds the same tables.
        "ASAN_OPTIONS": f"detect_leaks=0:detect_odr_violation=0:log_path={folder}/address",
        "UBSAN_OPTIONS": f"print_stacktrace=0:log_path={folder}/undefined",
    }
    command = [sys.executable, "-m", "pytest", "-n", "0", *(arguments or ["tests/port"])]
    return subprocess.run(command, cwd=tree, env=environment, check=False).returncode


def _library(name: str) -> str:
    path = subprocess.run(
        ["g++", f"-print-file-name={name}"], capture_output=True, text=True, check=True
    ).stdout.strip()
    if not Path(path).is_file():
        raise SystemExit(f"GCC has no {name} here (Debian: apt-get install g++)")
    return path


def reported(folder: Path) -> list[tuple[str, int, str, int]]:
    """The places of undefined behaviour that the reports name: file, line, what it is, how often."""
    found: Counter[tuple[str, int, str]] = Counter()
    for path in folder.glob("undefined.*"):
        for match in _FOUND.finditer(path.read_text("utf-8", "replace")):
            found[Path(match[1]).name, int(match[2]), match[3]] += 1
    return [(*place, count) for place, count in sorted(found.items())]


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="iquest-sanitized-") as scratch:
        folder = Path(scratch)
        status = run(folder, sys.argv[1:])
        for path in sorted(folder.glob("address.*")):
            print(path.read_text("utf-8", "replace"))
        places = reported(folder)
        for file, line, what, count in places:
            print(f"{file}:{line}: {what} ({count} times)")
        own = {path.name for path in build.HERE.iterdir()}
        in_port = sum(file in own for file, *_ in places)
        print(f"{len(places)} places of undefined behaviour, {in_port} of them in the port's own files")
    return status or int(in_port > 0)


if __name__ == "__main__":
    sys.exit(main())
