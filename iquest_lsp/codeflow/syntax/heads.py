"""The heads of functions and types in a language without a grammar here, by their lines.

What becomes of the parameters, of what is returned, of what a type is derived from and of the words before the name;
whether a head only stands on other lines now, and whether a constructor declares a property.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from iquest_lsp.codeflow.syntax.comments import is_comment
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind
from iquest_lsp.codeflow.syntax.signatures import parameter_effects

#: A head takes so many lines at most.
MAX_LINES = 20
#: So far into the lines of a head its brackets are looked for; a longer line is data.
MAX_OPENING = 2000


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands before the brackets of a function, in them and behind them, and the lines that they stand on."""

    before: str
    parameters: str
    behind: str
    lines: tuple[str, ...]


def head_effects(
    name: str, before: Sequence[str], after: Sequence[str], kind: str = "function"
) -> tuple[list[Effect], set[str]]:
    """The effects on the head of a function or a type, given by all of its lines, and the lines that these tell all of.

    Of a type that is what its constructor takes and what it is derived from.
    """
    if same := relaid(name, before, after):
        return [], same
    is_type = kind not in ("function", "method")
    old, new = (_head(name, lines) or (_plain_head(name, lines) if is_type else None) for lines in (before, after))
    if old is None or new is None or old.lines == new.lines:
        return [], set()
    marks = _word_effects(old.before.split(), new.before.split())
    behind = (_base_effects if is_type else _behind_effects)(old.behind, new.behind)
    if marks is None or behind is None or (old.parameters == new.parameters and not (marks or behind)):
        return [], set()
    found = parameter_effects(*(f"{name}({head.parameters})" for head in (old, new)))
    if not found and old.parameters != new.parameters:
        return [], set()
    return [*found, *behind, *marks], {*old.lines, *new.lines}


#: Words that say who sees a definition and what may be done with it.
_MODIFIERS = frozenset(
    {
        *("public", "private", "protected", "internal", "fileprivate", "open", "abstract", "final", "sealed", "static"),
        *("override", "virtual", "inline", "suspend", "async", "partial", "readonly", "mutating", "lateinit", "data"),
    }
)


def _word_effects(before: Sequence[str], after: Sequence[str]) -> list[Effect] | None:
    """The words that one of two heads has alone before its name; None where they are not such words."""
    come, gone = ([word for word in one if word not in other] for one, other in ((after, before), (before, after)))
    if not _MODIFIERS.issuperset((*come, *gone)):
        return None
    return [Effect(EffectKind.GAINS_MARK, (word,)) for word in come] + [
        Effect(EffectKind.LOSES_MARK, (word,)) for word in gone
    ]


#: What a type is derived from, behind a colon or behind words for it.
_BASES = re.compile(r"\s*+(?::|extends\b|implements\b)\s*+([^{}]++)$")


def _base_effects(before: str, after: str) -> list[Effect] | None:
    """What a type is derived from in the place of something else; None where the lines say more."""
    if before == after:
        return []
    found = [_BASES.match(text) for text in (before, after)]
    old, new = ([*_separated(match[1])] if match else [] for match in found)
    differing = [pair for pair in zip(old, new, strict=False) if pair[0] != pair[1]]
    if not old or len(old) != len(new) or len(differing) > 2:
        return None
    return [Effect(EffectKind.BECOMES, pair) for pair in differing]


def _separated(text: str) -> Iterator[str]:
    """What stands between the commas of a text that are in no brackets."""
    depth, start = 0, 0
    for at, char in enumerate(text):
        depth += (char in "([{<") - (char in ")]}" or (char == ">" and text[at - 1] not in "-="))
        if char == "," and not depth:
            yield text[start:at].strip()
            start = at + 1
    yield text[start:].strip()


def _plain_head(name: str, lines: Sequence[str]) -> _Head | None:
    """The head of a type whose constructor takes nothing there, where it stands on one line."""
    short = re.escape(name.rsplit(".", 1)[-1])
    line = next((line for line in lines[:MAX_LINES] if re.search(rf"(?<![\w.]){short}(?!\w)", line)), "")
    found = re.search(rf"(?<![\w.]){short}(?!\w)(?:<[^<>()]*+>)?", line) if len(line) <= MAX_OPENING else None
    if found is None or "(" in line[: found.start()] or is_comment(line):
        return None
    behind = line[found.end() :].rstrip().removesuffix("}").rstrip().removesuffix("{").rstrip()
    return _Head(line[: found.end()], "", behind, (line,))


