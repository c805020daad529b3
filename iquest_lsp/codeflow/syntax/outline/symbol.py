"""A definition, and which of a file's definitions a line belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from iquest_lsp.codeflow.syntax.definitions import PartKind


@dataclass(frozen=True, slots=True)
class Symbol:
    """One definition.

    `signature` is its head without the body, white space squeezed; `head` is the line after that head's last one;
    `doc` are the lines of its documentation (comment above or docstring), empty when `doc[0] == doc[1]`.
    """

    name: str
    kind: PartKind
    start: int
    end: int
    signature: str = ""
    head: int = 0
    doc: tuple[int, int] = (0, 0)

    @property
    def short(self) -> str:
        """The name without its qualification."""
        return self.name.rsplit(".", 1)[-1]

    @property
    def public(self) -> bool:
        """False when the name is private by the usual conventions."""
        return not any(part.startswith("_") and not part.endswith("__") for part in self.name.split("."))


def at_line(symbols: tuple[Symbol, ...], line: int) -> Symbol | None:
    """The innermost definition that holds a line."""
    best: Symbol | None = None
    for symbol in symbols:
        if symbol.start <= line < symbol.end and (best is None or symbol.end - symbol.start <= best.end - best.start):
            best = symbol
    return best
