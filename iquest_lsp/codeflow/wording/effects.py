"""What a change of a definition does, in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from iquest_lsp.codeflow.diff.filters import Objection
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind, is_of_comments
from iquest_lsp.codeflow.syntax.signatures import signature_effects
from iquest_lsp.codeflow.wording.phrases import WITHHELD, listed, say
from iquest_lsp.codeflow.wording.purposes import objection_words

#: What stands in a table of sentences for comments of which none documents the definition.
COMMENTS = "comments"
#: How many names are told of an effect on names.
_NAMES = {EffectKind.CALLS_NO_MORE: 2}
_ON_NAMES = {
    EffectKind.RAISES: "now raises {}",
    EffectKind.RAISES_NO_MORE: "no longer raises {}",
    EffectKind.HANDLES: "now handles {}",
    EffectKind.CALLS: "now calls {}",
    EffectKind.CALLS_NO_MORE: "no longer calls {}",
    EffectKind.USES: "now uses {}",
    EffectKind.USES_NO_MORE: "no longer uses {}",
    EffectKind.EXPORTS: "now exports {}",
    EffectKind.EXPORTS_NO_MORE: "no longer exports {}",
    EffectKind.ADDS_TEXT: "adds the text {}",
    EffectKind.DROPS_TEXT: "drops the text {}",
    EffectKind.TAKES: "takes the new parameter {}",
    EffectKind.TAKES_NO_MORE: "no longer takes {}",
    EffectKind.GAINS_MEMBER: "gains the member {}",
    EffectKind.LOSES_MEMBER: "loses the member {}",
    EffectKind.INHERITS: "now inherits from {}",
    EffectKind.INHERITS_NO_MORE: "no longer inherits from {}",
}
_PLURALS = {
    EffectKind.ADDS_TEXT: "adds the texts {}",
    EffectKind.DROPS_TEXT: "drops the texts {}",
    EffectKind.TAKES: "takes the new parameters {}",
    EffectKind.GAINS_MEMBER: "gains the members {}",
    EffectKind.LOSES_MEMBER: "loses the members {}",
}
_ON_VALUES = {
    EffectKind.PASSES: "passes `{}` to `{}`",
    EffectKind.PASSES_NO_MORE: "no longer passes `{}` to `{}`",
    EffectKind.CALLS_INSTEAD: "calls `{}` instead of `{}`",
    EffectKind.GIVES: "returns `{}`, where it returned nothing",
    EffectKind.GIVES_NO_MORE: "no longer returns `{}`",
    EffectKind.RETURNS_INSTEAD: "returns `{}` instead of `{}`",
    EffectKind.RAISES_INSTEAD: "raises `{}` instead of `{}`",
    EffectKind.SETS_INSTEAD: "sets `{}` to `{}` instead of `{}`",
    EffectKind.GAINS_MARK: "is marked `{}`",
    EffectKind.LOSES_MARK: "is no longer marked `{}`",
    EffectKind.CHECKS: "checks `{}`",
    EffectKind.CHECKS_NO_MORE: "no longer checks `{}`",
    EffectKind.REORDERS: "takes its parameters in a different order",
    EffectKind.TYPES_ONLY: "changes only types in its signature",
    EffectKind.BODY_TOO: "changes its body",
    EffectKind.OTHER_SIGNATURE: "has a different signature",
    EffectKind.OTHER_FORM: "gains another form",
    EffectKind.LESS_FORMS: "loses one of its forms",
    EffectKind.FORMS_SWAP: "lists its forms in a different order",
}
#: What becomes of lines, where the others say what the definition does.
_ON_LINES = {
    EffectKind.REQUIRES: "a condition also requires `{}`",
    EffectKind.REQUIRES_NO_MORE: "a condition no longer requires `{}`",
    EffectKind.ALLOWS: "a condition also holds if `{}`",
    EffectKind.ALLOWS_NO_MORE: "a condition no longer holds if `{}`",
    EffectKind.NEGATES: "the condition `{}` is turned around to `{}`",
    EffectKind.CONDITION: "the condition `{}` becomes `{}`",
    EffectKind.TURNS: "`{}` becomes `{}` in `{}`",
    EffectKind.BECOMES: "`{}` becomes `{}`",
    EffectKind.VALUE_BECOMES: "`{}` becomes `{}`",
    EffectKind.RAISES_VERSION: "raised from {} to {}",
    EffectKind.LOWERS_VERSION: "lowered from {} to {}",
    EffectKind.GAINS: "`{}` gains `{}`",
    EffectKind.LOSES: "`{}` loses `{}`",
    EffectKind.COMES: "`{}` is new",
    EffectKind.GOES: "`{}` is gone",
    EffectKind.MORE_COME: "{} more are new",
    EffectKind.MORE_GO: "{} more are gone",
    EffectKind.MOVES_LINE: "the line `{}` moves",
    EffectKind.MOVES_LINES: "the lines from `{}` on move",
    EffectKind.INDENTS: "`{}` is indented otherwise",
    EffectKind.COMMENTS_ONLY: "only comments change",
    EffectKind.COMMENTED_OUT: "commented out",
    EffectKind.TEXTS_ONLY: "only the words of a text change",
}


#: Longer lines and texts are cut where they are told; a path is told as it is.
MAX_SHOWN = 60
_PATH = re.compile(r"[\w.\-]+(?:/[\w.\-]+)+\.\w+")
#: Effects whose first value is a line.
_OF_A_LINE = frozenset(
    {
        *(EffectKind.COMES, EffectKind.GOES, EffectKind.GAINS, EffectKind.LOSES, EffectKind.MOVES_LINE),
        *(EffectKind.MOVES_LINES, EffectKind.INDENTS, EffectKind.GAINS_MARK, EffectKind.LOSES_MARK),
    }
)

#: Effects whose values are conditions, which some languages set in brackets.
_OF_CONDITIONS = frozenset({EffectKind.CHECKS, EffectKind.CHECKS_NO_MORE, EffectKind.NEGATES, EffectKind.CONDITION})
#: Kinds of which the value is told where they come or go.
_VALUED = frozenset({"key", "package", "command"})


class ToldChange(Protocol):
    """A change of a definition, of a diff or as it is stored."""

    @property
    def name(self) -> str:
        """The definition's name."""
        ...

    @property
    def kind(self) -> str:
        """What it is: a function, a key."""
        ...

    @property
    def change(self) -> str:
        """What happened to it; see SymbolChange."""
        ...

    @property
    def signature(self) -> str:
        """Its newest signature."""
        ...

    @property
    def old_signature(self) -> str:
        """The one before."""
        ...

    @property
    def effects(self) -> tuple[Effect, ...]:
        """What its lines do."""
        ...

    @property
    def old_path(self) -> str:
        """Where it came from."""
        ...

    @property
    def old_name(self) -> str:
        """What it was called."""
        ...


