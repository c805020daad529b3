"""What replaced lines mean, told by their tokens: conditions, arguments, return values, texts, members."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from iquest_lsp.codeflow.facts import bounded
from iquest_lsp.codeflow.syntax.effects.calls import is_declared
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind
from iquest_lsp.codeflow.syntax.effects.line_effects import RAISES
from iquest_lsp.codeflow.syntax.effects.tokens import (
    JOINTS,
    Side,
    alike,
    are_whole,
    arguments,
    closed,
    condition_at,
    goes_on,
    is_in_value,
    is_paired,
    is_whole,
    likest,
    nearest_condition,
    owners,
    ratio,
    rewritten,
    slid,
    stands,
    unturned,
    widened,
)

Pair = tuple[Sequence[str], Sequence[str]]

#: Longer texts are not told; longer runs of tokens are a rewrite, which no short statement tells.
MAX_SHOWN, MAX_TOKENS, MAX_CHANGES = 60, 400, 3
#: How many words two conditions share at least of which one took the other's place.
ALIKE = 0.4
_WORD = re.compile(r"[A-Za-z_$][\w$]*[!?]?$")
_AND, _OR = frozenset({"&&", "and"}), frozenset({"||", "or"})
_OPPOSITE = {("==", "!="), ("===", "!=="), ("<", ">="), (">", "<="), ("is", "is not"), ("in", "not in")}
_OPPOSITES = _OPPOSITE | {(other, one) for one, other in _OPPOSITE}
_NOT = frozenset({"!", "not"})
_TESTS = frozenset({"if", "elif", "elsif", "elseif", "while", "unless", "when", "assert"})
_NO_CALLS = _TESTS | {
    "for",
    "switch",
    "return",
    "def",
    "fn",
    "func",
    "function",
    "and",
    "or",
    "not",
    "in",
    "catch",
    "match",
}
#: Behind a value, another name that is given one: an argument, a key.
_MORE_NAMES = re.compile(r",\s*[\"']?[\w$-]+[\"']?\s*(?:=(?![=>])|:(?!:))")
_SETS = re.compile(r"(?<![=!<>~:])=(?![=~>])")
_EDGES = frozenset({"(", ")", ",", ";", "{", "}"})
#: What becomes of a condition.
CONDITIONS = frozenset(
    {
        EffectKind.REQUIRES,
        EffectKind.REQUIRES_NO_MORE,
        EffectKind.ALLOWS,
        EffectKind.ALLOWS_NO_MORE,
        EffectKind.NEGATES,
        EffectKind.CONDITION,
    }
)
_CLAUSES = CONDITIONS - {EffectKind.NEGATES, EffectKind.CONDITION}
#: What is told of a part of a line by itself.
_OF_PARTS = frozenset({EffectKind.BECOMES, EffectKind.GAINS, EffectKind.LOSES})
#: What says more than the two lines beside each other.
STRONG = CONDITIONS | {
    EffectKind.PASSES,
    EffectKind.PASSES_NO_MORE,
    EffectKind.RETURNS_INSTEAD,
    EffectKind.RAISES_INSTEAD,
    EffectKind.CALLS_INSTEAD,
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What some replaced lines mean; `complete` if that is all that changes in them."""

    effects: tuple[Effect, ...] = ()
    complete: bool = False

    @property
    def on_conditions(self) -> bool:
        """Whether a condition that was there before is told of."""
        return any(effect.kind in CONDITIONS for effect in self.effects)


def meaning_of(pairs: Sequence[Pair]) -> Meaning:
    """What hunks of one definition mean, each given as its removed and its added lines."""
    found: list[Effect] = []
    complete = bool(pairs)
    for removed, added in pairs:
        old, new = Side.of(removed), Side.of(added)
        if old.tokens == new.tokens:
            continue
        if not old.tokens or not new.tokens or max(len(old.tokens), len(new.tokens)) > MAX_TOKENS:
            complete = False
            continue
        told, all_told = _compared(old, new)
        complete = complete and all_told
        found += told
    lost = [effect for effect in found if _stays(effect, pairs)]
    found, complete = [effect for effect in found if effect not in lost], complete and not lost
    distinct = tuple(dict.fromkeys(found))
    return Meaning(distinct[:MAX_CHANGES], complete and 0 < len(distinct) <= MAX_CHANGES)


def _stays(effect: Effect, pairs: Sequence[Pair]) -> bool:
    """Whether what a line is said to lose stands on a line of its own afterwards, or what it gains did before."""
    if effect.kind not in (EffectKind.GAINS, EffectKind.LOSES):
        return False
    side = 1 if effect.kind is EffectKind.LOSES else 0
    return stands(effect.values[1].strip(), (line for pair in pairs for line in pair[side]))


