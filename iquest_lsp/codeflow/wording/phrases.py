"""How sentences are put together: templates, lists of names, counts, and text from outside."""

from __future__ import annotations

import re
from collections.abc import Sequence

from iquest_lsp.codeflow.facts import WITHHELD

__all__ = ["WITHHELD", "escape", "left_out_line", "listed", "say"]


def say(template: str, /, *values: object) -> str:
    """A template with its values; all words that a reader sees pass through here."""
    if not any(isinstance(value, str) and "`" in value for value in values):
        return template.format(*values)
    rest = iter(values)

    def fill(found: re.Match[str]) -> str:
        value = values[int(found[2])] if found[2] else next(rest)
        return code(str(value)) if found[1] and found[3] else f"{found[1]}{value}{found[3]}"

    return _FIELD.sub(fill, template)


_FIELD = re.compile(r"(`?)\{(\d*)\}(`?)")


def code(text: str) -> str:
    """A piece of code as markdown shows it as code, whatever marks it holds."""
    fence = "`" * (max((len(marks) for marks in re.findall("`+", text)), default=0) + 1)
    return f"{fence}{text}{fence}" if fence == "`" else f"{fence} {text} {fence}"


def listed(names: Sequence[str], limit: int = 3) -> str:
    """The first names as code, and how many more there are."""
    shown = ", ".join(map(code, names[:limit]))
    return say("{} and {} more", shown, len(names) - limit) if len(names) > limit else shown


def left_out_line(count: int) -> str:
    """Says that the filters took commits out, and how to see them."""
    template = "{} commit is filtered out (`--include-filtered` shows it)."
    if count != 1:
        template = "{} commits are filtered out (`--include-filtered` shows them)."
    return say(template, count)


def prose(text: str) -> str:
    """A sentence, so that markdown shows the names in it as they are, in code and beside it."""
    parts, at = [], 0
    for span in _SPAN.finditer(text):
        parts += [re.sub(r"__|[*<]", _escaped, text[at : span.start()]), span[0]]
        at = span.end()
    return "".join((*parts, re.sub(r"__|[*<]", _escaped, text[at:])))


_SPAN = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"\\{char}" for char in found[0])


def escape(text: str) -> str:
    """Text from outside, so that markdown shows it as it is."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|" else char for char in text.replace("\n", " "))