def effect_words(effect: Effect) -> str:
    """One effect, without a subject."""
    if effect.kind is EffectKind.WITHHELD:
        return WITHHELD
    if effect.kind in _ON_NAMES:
        sentences = (_ON_NAMES | _PLURALS) if len(effect.values) > 1 else _ON_NAMES
        return say(sentences[effect.kind], listed(effect.values, _NAMES.get(effect.kind, 3)))
    return say((_ON_LINES | _ON_VALUES)[effect.kind], *_quoted(effect))


def _quoted(effect: Effect) -> tuple[str, ...]:
    """The values of an effect as they are told: long lines cut, of long texts what stands around their difference."""
    if effect.kind in _OF_A_LINE:
        line, *rest = effect.values
        return (_cut(_unlisted(line)), *map(_unlisted, rest))
    if effect.kind is EffectKind.BECOMES and all(value.endswith(",") for value in effect.values):
        return tuple(map(_unlisted, effect.values))
    if effect.kind is EffectKind.TURNS:
        old, new, line = effect.values
        return old, new, line[:MAX_SHOWN]
    if effect.kind is EffectKind.VALUE_BECOMES:
        before, after = effect.values
        return _around(before, after)
    return told_values(effect)


def told_values(effect: Effect) -> tuple[str, ...]:
    """The values of an effect, conditions without the brackets around all of them."""
    return tuple(map(_unbracketed, effect.values)) if effect.kind in _OF_CONDITIONS else effect.values


