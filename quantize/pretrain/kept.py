"""Results of a long computation kept as they come, so that an interruption loses one item at most."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Say = Callable[[str], None]
#: Items between two lines of progress.
STEP = 50


class Kept:
    """One file of JSON lines for each part, in a folder that belongs to one set of inputs."""

    def __init__(self, folder: Path, say: Say) -> None:
        self.folder = folder
        self._say = say

    def each(self, part: str, count: int, make: Callable[[int], Any]) -> list[Any]:
        """`make(0)` to `make(count - 1)`; those that an earlier call has made are read from the part's file.

        What is made must be JSON, and the same whether it is made now or was made before.
        """
        path = self.folder / f"{part}.jsonl"
        made = _lines(path)[:count]
        if len(made) == count:
            return made
        self.folder.mkdir(parents=True, exist_ok=True)
        # A line cut short by a kill is written anew.
        _rewrite(path, _lines(path))
        self._say(f"{part}: {len(made)} of {count} kept from before")
        with path.open("a", encoding="utf-8") as stream:
            for at in range(len(made), count):
                line = json.dumps(make(at))
                stream.write(line + "\n")
                stream.flush()
                made.append(json.loads(line))
                if (at + 1) % STEP == 0:
                    self._say(f"{part}: {at + 1} of {count}")
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
