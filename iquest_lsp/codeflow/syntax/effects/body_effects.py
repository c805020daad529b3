"""What a change of a definition's body does: its members, its attributes, what its lines mean, what comes and goes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from iquest_lsp.codeflow.syntax.comments import is_comment
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind
from iquest_lsp.codeflow.syntax.effects.layout import indentation
from iquest_lsp.codeflow.syntax.effects.line_effects import MAX_FACTS, effects, moved, plain_effects
from iquest_lsp.codeflow.syntax.effects.meaning import CONDITIONS, STRONG, Pair, meaning_of
from iquest_lsp.codeflow.syntax.effects.members import (
    is_mark,
    marks,
    members,
    with_lifetimes,
    without_lifetimes,
)

#: One line replaced by another is told by both of them, up to so many characters, where no more can be said.
MAX_LINE = 100
#: Kinds of which the reader wants to see the value, the old one and the new one.
VALUED = frozenset({"constant", "variable"})


def body_effects(
    kind: str, pairs: Sequence[Pair], before: Sequence[str], after: Sequence[str], language: str = ""
) -> list[Effect]:
    """The effects of a definition's hunks, each given as its removed and added lines, the most telling first.

    `kind` is the definition's; `before` and `after` are all of its own lines.
    """
    if language == "rust":
        pairs = [(list(map(without_lifetimes, minus)), list(map(without_lifetimes, plus))) for minus, plus in pairs]
    removed, added = ([line for pair in pairs for line in pair[side]] for side in (0, 1))
    if kind in VALUED:
        told = plain_effects(removed, added)
        return told or list(meaning_of(pairs).effects) or effects(removed, added)
    marked: list[Effect] = []
    if language != "ruby":  # `@name` is a variable there
        depths = _depth(before or after), _depth(after or before)
        gone, come, *both = map(_own_marks, (removed, added, before, after), depths * 2)
        # A mark that only stands elsewhere in the diff was there before, or is there after.
        marked = [item for item in marks(gone, come) if not before or item in marks(*both)]
        pairs = [(_unmarked(minus, depths[0]), _unmarked(plus, depths[1])) for minus, plus in pairs]
        removed, added = map(_unmarked, (removed, added), depths)
    if any(line.strip() and not is_comment(line) for line in (*removed, *added)):
        told = members(kind, removed, added) or _of_lines(pairs, removed, added, before, after)
    else:
        told = [] if marked else plain_effects(removed, added)
    if kind in _DECLARING:
        told = [*map(_declared, told)]
    if language == "rust":
        told = [*map(with_lifetimes, told)]
    return [*marked, *told][:MAX_FACTS]


#: Kinds whose lines say of what type their members are, and set nothing.
_DECLARING = frozenset({"interface", "type", "trait", "struct"})


def _declared(effect: Effect) -> Effect:
    """What a line that declares a member becomes, by the member's name and both types."""
    if effect.kind is not EffectKind.SETS_INSTEAD:
        return effect
    name, new, old = effect.values
    return Effect(EffectKind.BECOMES, (f"{name}: {old}", f"{name}: {new}"))


def in_texts(coded: Sequence[Pair]) -> bool:
    """Whether hunks change nothing but the words of texts, by their lines without these words."""
    # A comma goes to whatever is the last line of a text.
    one, other = ([line.strip().rstrip(",;") for pair in coded for line in pair[side]] for side in (0, 1))
    return Counter(filter(None, one)) == Counter(filter(None, other))


def text_effects(pairs: Sequence[Pair]) -> list[Effect]:
    """What hunks do that change nothing but the words of texts: one line is told as it is, of more it is said."""
    removed, added = ([line for pair in pairs for line in pair[side] if line.strip()] for side in (0, 1))
    told = plain_effects(removed, added) if len(removed) == len(added) == 1 else []
    return [effect for effect in told if effect.kind in _OF_A_LINE] or [Effect(EffectKind.TEXTS_ONLY)]


_OF_A_LINE = frozenset({EffectKind.BECOMES, EffectKind.GAINS, EffectKind.LOSES})


def _depth(lines: Sequence[str]) -> int:
    """How far a definition is indented, where its lines are known."""
    return next((indentation(line) for line in lines if line.strip()), MAX_LINE)


def _own_marks(lines: Iterable[str], depth: int) -> list[str]:
    """The marks of a definition: those of the statements in it stand deeper."""
    return [line for line in lines if is_mark(line) and indentation(line) <= depth]


def _unmarked(lines: Iterable[str], depth: int) -> list[str]:
    return [line for line in lines if not (is_mark(line) and indentation(line) <= depth)]


