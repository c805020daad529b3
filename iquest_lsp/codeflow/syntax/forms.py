"""Several forms of one definition (overloads, a getter and its setter), told apart."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from iquest_lsp.codeflow.syntax.symbols import Symbol

#: More forms of one definition than this are compared in their order.
MAX_FORMS = 16

Key = tuple[str, int]


def keyed(symbols: Sequence[Symbol], earlier: Sequence[Symbol] = ()) -> dict[Key, Symbol]:
    """Symbols by name and count, so that overloads stay apart.

    Where forms come or go, each of the others has the count of the form that it was in `earlier`.
    """
    forms: dict[str, list[Symbol]] = {}
    for symbol in symbols:
        forms.setdefault(symbol.name, []).append(symbol)
    before: dict[str, list[Symbol]] = {}
    for symbol in earlier:
        before.setdefault(symbol.name, []).append(symbol)
    counts: dict[int, int] = {}
    for name, some in forms.items():
        old = before.get(name, [])
        aligned = _aligned(old, some) if old and len(old) != len(some) and len(some) + len(old) <= MAX_FORMS else {}
        free = iter([count for count in range(len(some) + len(old)) if count not in aligned.values()])
        counts |= {id(symbol): aligned[at] if at in aligned else next(free) for at, symbol in enumerate(some)}
    return {(symbol.name, counts[id(symbol)]): symbol for symbol in symbols}


def _aligned(old: Sequence[Symbol], new: Sequence[Symbol]) -> dict[int, int]:
    """Which form of a definition was which before, by how alike their signatures are."""
    pairs = [
        (SequenceMatcher(None, one.signature, other.signature).ratio(), at, count)
        for count, one in enumerate(old)
        for at, other in enumerate(new)
    ]
    found: dict[int, int] = {}
    for _, at, count in sorted(pairs, key=lambda item: (-item[0], item[1], item[2])):
        if at not in found and count not in found.values():
            found[at] = count
    return found
