"""How sentences are put together: templates, lists of names, counts, and text from outside."""

from __future__ import annotations

import re
from collections.abc import Sequence

from iquest_lsp.codeflow.facts import WITHHELD

__all__ = ["WITHHELD", "escape", "left_out_line", "listed", "say"]


def say(template: str, /, *values: object) -> str:
    """A template with its values; all words that a reader sees pass through here."""
    return template.format(*values)


def listed(names: Sequence[str], limit: int = 3) -> str:
    """The first names as code, and how many more there are."""
    shown = ", ".join(f"`{name}`" for name in names[:limit])
    return say("{} and {} more", shown, len(names) - limit) if len(names) > limit else shown


def left_out_line(count: int) -> str:
    """Says that the filters took commits out, and how to see them."""
    template = "{} commit is filtered out (`--include-filtered` shows it)."
    if count != 1:
        template = "{} commits are filtered out (`--include-filtered` shows them)."
    return say(template, count)


def prose(text: str) -> str:
    """A sentence, so that markdown shows the names in it as they are, in code and beside it."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if at % 2 else re.sub(r"__|[*<]", _escaped, part) for at, part in enumerate(parts))


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"\\{char}" for char in found[0])


def escape(text: str) -> str:
    """Text from outside, so that markdown shows it as it is."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|" else char for char in text.replace("\n", " "))