def _of_lines(
    pairs: Sequence[Pair], removed: list[str], added: list[str], before: Sequence[str], after: Sequence[str]
) -> list[Effect]:
    moved = _moved(pairs, removed, added)
    if moved is not None:
        return [moved]
    pairs = _without_moved(pairs)
    meaning = meaning_of(pairs)
    found = effects(removed, added, before, after)
    if _is_short(pairs):
        # Two short lines are told as they are, unless one word says more.
        if not found or found[0].kind is not EffectKind.TURNS:
            telling = {*CONDITIONS, EffectKind.CALLS_INSTEAD}
            found = [effect for effect in meaning.effects if effect.kind in telling] or found
        # Both lines say more than the texts in them.
        return (not _are_texts(found) and found) or plain_effects(removed, added, before, after) or found
    if meaning.complete:
        return list(meaning.effects)
    told = [effect for effect in meaning.effects if effect.kind in STRONG]
    if told:
        # What is said of a condition that changed is not said of a new one.
        names = {value for effect in told for value in effect.values}
        instead = [effect for effect in told if effect.kind is EffectKind.CALLS_INSTEAD]
        names |= {value.rsplit(".", 1)[-1] for effect in instead for value in effect.values}
        found = [
            effect
            for effect in found
            if effect.kind
            not in (
                EffectKind.TURNS,
                *([EffectKind.CHECKS, EffectKind.CHECKS_NO_MORE] if meaning.on_conditions else []),
            )
            and not set(effect.values) & names
        ]
        return [*told, *found]
    if not _are_texts(found):
        return found
    if told := by_hunk(pairs):
        return told
    if len(added) + len(removed) == 1 and len((added or removed)[0].strip()) <= MAX_LINE // 2:
        # One short line says more than a text in it.
        found = plain_effects(removed, added) or found
    left = _left(removed, added), _left(added, removed)
    return list(meaning.effects) or found or plain_effects(*left, before, after)


def _are_texts(found: Sequence[Effect]) -> bool:
    """Whether no more is told than texts that come and go."""
    return all(effect.kind in (EffectKind.ADDS_TEXT, EffectKind.DROPS_TEXT) for effect in found)


def by_hunk(pairs: Sequence[Pair]) -> list[Effect]:
    """All of two or three hunks, each a line at most on both sides, where every one of them can be told."""
    code = [tuple([line for line in side if line.strip() and not is_comment(line)] for side in pair) for pair in pairs]
    code = [pair for pair in code if any(pair)]
    if not 1 < len(code) <= MAX_FACTS or any(len(side) > 1 for pair in code for side in pair):
        return []
    told = [plain_effects(*pair) for pair in code]
    of_lines = all(len(some) == 1 and some[0].kind in _TOLD_BY_HUNK for some in told)
    return [effect for some in told for effect in some] if of_lines else []


_TOLD_BY_HUNK = frozenset({EffectKind.BECOMES, EffectKind.GAINS, EffectKind.LOSES, EffectKind.COMES, EffectKind.GOES})


def _is_short(pairs: Sequence[Pair]) -> bool:
    """Whether one short line is replaced by another."""
    code = [[line.strip() for pair in pairs for line in pair[side] if not is_comment(line)] for side in (0, 1)]
    return [len(lines) for lines in code] == [1, 1] and sum(len(lines[0]) for lines in code) <= MAX_LINE


def _moved(pairs: Sequence[Pair], removed: Sequence[str], added: Sequence[str]) -> Effect | None:
    """Lines that only stand elsewhere, which a diff takes out in one place and puts in at another."""
    one, other = (Counter(line.strip() for line in lines if not is_comment(line)) for lines in (removed, added))
    if not one or one != other or any(minus and plus for minus, plus in pairs):
        return None
    return moved([line for line in removed if not is_comment(line)])


def _without_moved(pairs: Sequence[Pair]) -> list[Pair]:
    """The hunks without the lines that one of them takes out and another one puts in again."""
    kept = []
    for at, (minus, plus) in enumerate(pairs):
        others = [pair for near, pair in enumerate(pairs) if near != at]
        come, gone = (
            {line.strip() for pair in others for line in pair[side] if _TELLS.search(line)} for side in (1, 0)
        )
        kept.append(
            ([line for line in minus if line.strip() not in come], [line for line in plus if line.strip() not in gone])
        )
    return [pair for pair in kept if any(pair)]


#: A line that is like no other by chance.
_TELLS = re.compile(r"\w\W+\w.*\w")


def _left(lines: Sequence[str], others: Iterable[str]) -> list[str]:
    """The lines that are not among the others, which are there as often as they are."""
    taken = Counter(line.strip() for line in others)
    kept = []
    for line in lines:
        if taken[line.strip()] > 0:
            taken[line.strip()] -= 1
        else:
            kept.append(line)
    # Lines that merely stand elsewhere say something only if nothing else changes.
    more = +taken
    return kept or ([] if any(more.values()) else list(lines))
