"""Results of a long computation kept as they come, so that an interruption loses one item at most."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Say = Callable[[str], None]


class Kept:
    """One file of JSON lines for each part, in a folder that belongs to one set of inputs."""

    def __init__(self, folder: Path, say: Say) -> None:
        self.folder = folder
        self._say = say

    def read(self, part: str) -> list[Any]:
        """What there is of a part."""
        return _lines(self.folder / f"{part}.jsonl")

    def each(self, part: str, count: int, make: Callable[[int], Any]) -> list[Any]:
        """`make(0)` to `make(count - 1)`; those that an earlier call has made are read from the part's file.

        What is made must be JSON, and the same whether it is made now or was made before.
        """
        path = self.folder / f"{part}.jsonl"
        made = self.read(part)
        if len(made) >= count:
            return made[:count]
        self.folder.mkdir(parents=True, exist_ok=True)
        _rewrite(path, made)  # without a line that a kill has cut short
        with path.open("a", encoding="utf-8") as stream:
            for at in range(len(made), count):
                line = json.dumps(make(at))
                stream.write(line + "\n")
                stream.flush()
                made.append(json.loads(line))
        self._say(f"{part}: {count}")
        return made


def _lines(path: Path) -> list[Any]:
    if not path.exists():
        return []
    whole = path.read_text(encoding="utf-8").split("\n")[:-1]
    return [json.loads(line) for line in whole]


def _rewrite(path: Path, items: list[Any]) -> None:
    part = path.with_suffix(".part")
    part.write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    part.replace(path)
