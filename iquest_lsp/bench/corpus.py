"""Text to measure with: the source code of Python's standard library, in a fixed order."""

from __future__ import annotations

import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path


def code_tokens(tokenize: Callable[[str], list[int]], count: int) -> list[int]:
    """The first `count` tokens of the library's modules by name, again from the start where they do not suffice."""
    tokens: list[int] = []
    for text in _modules():
        if len(tokens) >= count:
            break
        tokens += tokenize(text)
    while tokens and len(tokens) < count:
        tokens += tokens[: count - len(tokens)]
    return tokens[:count]


def code_text(lines: int) -> str:
    """At least the first `lines` lines of the same modules, as far as they go."""
    found = ""
    for text in _modules():
        found += text
        if found.count("\n") >= lines:
            break
    return found


def _modules() -> Iterator[str]:
    folder = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(folder.glob("*.py")) + sorted(folder.glob("*/*.py")):
        yield f"# {path.name}\n{path.read_text('utf-8', 'replace')}\n"
