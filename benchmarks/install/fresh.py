"""A fresh environment: a virtual environment, a home folder, and a search path on which no compiler is found."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

#: Programs of the system that the product calls, and those that uv's start scripts call.
TOOLS = ("git", "sh", "uname", "realpath", "dirname")
COMPILERS = ("cc", "c++", "gcc", "g++", "clang", "clang++", "cmake", "ninja", "make")
CODE = "def area(width, height):\n    return width * height\n\n\ndef volume(width, height, depth):\n    return \n"
#: The line of CODE that is completed.
LINE = 6


@dataclass(frozen=True)
class Step:
    """A command that was run: its name, seconds on the clock and of processors, exit code, and what it printed."""

    name: str
    seconds: float
    processor_s: float
    code: int
    output: str


@dataclass
class Fresh:
    """An environment in `folder`, which is made; `python` is the interpreter that makes it."""

    folder: Path
    python: str = sys.executable
    steps: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("home", "run", "tools", "project"):
            (self.folder / name).mkdir(parents=True, mode=0o700)
        for tool in TOOLS:
            if found := shutil.which(tool):
                (self.folder / "tools" / tool).symlink_to(found)

    @property
    def environment(self) -> dict[str, str]:
        """What its programs see: nothing of this user's settings and caches but pip's own configuration."""
        passed = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "LANG"))}
        return passed | {
            "HOME": str(self.folder / "home"),
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "PATH": os.pathsep.join([str(self.folder / "venv" / "bin"), str(self.folder / "tools")]),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
        }

    def run(self, name: str, command: Sequence[str | Path], more: Mapping[str, str] | None = None) -> Step:
        """Runs a command in the project's folder and remembers it."""
        before, started = _processor_s(), time.monotonic()
        done = subprocess.run(
            [str(part) for part in command],
            cwd=self.folder / "project",
            env={**self.environment, **(more or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        step = Step(name, time.monotonic() - started, _processor_s() - before, done.returncode, done.stdout)
        self.steps.append(step)
        return step

    def make(self) -> None:
        """The virtual environment, in which no compiler is found, and a project with one commit."""
        self.run("virtual environment", [self.python, "-m", "venv", self.folder / "venv"])
        found = [name for name in COMPILERS if shutil.which(name, path=self.environment["PATH"])]
        assert not found, f"{found} are found in an environment that is to have no compiler"
        (self.folder / "project" / "shapes.py").write_text(CODE, "utf-8")
        who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.invalid"]
        for words in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "Areas"]):
            subprocess.run(
                ["git", *words], cwd=self.folder / "project", env=self.environment, check=True, capture_output=True
            )

    def pip(self, *arguments: str | Path) -> Step:
        """Installs something into it."""
        return self.run("pip install", [self.program("python"), "-m", "pip", "install", "-q", *arguments])

    def program(self, name: str) -> Path:
        """A program of its virtual environment."""
        return self.folder / "venv" / "bin" / name

    def lsp(self, name: str, *arguments: str) -> Step:
        """Runs `iquest-lsp`."""
        return self.run(name, [self.program("iquest-lsp"), *arguments])

    def stop(self) -> None:
        """Ends what `iquest-lsp` left running."""
        self.lsp("daemon stop", "daemon", "stop")

    def show(self) -> None:
        """Prints the steps."""
        for step in self.steps:
            mark = "" if step.code == 0 else f"   exit code {step.code}"
            print(f"  {step.name:28} {step.seconds:7.1f} s   {step.processor_s:7.1f} s of processors{mark}")


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
