"""Several forms of one definition (overloads, a getter and its setter), told apart."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from difflib import SequenceMatcher

from iquest_lsp.codeflow.git.commits import FileDiff
from iquest_lsp.codeflow.syntax.definitions import PartKind
from iquest_lsp.codeflow.syntax.outline.rows import DefinitionRows
from iquest_lsp.codeflow.syntax.symbols import Symbol

#: More forms of one definition than this are compared in their order.
MAX_FORMS = 16

FormKey = tuple[str, int]


#: The row that a row of the earlier text has in the later one; None where it is gone.
RowOf = Callable[[int], int | None]


def keyed(
    symbols: Sequence[Symbol], earlier: Sequence[Symbol] = (), rows: RowOf = lambda _: None
) -> dict[FormKey, Symbol]:
    """Symbols by name and count, so that overloads stay apart.

    Where forms come, go, or change places, each of the others has the count of the form that it was in `earlier`: the
    one whose lines it has, by `rows`, or else the one whose signature is most alike.
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
        aligned = (
            _aligned(old, some, rows) if old and len(some) + len(old) <= MAX_FORMS and not _in_order(old, some) else {}
        )
        free = iter([count for count in range(len(some) + len(old)) if count not in aligned.values()])
        counts |= {id(symbol): aligned[at] if at in aligned else next(free) for at, symbol in enumerate(some)}
    return {(symbol.name, counts[id(symbol)]): symbol for symbol in symbols}


def outer_of(key: FormKey) -> FormKey:
    """The definition around one, in its first form."""
    return key[0].rpartition(".")[0], 0


def is_inner(key: FormKey, symbols: Mapping[FormKey, Symbol], whole: Collection[FormKey], language: str) -> bool:
    """Whether a definition stands in one of those that come or go `whole`, and is told of with it.

    A namespace of C++ tells nothing: other files have parts of it.
    """
    outer = outer_of(key)
    while outer in whole and _is_namespace(symbols[outer].kind, language):
        outer = outer_of(outer)
    return outer in whole


def is_opened(key: FormKey, symbols: Mapping[FormKey, Symbol], language: str) -> bool:
    """Whether a definition is a namespace around others, which are told of by themselves."""
    return _is_namespace(symbols[key].kind, language) and any(name.startswith(f"{key[0]}.") for name, _ in symbols)


def _is_namespace(kind: PartKind, language: str) -> bool:
    return language == "cpp" and kind == "module"


def rows_of(diff: FileDiff) -> RowOf:
    """Where the rows of the old file are in the new one."""

    def row(at: int) -> int | None:
        shift = 0
        for hunk in diff.hunks:
            # A hunk without old lines stands behind the row before its start.
            if at < hunk.old_start:
                break
            if at < hunk.old_start + hunk.old_count:
                return None
            shift += hunk.new_count - hunk.old_count
        return at + shift

    return row


def _in_order(old: Sequence[Symbol], new: Sequence[Symbol]) -> bool:
    """Whether there are as many forms as before, and none has a signature that another one had."""
    pairs = list(zip(old, new, strict=False))
    before = [one.signature for one in old]
    return len(old) == len(new) and all(
        one.signature == other.signature or other.signature not in before for one, other in pairs
    )


def reordered(old: dict[FormKey, Symbol], new: dict[FormKey, Symbol]) -> set[str]:
    """Names of which the forms are as before, but stand in another order."""
    sides: list[dict[str, list[int]]] = [{}, {}]
    for side, symbols in zip(sides, (old, new), strict=True):
        for (name, count), _ in sorted(symbols.items(), key=lambda item: item[1].start):
            side.setdefault(name, []).append(count)
    before, after = sides
    return {
        name for name, some in after.items() if before.get(name, some) != some and sorted(some) == sorted(before[name])
    }


def _aligned(old: Sequence[Symbol], new: Sequence[Symbol], rows: RowOf) -> dict[int, int]:
    """Which form of a definition was which before, by the lines they share and how alike their signatures are."""
    kept = [{row for at in range(one.start, one.end) if (row := rows(at)) is not None} for one in old]
    pairs = [
        (
            len(kept[count].intersection(range(other.start, other.end))) / (other.end - other.start)
            + SequenceMatcher(None, one.signature, other.signature).ratio()
            + (one.signature == other.signature),
            at,
            count,
        )
        for count, one in enumerate(old)
        for at, other in enumerate(new)
    ]
    found: dict[int, int] = {}
    for _, at, count in sorted(pairs, key=lambda item: (-item[0], item[1], item[2])):
        if at not in found and count not in found.values():
            found[at] = count
    return found


def touched_keys(
    symbols: dict[FormKey, Symbol], rows: DefinitionRows, ranges: Iterable[tuple[int, int]]
) -> set[FormKey]:
    """The innermost of the symbols that some lines touch, each given by its first and their number."""
    hits = {id(symbol) for start, count in ranges for symbol in rows.touched(start, count)}
    return {key for key, symbol in symbols.items() if id(symbol) in hits}
