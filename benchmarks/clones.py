"""Git, as programs that measure run it on clones of theirs."""

from __future__ import annotations

import subprocess
from pathlib import Path


def git(root: Path, *arguments: str, stdin: str | None = None) -> str:
    """What git writes; raises CalledProcessError."""
    given = stdin.encode() if stdin is not None else None
    done = subprocess.run(["git", *arguments], cwd=root, input=given, capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace")