def _compared(old: Side, new: Side) -> tuple[list[Effect], bool]:
    """What becomes of one run of lines, and whether that is all; nothing where they are another text."""
    matcher = SequenceMatcher(None, old.tokens, new.tokens, autojunk=False)
    as_many = old.text.count("\n") == new.text.count("\n")
    found: list[Effect] = []
    of_line: list[tuple[tuple[str, str], Effect]] = []
    changes = list(_joined(matcher.get_opcodes(), old, new))
    if matcher.ratio() < (0.4 if as_many else 0.5) or not changes or len(changes) > MAX_CHANGES + 2:
        return [], False
    lines = Counter((old.line(start), new.line(first)) for start, _, first, _ in changes)
    for start, end, first, last in changes:
        both = old.line(start), new.line(first)
        effect = _effect(old, new, (start, end), (first, last))
        if effect is not None and effect.kind in _CLAUSES and (forms := rewritten(old, new, (start, first), changes)):
            effect = Effect(EffectKind.CONDITION, forms) if sum(map(len, forms)) <= 4 * MAX_SHOWN else None
        if effect is None:
            # Of a line that changes in more than can be told, a part of it is not all that changes.
            partial = {item for line, item in of_line if line == both and item.kind in _OF_PARTS}
            return [item for item in found if item not in partial], False
        if (
            effect.kind in (EffectKind.GAINS, EffectKind.LOSES)
            and lines[both] > 1
            and sum(map(len, both)) <= 2 * MAX_SHOWN
        ):
            # Of a line that changes in several places, no part is told alone.
            found = [item for item in found if not all(map(str.__contains__, both, item.values))]
            effect = Effect(EffectKind.BECOMES, both)
        if effect.kind is EffectKind.PASSES and any(effect.values[0] in item.values[-2:][0] for item in found):
            # The line that says so is told already.
            continue
        # Two lines beside each other tell what was told of a part of them.
        found = [item for item in found if not all(map(str.__contains__, effect.values, item.values))]
        found.append(effect)
        of_line.append((both, effect))
    return found, True


def _joined(
    opcodes: Sequence[tuple[str, int, int, int, int]], old: Side, new: Side
) -> Iterator[tuple[int, int, int, int]]:
    """The changed runs of tokens on both sides, without those that are brackets and commas alone.

    Two with a single word between them are one.
    """
    runs: list[tuple[int, int, int, int]] = []
    for tag, start, end, first, last in opcodes:
        if tag == "equal":
            continue
        if runs and start - runs[-1][1] == 1 and not set(old.tokens[runs[-1][1] : start]) & (_EDGES | _AND | _OR):
            runs[-1] = (runs[-1][0], end, runs[-1][2], last)
        else:
            runs.append((start, end, first, last))
    for run in (slid(run, old, new) for run in runs):
        if not set(old.tokens[run[0] : run[1]] + new.tokens[run[2] : run[3]]) <= _EDGES:
            yield run


def _effect(old: Side, new: Side, was: tuple[int, int], now: tuple[int, int]) -> Effect | None:
    gone, come = old.tokens[was[0] : was[1]], new.tokens[now[0] : now[1]]
    for kind in (_on_condition, _on_raised, _on_argument, _on_called, _on_returned, _on_text, _on_value):
        if (effect := kind(old, new, was, now)) is not None:
            return effect
    was, now = _with_rest(old, was, new, now)
    if old.is_long(*was) or new.is_long(*now):
        # Whole statements that come or go are no change of a statement.
        return None
    before, after = old.shown(*was), new.shown(*now)
    if not are_whole(before, after):
        before, after = old.line(was[0]), new.line(now[0])
        paired = old.text.count("\n") == new.text.count("\n")
        short = paired and len(before) + len(after) <= 2 * MAX_SHOWN and before != after
        same = short and likest(before, new.text.split("\n")) == after and ratio(before, after) >= 0.6
        return Effect(EffectKind.BECOMES, (before, after)) if same else None
    if not re.search(r"\w", before + after):
        return None
    if before and after and len(before) + len(after) <= 2 * MAX_SHOWN:
        return Effect(EffectKind.BECOMES, (before, after))
    if not gone and after and len(after) <= MAX_SHOWN:
        line = new.line(now[0])
        whole = line.split() == after.split()
        return Effect(EffectKind.COMES, (line,)) if whole else Effect(EffectKind.GAINS, (bounded(line), after))
    if not come and before and len(before) <= MAX_SHOWN:
        line = old.line(was[0])
        whole = line.split() == before.split()
        return Effect(EffectKind.GOES, (line,)) if whole else Effect(EffectKind.LOSES, (bounded(line), before))
    return None