def _unbracketed(condition: str) -> str:
    depth = 0
    for at, char in enumerate(condition):
        depth += (char == "(") - (char == ")")
        if depth <= 0:
            return (at and at == len(condition) - 1 and condition[1:-1].strip()) or condition
    return condition


def _unlisted(text: str) -> str:
    """An item without the comma that stands behind it in its list."""
    return text.rstrip(", ") or text


def _around(before: str, after: str) -> tuple[str, str]:
    """Two texts, or of long ones what stands around their difference."""
    if max(len(before), len(after)) <= MAX_SHOWN:
        return before, after
    same = next((at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), 0)
    start = max(0, before.rfind(" ", 0, max(same - 12, 0)) + 1, same - MAX_SHOWN // 2)
    mark = "…" if start else ""
    return mark + _cut(before[start:]), mark + _cut(after[start:])


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN or _PATH.fullmatch(text) else text[: MAX_SHOWN - 1] + "…"


def is_of_lines(effect: Effect) -> bool:
    """Whether the effect says what becomes of lines, so that no subject fits before it."""
    return effect.kind in _ON_LINES


def told_as(change: ToldChange) -> str:
    """Where the change stands in a table of sentences: by what happened, and comments apart from documentation."""
    return COMMENTS if change.change == "doc" and is_of_comments(change.effects) else change.change


def told_effects(change: ToldChange) -> Sequence[Effect]:
    """What is told of a change: the effects of its lines, or what becomes of its signature."""
    if any(effect.kind is EffectKind.WITHHELD for effect in change.effects):
        return change.effects
    if change.change == "signature":
        return [*change.effects, *signature_effects(change.old_signature, change.signature)]
    return change.effects


def detail(change: ToldChange) -> str:
    """What there is to say beside the kind of a change; empty where that tells all."""
    if any(effect.kind is EffectKind.COMMENTED_OUT for effect in change.effects):
        return say(_ON_LINES[EffectKind.COMMENTED_OUT])
    if change.change in ("added", "removed") and change.kind in _VALUED and change.signature:
        return say("`{}`", " ".join(change.signature.split()))
    if change.change not in ("body", "signature", "renamed", "moved", "copied", "rewritten"):
        return ""
    if any(effect.kind is EffectKind.WITHHELD for effect in change.effects):
        return WITHHELD
    if change.change == "renamed":
        template = "{} → {}; its content changes too" if change.effects else "{} → {}"
        return say(template, change.old_name, change.name)
    if change.change == "rewritten":
        return say("{}::{}", change.old_path, change.old_name)
    if change.change in ("moved", "copied"):
        return say("from {}::{}", change.old_path, change.old_name)
    if change.change == "signature" and change.effects:
        # What changes beside it is none of its parameters.
        head = _joined(signature_effects(change.old_signature, change.signature))
        if head and tuple(effect.kind for effect in change.effects) == (EffectKind.BODY_TOO,):
            return say("{}; its body changes too", head)
        return say("{}; in its body: {}", head, _joined(change.effects)) if head else _joined(change.effects)
    return _joined(told_effects(change))


def _joined(effects: Sequence[Effect]) -> str:
    return ", ".join(map(effect_words, effects))


def action_words(changes: Sequence[ToldChange], limit: int) -> str:
    """What was done to the first definitions, and how many more there are."""
    parts = list(dict.fromkeys(map(_action, changes[:limit])))
    parts += [say("and {} more", len(changes) - limit)] if len(changes) > limit else []
    return "; ".join(parts)


def _action(item: ToldChange) -> str:
    # The record shows both signatures beside the action.
    told = detail(item) if item.change != "signature" else ""
    return say("{} {} ({})", item.change, item.name, told) if told else say("{} {}", item.change, item.name)


def left_out_words(objection: Objection) -> str:
    """The objection to a commit, in place of its rationale."""
    return say("left out ({})", objection_words(objection))
