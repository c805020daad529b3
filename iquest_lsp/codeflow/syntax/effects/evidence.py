"""What is told of a change is checked before it is told: what no tree and no text bears out is left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from iquest_lsp.codeflow.git.commits import Hunk
from iquest_lsp.codeflow.syntax.effects.calls import RowRanges, calls_of
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind
from iquest_lsp.codeflow.syntax.symbols import Symbol

#: Effects of which two values are the one before and the one after.
_TURNED = frozenset(
    {
        *(EffectKind.BECOMES, EffectKind.VALUE_BECOMES, EffectKind.TURNS, EffectKind.NEGATES, EffectKind.CONDITION),
        *(EffectKind.CALLS_INSTEAD, EffectKind.RETURNS_INSTEAD, EffectKind.RAISES_INSTEAD),
    }
)


@dataclass(frozen=True, slots=True)
class ChangedRows:
    """The rows of one side's text that a change touches, and all rows of the definition that they are in."""

    source: bytes
    rows: RowRanges
    whole: RowRanges = ()


def places(
    hunks: Sequence[Hunk], before: tuple[bytes, Symbol], after: tuple[bytes, Symbol]
) -> tuple[ChangedRows, ChangedRows]:
    """Where hunks touch a definition, on both sides, each given as its file's text and the definition in it."""
    old = [(hunk.old_start, hunk.old_start + hunk.old_count) for hunk in hunks]
    new = [(hunk.new_start, hunk.new_start + hunk.new_count) for hunk in hunks]
    one, other = (
        ChangedRows(
            source,
            [(max(start, item.start), min(end, item.end)) for start, end in rows],
            [(item.start, item.end)],
        )
        for rows, (source, item) in ((old, before), (new, after))
    )
    return one, other


def sound(told: Iterable[Effect]) -> list[Effect]:
    """The effects that say something: what becomes what it was, or nothing, is none."""
    return [effect for effect in told if _says(effect)]


def _says(effect: Effect) -> bool:
    # A comma at the end of a line comes with the line below it.
    values = ["".join(value.split()).removesuffix(",") for value in effect.values]
    return all(values) and not (effect.kind in _TURNED and len(values) > 1 and values[0] == values[1])


def proven(told: Iterable[Effect], language: str, before: ChangedRows, after: ChangedRows) -> list[Effect]:
    """The sound effects of which the tree shows that what they say is called is called."""
    told = sound(told)
    if not any(effect.kind in _CALLED for effect in told):
        return told
    old, new = (calls_of(language, place.source, place.rows) for place in (before, after))
    if old is None or new is None:
        return told
    # What a definition calls elsewhere too, in a function inside it or in an argument, has only moved there.
    was, now = (_Whole.of(language, place) for place in (before, after))
    return [*_called(told, old, new, (was, now))]


@dataclass(frozen=True, slots=True)
class _Whole:
    """What all of a definition calls, by last names, and its text."""

    names: frozenset[str]
    text: str

    @classmethod
    def of(cls, language: str, place: ChangedRows) -> _Whole:
        lines = place.source.split(b"\n") if place.whole else []
        text = b"\n".join(line for start, end in place.whole for line in lines[start:end])
        return cls(calls_of(language, place.source, place.whole) or frozenset(), text.decode("utf-8", "replace"))

    def calls(self, name: str) -> bool:
        """Whether a name is called, one with the name of what it is in as it is written."""
        return _last(name) in self.names and ("::" not in name or name in self.text)


_CALLED = frozenset(
    {
        *(EffectKind.CALLS, EffectKind.CALLS_NO_MORE, EffectKind.CALLS_INSTEAD),
        *(EffectKind.PASSES, EffectKind.PASSES_NO_MORE),
    }
)


def _called(
    told: Iterable[Effect], old: frozenset[str], new: frozenset[str], whole: tuple[_Whole, _Whole]
) -> Iterator[Effect]:
    """The effects that hold by what is called in the changed rows, and on the other side in all of the definition."""
    was, now = whole
    for effect in told:
        if effect.kind in (EffectKind.CALLS, EffectKind.CALLS_NO_MORE):
            side, other = (new, was) if effect.kind is EffectKind.CALLS else (old, now)
            if names := tuple(name for name in effect.values if _last(name) in side and not other.calls(name)):
                yield Effect(effect.kind, names)
        elif effect.kind is EffectKind.CALLS_INSTEAD:
            if _last(effect.values[0]) in new and _last(effect.values[1]) in old:
                yield effect
        elif effect.kind is EffectKind.PASSES:
            if _last(effect.values[1]) in new:
                yield effect
        elif effect.kind is EffectKind.PASSES_NO_MORE:
            if _last(effect.values[1]) in old:
                yield effect
        else:
            yield effect


def _last(name: str) -> str:
    """The last name of a dotted one."""
    found = re.search(r"[\w$]+[!?]?$", name)
    return found[0] if found else name
