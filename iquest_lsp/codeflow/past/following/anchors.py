"""Where a definition stands in a commit: what its followed lines are held to, so that they take in no neighbour's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.syntax.symbols import Symbol, symbols_of

Range = tuple[int, int]
#: Lines of files with labels: label, path, 0-based lines without the end.
Ranges = Sequence[tuple[str, str, Range]]


@dataclass(frozen=True, slots=True)
class Anchor:
    """A definition by its whole name; `head_only` where just the lines that hold the name are followed.

    `inside` is one inside a function.
    """

    name: str
    head_only: bool = False
    inside: bool = False


#: Definitions by label.
Anchored = Mapping[str, Anchor]
NO_ANCHORS: Anchored = MappingProxyType({})


class Anchors:
    """The definitions that the lines of some labels belong to."""

    def __init__(self, repository: Repository, wanted: Mapping[str, Anchor]) -> None:
        self._repository = repository
        self._wanted = wanted

    def __contains__(self, label: str) -> bool:
        return label in self._wanted

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def span(self, label: str, revision: str, path: str, near: Range | None) -> Range | None:
        """The definition's lines in a commit; None where it is not there. Of several forms the one at `near`."""
        anchor = self._wanted[label]
        source = self._repository.file_at(revision, path)
        symbols = symbols_of(path, source, variables=True, inside=anchor.inside)
        found = [item for item in symbols if item.name == anchor.name]
        if anchor.inside and not found:  # what is around it may have another name
            short = [item for item in symbols if item.short == anchor.name.rsplit(".", 1)[-1]]
            found = short if len(short) == 1 else []
        if not found:
            return None
        first, end = near or (0, 0)
        best = max(reversed(found), key=lambda item: min(end, item.end) - max(first, item.start))
        return head_of(best) if anchor.head_only else (best.start, best.end)


def head_of(symbol: Symbol) -> Range:
    """The lines of a definition that hold its name."""
    first = symbol.doc[1] if symbol.doc[0] == symbol.start < symbol.doc[1] else symbol.start
    return (first, max(symbol.head, first + 1))
