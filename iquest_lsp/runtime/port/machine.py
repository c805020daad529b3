"""What a built runtime depends on of this machine, its compiler, tools and processor; and one build at a time.

Standard library only, as build.py.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path


def compiler() -> str:
    """The C++ compiler that CMake takes, and its version."""
    name = os.environ.get("CXX") or "c++"
    try:
        done = subprocess.run([*name.split(), "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return name
    return f"{name} {done.stdout.splitlines()[0] if done.stdout else ''}"


def processor() -> str:
    """This machine's processor: its name and the instructions it has."""
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    wanted = ("model name", "flags", "Features", "CPU part")
    lines = {line for line in text.splitlines() if line.startswith(wanted)}
    return "\n".join(sorted(lines))


def with_build_tools(
    folder: Path, run: Callable[[list[str], str], None], progress: Callable[[str], None]
) -> dict[str, str]:
    """An environment in which cmake and ninja are found; missing ones `run` has pip put into `folder`."""
    environment = dict(os.environ)
    paths = [str(Path(sys.executable).parent), environment.get("PATH", "")]
    environment["PATH"] = os.pathsep.join(paths)
    missing = [name for name in ("cmake", "ninja") if shutil.which(name, path=environment["PATH"]) is None]
    if missing:
        progress(f"Fetching {' and '.join(missing)}")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), *missing]
        run(command, f"pip could not fetch {' and '.join(missing)}")
        environment["PATH"] = os.pathsep.join([str(folder / "bin"), *paths])
        environment["PYTHONPATH"] = str(folder)
    return environment


@contextlib.contextmanager
def lock(path: Path, progress: Callable[[str], None]) -> Iterator[None]:
    """Lets one process build at a time; a second one waits and then finds the runtime."""
    try:
        import fcntl
    except ImportError:  # no such lock on this system: at worst two builds run, and the last one's result stays
        yield
        return
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            progress("Another process is building the runtime; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
