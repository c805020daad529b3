"""What becomes of the parameters of a function in a language without a grammar here, by the lines of its head."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from iquest_lsp.codeflow.syntax.comments import is_comment
from iquest_lsp.codeflow.syntax.effects.effect import Effect
from iquest_lsp.codeflow.syntax.signatures import parameter_effects

#: A head takes so many lines at most.
MAX_LINES = 20


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands before the brackets of a function, in them and behind them, and the lines that they stand on."""

    before: str
    parameters: str
    behind: str
    lines: tuple[str, ...]


def head_effects(name: str, before: Sequence[str], after: Sequence[str]) -> tuple[list[Effect], set[str]]:
    """The effects on the parameters of a function, given by all of its lines, and the lines that these tell all of."""
    old, new = _head(name, before), _head(name, after)
    if old is None or new is None or old.parameters == new.parameters:
        return [], set()
    if (old.before, old.behind) != (new.before, new.behind):
        return [], set()
    found = parameter_effects(*(f"{name}({head.parameters})" for head in (old, new)))
    return found, {*old.lines, *new.lines} if found else set()


def _head(name: str, lines: Sequence[str]) -> _Head | None:
    """The head of a function; None where it has no brackets, or none that are closed."""
    short = re.escape(name.rsplit(".", 1)[-1])
    own = [line for line in lines[: 2 * MAX_LINES] if not is_comment(line)]
    start = next((at for at, line in enumerate(own) if re.search(rf"(?<!\w){short}(?!\w)", line)), None)
    if start is None or not (
        found := re.search(rf"(?<!\w){short}\s*(?:<[^()]*>)?(?:(?:\s*\w+)?\s+constructor\s*)?\(", own[start])
    ):
        return None
    text, depth = "\n".join(own[start : start + MAX_LINES]), 0
    for at in range(found.end() - 1, len(text)):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if not depth:
            count = text.count("\n", 0, at) + 1
            rest = text[at + 1 :].partition("\n")[0].strip().rstrip("{").rstrip()
            parameters = " ".join(text[found.end() : at].split())
            return _Head(text[: found.end() - 1], parameters, rest, tuple(own[start : start + count]))
    return None
