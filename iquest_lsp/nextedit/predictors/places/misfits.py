"""Places to look at: calls that do not fit a definition's new parameters, and that no argument is known for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from iquest_lsp.codeflow.reading import Category, NotLookedUpError, Sources, by_name_only, category
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.predictors.calls import WrittenCall, calls_of
from iquest_lsp.nextedit.predictors.changed_heads import (
    Changed,
    changed_heads,
    has_forms,
    is_optional,
    parameters_of_both,
    results_differ,
    takes_many,
)
from iquest_lsp.nextedit.records import EditKind, Place, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import PredictorKind, Sort

MAX_CHANGED = 12
#: What stands around a call whose result nobody takes.
_DROPS = ("expression_statement", "go_statement", "defer_statement", "await_expression", "try_expression")


@dataclass(frozen=True, slots=True)
class _Taken:
    """What a head takes: by place, by name only, and what calls must give; whether it takes any number of either."""

    places: tuple[str, ...]
    names: frozenset[str]
    needed: frozenset[str]
    many: bool
    any_name: bool

    @classmethod
    def by(cls, head: str, found: Mapping[str, str]) -> _Taken:
        """What a head takes by its parameters."""
        by_name = by_name_only(head)
        several = {name for name, text in found.items() if takes_many(text)}
        words = {name for name, text in found.items() if text.startswith("**")}
        places = tuple(name for name in found if name not in by_name and name not in several)
        needed = {name for name, text in found.items() if not is_optional(text) and name not in several}
        return cls(places, frozenset(by_name), frozenset(needed), bool(several - words), bool(words))

    def misfit(self, call: WrittenCall) -> str:
        """How a call does not fit: `fewer`, `more` or `keyword`; empty where it does."""
        given = {*self.places[: len(call.plain)], *call.words}
        if not self.needed <= given:
            return "fewer"
        if len(call.plain) > len(self.places) and not self.many:
            return "more"
        unknown = call.words.keys() - {*self.places, *self.names}
        return "keyword" if unknown and not self.any_name else ""


def predict(changes: Sequence[Change], sources: Sources) -> Iterator[Place]:
    """The calls of every definition of the changes whose parameters are others now."""
    by_path = {change.path: change for change in changes}
    for item in [item for change in changes for item in changed_heads(change)][:MAX_CHANGED]:
        both = parameters_of_both(item.old_head, item.head)
        if both is None or item.is_derived or has_forms(by_path[item.path], item):
            continue
        old, new = _Taken.by(item.old_head, both[0]), _Taken.by(item.head, both[1])
        others = results_differ(item.path, item.old_head, item.head)
        if old == new and not others:
            continue
        with contextlib.suppress(NotLookedUpError):
            yield from _calls(item, old, new, by_path, sources, others=others)


def _calls(
    item: Changed, old: _Taken, new: _Taken, changes: dict[str, Change], sources: Sources, *, others: bool
) -> Iterator[Place]:
    for call in calls_of(item, [*changes.values()], sources):
        line, end = call.spot.line, call.arguments.end_point.row
        change = changes.get(call.path)
        if change is not None and any(map(change.is_changed, range(line, end + 1))):
            continue
        # A call that did not fit before either is one of another thing, or its function is not understood.
        if old.misfit(call):
            continue
        what = new.misfit(call) or ("results" if others and _takes(call) else "")
        if not what:
            continue
        place = "own" if call.path == item.path else "test" if category(call.path) is Category.TEST else "other"
        yield Place(
            call.path,
            line,
            end,
            EditKind.SIGNATURE,
            Reason(ReasonKind.MISFIT, (item.short,)),
            Sort.of(PredictorKind.MISFIT, what, place, *call.how),
            trigger=(item.path, item.line),
        )


def _takes(call: WrittenCall) -> bool:
    """Whether something is done with what a call gives."""
    whole = call.arguments.parent
    return whole is not None and whole.parent is not None and whole.parent.type not in _DROPS
