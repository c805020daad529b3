"""What a change of a definition's body does: its members, its attributes, what its lines mean, what comes and goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from iquest_lsp.codeflow.syntax.effects.meaning import CONDITIONS, STRONG, Pair, meaning_of
from iquest_lsp.codeflow.syntax.effects.members import is_mark, marks, members, without_lifetimes
from iquest_lsp.codeflow.syntax.line_effects import MAX_FACTS, Effect, EffectKind, effects, is_comment, plain_effects

#: One line replaced by another is told by both of them, up to so many characters, where no more can be said.
MAX_LINE = 100


def body_effects(
    kind: str, pairs: Sequence[Pair], before: Sequence[str], after: Sequence[str], language: str = ""
) -> list[Effect]:
    """The effects of a definition's hunks, each given as its removed and added lines, the most telling first.

    `kind` is the definition's; `before` and `after` are all of its own lines.
    """
    if language == "rust":
        pairs = [(list(map(without_lifetimes, minus)), list(map(without_lifetimes, plus))) for minus, plus in pairs]
    removed, added = ([line for pair in pairs for line in pair[side]] for side in (0, 1))
    if kind in ("constant", "variable"):
        # Of a value the reader wants to see both, the old one and the new one.
        told = plain_effects(removed, added)
        return told or list(meaning_of(pairs).effects) or effects(removed, added)
    # A mark that only stands elsewhere in the diff was there before, or is there after.
    marked = (
        [item for item in marks(removed, added) if item in marks(before, after)] if before else marks(removed, added)
    )
    pairs = [(_unmarked(minus), _unmarked(plus)) for minus, plus in pairs]
    removed, added = _unmarked(removed), _unmarked(added)
    if any(line.strip() and not is_comment(line) for line in (*removed, *added)):
        told = members(kind, removed, added) or _of_lines(pairs, removed, added, before, after)
    else:
        told = [] if marked else plain_effects(removed, added)
    return [*marked, *told][:MAX_FACTS]


def _unmarked(lines: Iterable[str]) -> list[str]:
    return [line for line in lines if not is_mark(line)]


def _of_lines(
    pairs: Sequence[Pair], removed: list[str], added: list[str], before: Sequence[str], after: Sequence[str]
) -> list[Effect]:
    moved = _moved(pairs, removed, added)
    if moved is not None:
        return [moved]
    meaning = meaning_of(pairs)
    found = effects(removed, added, before, after)
    if _is_short(pairs):
        # Two short lines are told as they are, unless one word says more.
        if not found or found[0].kind is not EffectKind.TURNS:
            telling = {*CONDITIONS, EffectKind.CALLS_INSTEAD}
            found = [effect for effect in meaning.effects if effect.kind in telling] or found
        return found or plain_effects(removed, added, before, after)
    if meaning.complete:
        return list(meaning.effects)
    told = [effect for effect in meaning.effects if effect.kind in STRONG]
    if told:
        # What is said of a condition that changed is not said of a new one.
        names = {value for effect in told for value in effect.values}
        found = [
            effect
            for effect in found
            if effect.kind not in (EffectKind.TURNS, *([EffectKind.CHECKS] if meaning.on_conditions else []))
            and not set(effect.values) & names
        ]
        return [*told, *found]
    if found and not all(effect.kind in (EffectKind.ADDS_TEXT, EffectKind.DROPS_TEXT) for effect in found):
        return found
    left = _left(removed, added), _left(added, removed)
    return list(meaning.effects) or found or plain_effects(*left, before, after)


def _is_short(pairs: Sequence[Pair]) -> bool:
    """Whether one short line is replaced by another."""
    code = [[line.strip() for pair in pairs for line in pair[side] if not is_comment(line)] for side in (0, 1)]
    return [len(lines) for lines in code] == [1, 1] and sum(len(lines[0]) for lines in code) <= MAX_LINE


def _moved(pairs: Sequence[Pair], removed: Sequence[str], added: Sequence[str]) -> Effect | None:
    """Lines that only stand elsewhere, which a diff takes out in one place and puts in at another."""
    one, other = (Counter(line.strip() for line in lines if not is_comment(line)) for lines in (removed, added))
    if not one or one != other or any(minus and plus for minus, plus in pairs):
        return None
    return Effect(EffectKind.MOVES_LINES, (next(line.strip() for line in removed if not is_comment(line))[:60],))


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