def _on_condition(old: Side, new: Side, was: tuple[int, int], now: tuple[int, int]) -> Effect | None:
    """A condition that asks for more or less than before, or for the opposite."""
    gone, come = old.tokens[was[0] : was[1]], new.tokens[now[0] : now[1]]
    for side, span, part, other, more in (
        (new, now, come, gone, (EffectKind.REQUIRES, EffectKind.ALLOWS)),
        (old, was, gone, come, (EffectKind.REQUIRES_NO_MORE, EffectKind.ALLOWS_NO_MORE)),
    ):
        if part and set(other) <= _EDGES:
            for words, kind in ((_AND, more[0]), (_OR, more[1])):
                text = _clause(side, span, words)
                # What is assigned as a whole is no part of a condition.
                if text and not _SETS.search(text) and not is_in_value(side, span[0]):
                    return Effect(kind, (text,))
    conditions = condition_at(old, was[0]), condition_at(new, now[0])
    if not all(conditions) or max(map(len, conditions)) > MAX_SHOWN + 10:
        return None
    nearest = nearest_condition(conditions[0], new)
    if nearest != conditions[1]:
        # Another condition has come before the one that was there.
        turned = unturned(nearest) == unturned(conditions[0])
        return Effect(EffectKind.NEGATES, (conditions[0], nearest)) if turned and nearest != conditions[0] else None
    opposite = (" ".join(gone), " ".join(come)) in _OPPOSITES
    negated = opposite or (bool(gone or come) and {*gone, *come} <= _NOT)
    kind = EffectKind.NEGATES if negated else EffectKind.CONDITION
    named = [re.findall(r"\w+", condition) for condition in conditions]
    if not negated and ratio(*named) < ALIKE:
        return None
    return Effect(kind, conditions)


def _clause(side: Side, span: tuple[int, int], words: frozenset[str]) -> str:
    """What is joined to a condition by `and` or `or`, where a run of tokens is just that."""
    start, end = span
    while start < end and side.tokens[start] in "()":
        start += 1
    if end - start < 2:
        return ""
    if side.tokens[start] in words:
        start += 1
    elif side.tokens[end - 1] in words:
        end -= 1
    else:
        return ""
    text = closed(side.shown(start, side.closing(start, end)))
    return text if is_whole(text) and 0 < len(text) <= MAX_SHOWN + 10 else ""


def _on_raised(old: Side, new: Side, was: tuple[int, int], now: tuple[int, int]) -> Effect | None:
    """Another exception."""
    one, other = (RAISES.search(side.line(at)) for side, at in ((old, was[0]), (new, now[0])))
    if one and other and one[1] != other[1]:
        return Effect(EffectKind.RAISES_INSTEAD, (other[1], one[1]))
    return None


def _on_argument(old: Side, new: Side, was: tuple[int, int], now: tuple[int, int]) -> Effect | None:
    """An argument that a call gains or loses."""
    for side, span, other, kind in (
        (new, now, was, EffectKind.PASSES),
        (old, was, now, EffectKind.PASSES_NO_MORE),
    ):
        if other[0] != other[1]:
            continue
        start, end = span
        before = side.tokens[start - 1] if start else ""
        behind = side.tokens[end] if end < len(side.tokens) else ""
        starts = before in ("(", ",") or side.tokens[start] == ","
        ends = behind in (")", ",") or side.tokens[end - 1] == ","
        called = _called(side, start) if starts and ends else ""
        text = side.shown(start, end).strip(", ")
        if (
            called
            and owners(old, called) & owners(new, called)
            and 0 < len(text) <= MAX_SHOWN
            and is_paired(text)
            and not (old if side is new else new).passes(text, called)
        ):
            return Effect(kind, (text, called))
    return None


def _called(side: Side, at: int) -> str:
    """The function in whose brackets a token stands."""
    depth = 0
    for place in range(at - 1, max(at - 120, 0) - 1, -1):
        token = side.tokens[place]
        depth += (token in ")]}") - (token in "([{")
        if depth < 0:
            if token != "(" or not place or not _WORD.match(side.tokens[place - 1]):
                return ""
            name = side.tokens[place - 1]
            before = side.tokens[place - 2] if place > 1 else ""
            declared = before in ("new", "#", "@") or is_declared(side.left_of(place - 1))
            return "" if name in _NO_CALLS or declared else name
    return ""


