"""One thing that a change does, as a fact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from iquest_lsp.codeflow.facts import Fact


class EffectKind(StrEnum):
    """What a change does; the values are names unless something else is said."""

    RAISES = "raises"
    RAISES_NO_MORE = "raises-no-more"
    HANDLES = "handles"
    #: A condition.
    CHECKS = "checks"
    CHECKS_NO_MORE = "checks-no-more"
    CALLS = "calls"
    CALLS_NO_MORE = "calls-no-more"
    USES = "uses"
    USES_NO_MORE = "uses-no-more"
    #: Literals with their quotes.
    ADDS_TEXT = "adds-text"
    DROPS_TEXT = "drops-text"
    #: An operator or number, another one, and the line that holds it.
    TURNS = "turns"
    #: A text and the one in its place.
    BECOMES = "becomes"
    #: A literal or a value, which may be long, and the one in its place.
    VALUE_BECOMES = "value-becomes"
    #: A condition, or what it is joined to, and for the last two the one in its place.
    REQUIRES = "requires"
    REQUIRES_NO_MORE = "requires-no-more"
    ALLOWS = "allows"
    ALLOWS_NO_MORE = "allows-no-more"
    NEGATES = "negates"
    CONDITION = "condition"
    #: An argument and the function that is called.
    PASSES = "passes"
    PASSES_NO_MORE = "passes-no-more"
    #: What is in the place of another, and that other.
    CALLS_INSTEAD = "calls-instead"
    RETURNS_INSTEAD = "returns-instead"
    RAISES_INSTEAD = "raises-instead"
    #: A name, its value, and the one before.
    SETS_INSTEAD = "sets-instead"
    GAINS_MEMBER = "gains-member"
    LOSES_MEMBER = "loses-member"
    #: An attribute or a decorator.
    GAINS_MARK = "gains-mark"
    LOSES_MARK = "loses-mark"
    #: A version and the one in its place.
    RAISES_VERSION = "raises-version"
    LOWERS_VERSION = "lowers-version"
    #: A line and the part that it gains or loses.
    GAINS = "gains"
    LOSES = "loses"
    #: A line.
    COMES = "comes"
    GOES = "goes"
    #: How many items of a list beside those that are named.
    MORE_COME = "more-come"
    MORE_GO = "more-go"
    #: A line that stands elsewhere in the definition, or the first of several.
    MOVES_LINE = "moves-line"
    MOVES_LINES = "moves-lines"
    #: A line that stands in another block of it.
    INDENTS = "indents"
    COMMENTS_ONLY = "comments-only"
    #: What has gone stands there as a comment.
    COMMENTED_OUT = "commented-out"
    #: The words of a text that goes over several lines.
    TEXTS_ONLY = "texts-only"
    EXPORTS = "exports"
    #: What a function returns now, or no longer.
    GIVES = "gives"
    GIVES_NO_MORE = "gives-no-more"
    EXPORTS_NO_MORE = "exports-no-more"
    TAKES = "takes"
    TAKES_NO_MORE = "takes-no-more"
    #: What a class is derived from, as written.
    INHERITS = "inherits"
    INHERITS_NO_MORE = "inherits-no-more"
    REORDERS = "reorders"
    TYPES_ONLY = "types-only"
    #: Beside its signature, a definition's body changes in a way that no other effect tells.
    BODY_TOO = "body-too"
    #: A signature that changed in a way too long to be told.
    OTHER_SIGNATURE = "other-signature"
    #: A definition that exists already is given another form: an overload, or one for another platform.
    OTHER_FORM = "other-form"
    LESS_FORMS = "less-forms"
    FORMS_SWAP = "forms-swap"
    #: What is known holds a secret.
    WITHHELD = "withheld"


class Effect(Fact[EffectKind]):
    """One effect of a change."""

    __slots__ = ()


def named(kind: EffectKind, names: Iterable[str]) -> list[Effect]:
    """One effect on these names, a set in its order; nothing where there are none."""
    listed = tuple(sorted(names) if isinstance(names, set) else names)
    return [Effect(kind, listed)] if listed else []


def is_of_comments(told: Sequence[Effect]) -> bool:
    """Whether what is told of a definition is that its comments change, and nothing else."""
    return tuple(effect.kind for effect in told) == (EffectKind.COMMENTS_ONLY,)