def parameters_of(name: str, lines: Sequence[str]) -> str:
    """What a function takes, as it is written; empty where its head is not known."""
    head = _head(name, lines)
    return head.parameters if head else ""


def relaid(name: str, before: Sequence[str], after: Sequence[str]) -> set[str]:
    """The lines of a head that only stands on other lines now, or with another comma; none where it is not so."""
    old, new = _head(name, before), _head(name, after)
    if old is None or new is None or old.lines == new.lines:
        return set()
    sides = [(*map(_bare, (head.before, head.parameters)), head.behind) for head in (old, new)]
    return {*old.lines, *new.lines} if sides[0] == sides[1] else set()


def _bare(text: str) -> str:
    """A part of a head without what its layout adds."""
    return re.sub(r"(?<=\W) | (?=\W)|,\s*$", "", " ".join(text.split()))


def holds(name: str, owner: str, lines: Sequence[str]) -> bool:
    """Whether the head of a type or of its constructor declares a property among what it takes."""
    head = _head(owner, lines)
    words = r"(?:val|var)\s+" if not name.startswith("$") else r"\b(?:public|private|protected|readonly)\s[^,()]*"
    return head is not None and bool(re.search(rf"{words}{re.escape(name)}(?!\w)", head.parameters))


#: What stands between the parameters of a function and its body: words, and what it returns.
_BEHIND = re.compile(r"((?:\b(?:async|throws|rethrows|const|override)\b\s*+)*)(?:(?:->|:)\s*+([^={}]++))?$")
#: What a constructor calls first, which is no type.
_CALLED_FIRST = re.compile(r"[\w.]++\s*+\(")
_WHERE = re.compile(r"(?<!\S)where\b")


def _behind_effects(before: str, after: str) -> list[Effect] | None:
    """What changes between the parameters and the body; None where it cannot be told apart."""
    if before == after:
        return []
    (before, old_where), (after, new_where) = map(_without_where, (before, after))
    old, new = _BEHIND.match(before), _BEHIND.match(after)
    if old is None or new is None or bool(old_where) != bool(new_where):
        return None
    first = [bool(found[2] and _CALLED_FIRST.match(found[2])) for found in (old, new)]
    if first[0] != first[1]:
        return None
    words = [found[1].split() for found in (old, new)]
    told = [Effect(EffectKind.GAINS_MARK, (word,)) for word in words[1] if word not in words[0]]
    told += [Effect(EffectKind.LOSES_MARK, (word,)) for word in words[0] if word not in words[1]]
    if old[2] and new[2] and old[2] != new[2]:
        instead = Effect(EffectKind.RETURNS_INSTEAD, (new[2], old[2]))
        told.append(Effect(EffectKind.BECOMES, (old[2], new[2])) if first[0] else instead)
    elif old[2] != new[2]:
        if "->" not in f"{before}{after}":
            return None  # what is not said may be returned all the same
        told.append(Effect(EffectKind.GIVES if new[2] else EffectKind.GIVES_NO_MORE, (new[2] or old[2],)))
    return told if old_where == new_where else [*told, Effect(EffectKind.BECOMES, (old_where, new_where))]


def _without_where(text: str) -> tuple[str, str]:
    """What stands behind the parameters without what is asked of type parameters, and that."""
    found = _WHERE.search(text)
    return (text[: found.start()].strip(), text[found.start() :].strip()) if found else (text.strip(), "")


def _head(name: str, lines: Sequence[str]) -> _Head | None:
    """The head of a function; None where it has no brackets, or none that are closed."""
    short = re.escape(name.rsplit(".", 1)[-1])
    own = [line for line in lines[: 2 * MAX_LINES] if not is_comment(line)]
    start = next((at for at, line in enumerate(own) if re.search(rf"(?<!\w){short}(?!\w)", line)), None)
    if start is None:
        return None
    text, depth = "\n".join(own[start : start + MAX_LINES]), 0
    constructor = r"(?:\s++@?[\w.]++){0,4}?\s++constructor\s*+"
    opening = rf"(?<!\w){short}[?!]?(?:[ \t]*+<[^()]*>)?(?:{constructor}|[ \t]*+)\("
    found = re.compile(opening).search(text, 0, MAX_OPENING)
    if found is None or found.start() > len(own[start]):
        return None
    for at in range(found.end() - 1, len(text)):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if not depth:
            count = text.count("\n", 0, at) + 1
            rest = text[at + 1 :].partition("\n")[0].strip().rstrip("{").rstrip()
            parameters = " ".join(text[found.end() : at].split())
            return _Head(text[: found.end() - 1], parameters, rest, tuple(own[start : start + count]))
    return None
