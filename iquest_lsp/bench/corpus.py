"""Text to measure with: the source code of Python's standard library, in a fixed order."""

from __future__ import annotations

import sysconfig
from collections.abc import Callable
from pathlib import Path


def code_tokens(tokenize: Callable[[str], list[int]], count: int) -> list[int]:
    """The first `count` tokens of the library's modules by name, again from the start where they do not suffice."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    tokens: list[int] = []
    paths = sorted(folder.glob("*.py")) + sorted(folder.glob("*/*.py"))
    for path in paths:
        if len(tokens) >= count:
            break
        text = path.read_text("utf-8", "replace")
        tokens += tokenize(f"# {path.name}\n{text}\n")
    while tokens and len(tokens) < count:
        tokens += tokens[: count - len(tokens)]
    return tokens[:count]