def _on_called(old: Side, new: Side, was: tuple[int, int], now: tuple[int, int]) -> Effect | None:
    """Another function that is called."""
    if was[1] >= len(old.tokens) or now[1] >= len(new.tokens):
        return None
    runs = old.tokens[was[0] : was[1]] + new.tokens[now[0] : now[1]]
    if not all(_WORD.match(token) or token in JOINTS for token in runs):
        return None
    names = [side.tokens[span[1] - 1] for side, span in ((old, was), (new, now)) if span[0] < span[1]]
    called = old.tokens[was[1]] == new.tokens[now[1]] == "("
    if len(names) == 2 and names[0].rstrip("!") == names[1].rstrip("!") and "?" not in names[0] + names[1]:
        return None  # a mark behind the name is no other function
    if len(names) == 2 and called and all(_WORD.match(name) and name not in _NO_CALLS for name in names):
        wide = [side.shown(*widened(side, span)) for side, span in ((old, was), (new, now))]
        same = alike(arguments(old, was[1]), arguments(new, now[1]))
        if same and names[0] != names[1] and max(map(len, wide)) <= MAX_SHOWN and not any("(" in text for text in wide):
            return Effect(EffectKind.CALLS_INSTEAD, (wide[1], wide[0]))
    return None


def _on_returned(old: Side, new: Side, was: tuple[int, int], now: tuple[int, int]) -> Effect | None:
    """Another value that is returned."""
    lines = [side.line(at) for side, at in ((old, was[0]), (new, now[0]))]
    found = [re.match(r"return\s+(.+?)\s*;?$", line) for line in lines]
    if all(found) and not (goes_on(old, was[0]) or goes_on(new, now[0])):
        before, after = (match[1] for match in found if match)
        if max(len(before), len(after)) <= MAX_SHOWN and before != after and is_whole(before) and is_whole(after):
            return Effect(EffectKind.RETURNS_INSTEAD, (after, before))
    return None


def _on_text(old: Side, new: Side, was: tuple[int, int], now: tuple[int, int]) -> Effect | None:
    """Another text."""
    if was[1] - was[0] == now[1] - now[0] == 1:
        before, after = old.tokens[was[0]], new.tokens[now[0]]
        # Texts in texts, as in templates and shells, are torn where a quote is.
        torn = any(text.count(one) != text.count(other) for text in (before, after) for one, other in ("()", "{}"))
        if before[-1] == after[-1] and before[-1] in "\"'`" and not torn:
            return Effect(EffectKind.VALUE_BECOMES, (bounded(before), bounded(after)))
    return None


def _on_value(old: Side, new: Side, was: tuple[int, int], now: tuple[int, int]) -> Effect | None:
    """Another value of a name or a key, where the lines set nothing else."""
    pattern = re.compile(
        r"(?:(?:const|let|var|final|static|mut|pub|self\.|this\.)\s*)*([\w$.\[\]\"'>-]+)(?:\s+:?=\s*|:?=(?=\S)|\s*:(?!:)\s*)([^=].*?)(?:,|;(?:\s*break;)?)?$"
    )
    found = [pattern.match(side.line(at)) for side, at in ((old, was[0]), (new, now[0]))]
    if not all(found) or goes_on(old, was[0]) or goes_on(new, now[0]):
        return None
    one, other = (match for match in found if match)
    short = max(len(one[2]), len(other[2])) <= MAX_SHOWN and not any(" = " in match[2] for match in (one, other))
    if any(_MORE_NAMES.search(re.sub(r"[(\[{].*[)\]}]", "", match[2])) for match in (one, other)):
        return None  # the line gives values to other names too
    if one[1] == other[1] and one[2] != other[2] and short and is_whole(one[2]) and is_whole(other[2]):
        return Effect(EffectKind.SETS_INSTEAD, (one[1], other[2], one[2]))
    return None


def _with_rest(
    old: Side, was: tuple[int, int], new: Side, now: tuple[int, int]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Two runs of tokens with the rest of the dotted names at their ends, which both keep where only one has dots."""
    before, after = widened(old, was), widened(new, now)
    if was[0] == was[1] or now[0] == now[1]:
        start = max(was[0] - before[0], now[0] - after[0])
        end = max(before[1] - was[1], after[1] - now[1])
        before, after = (was[0] - start, was[1] + end), (now[0] - start, now[1] + end)
    return before, after
