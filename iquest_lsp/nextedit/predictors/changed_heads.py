"""What became of the heads of definitions, and what calls have to do between two heads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from iquest_lsp.codeflow.reading import by_name_only, parameters
from iquest_lsp.nextedit.change import Change

_MADE_BY = ("__init__", "constructor")
_ITSELF = ("self", "cls")
_PYTHON = (".py", ".pyi")
_WRAPPING = (".rs", ".ts", ".tsx", ".mts")
_WRAPPED = re.compile(r"(?:->|:)\s*(?:\w+::)*(Result|Option|Promise)\b")


@dataclass(frozen=True, slots=True)
class Changed:
    """A definition whose head changed: its qualified name before and after, and both heads."""

    path: str
    line: int
    old_name: str
    name: str
    old_head: str
    head: str
    is_function: bool = True

    @property
    def short(self) -> str:
        """What calls name: of a constructor its class."""
        outer, _, last = self.name.rpartition(".")
        return outer.rsplit(".", 1)[-1] if last in _MADE_BY and outer else last

    @property
    def is_derived(self) -> bool:
        """Whether the brackets of its head hold what a class is derived from, and no parameters."""
        return not self.is_function and self.path.endswith(_PYTHON)

    @property
    def qualified(self) -> str:
        """The definition that calls mean."""
        outer, _, last = self.name.rpartition(".")
        return outer if last in _MADE_BY and outer else self.name


@dataclass(frozen=True, slots=True)
class CallRepair:
    """What a call has to do: parameters by place and name before (`removed`) or after (`added`), and other names.

    Of the added ones calls may leave the `optional` out, and give the `by_name` by their names only.
    """

    removed: tuple[tuple[int, str], ...] = ()
    added: tuple[tuple[int, str], ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    order: tuple[int, ...] = ()
    before: int = 0
    optional: frozenset[str] = frozenset()
    by_name: frozenset[str] = frozenset()


def changed_heads(change: Change) -> Iterator[Changed]:
    """The definitions of a file that have another name or signature."""
    before = {item.name: item for item in change.before.symbols}
    for item in change.symbols:
        old = before.get(item.old_name or item.name)
        if item.change in ("renamed", "signature") and old is not None and old.signature != item.signature:
            function = item.kind in ("function", "method", "test")
            yield Changed(change.path, item.line, old.name, item.name, old.signature, item.signature, function)


def has_forms(change: Change, item: Changed) -> bool:
    """Whether a definition has several forms, before or after, of which a call may mean any."""
    before = sum(symbol.name == item.old_name for symbol in change.before.symbols)
    return max(before, sum(symbol.name == item.name for symbol in change.after.symbols)) > 1


def plan_of(old_head: str, head: str) -> CallRepair | None:
    """What calls have to do between two heads; None where nothing, or where it cannot be told."""
    both = parameters_of_both(old_head, head)
    if both is None:
        return None
    old, new = both
    one, other = [*old], [*new]
    gone = [(at, name) for at, name in enumerate(one) if name not in new]
    come = [(at, name) for at, name in enumerate(other) if name not in old]
    if gone and come:
        if len(one) == len(other) and [at for at, _ in gone] == [at for at, _ in come]:
            renamed = tuple((name, then) for (_, name), (_, then) in zip(gone, come, strict=True))
            return CallRepair(renamed=renamed, before=len(one))
        return None
    if gone:
        return CallRepair(removed=tuple(gone), before=len(one))
    if come:
        plan = offer_of(old_head, head)
        return plan if plan is not None and plan.optional < {name for _, name in plan.added} else None
    if one != other:
        return CallRepair(order=tuple(one.index(name) for name in other), before=len(one))
    return None


def offer_of(old_head: str, head: str) -> CallRepair | None:
    """What calls can give where parameters came and none went; None where that cannot be told."""
    both = parameters_of_both(old_head, head)
    if both is None or any(name not in both[1] for name in both[0]):
        return None
    old, new = both
    added = tuple((at, name) for at, name in enumerate(new) if name not in old and "*" not in new[name][:2])
    optional = frozenset(name for _, name in added if is_optional(new[name]))
    by_name = frozenset(by_name_only(head) & {name for _, name in added})
    return CallRepair(added=added, before=len(old), optional=optional, by_name=by_name) if added else None


def parameters_of_both(old_head: str, head: str) -> tuple[dict[str, str], dict[str, str]] | None:
    """The parameters of two heads as written, by their names, without what calls give before the dot.

    None where that cannot be told of either.
    """
    old, new = _parameters(old_head), _parameters(head)
    if old is None or new is None:
        return None
    first = next(iter(old), ""), next(iter(new), "")
    if all(name in _ITSELF for name in first):
        old.pop(first[0])
        new.pop(first[1])
    return old, new


def _parameters(head: str) -> dict[str, str] | None:
    """None where a head has no parameters or some that are taken apart, or was cut for its length."""
    if "(" not in head or head.count("(") != head.count(")"):
        return None
    found = parameters(head)
    return None if any(text.startswith(("{", "[")) for text in found.values()) else found


def is_optional(parameter: str) -> bool:
    """Whether a call may leave a parameter out."""
    text = without_types_in_brackets(parameter)
    return "=" in text or "?" in text or takes_many(parameter)


def takes_many(parameter: str) -> bool:
    """Whether a parameter takes any number of arguments."""
    text = without_types_in_brackets(parameter)
    return "..." in text or text.lstrip().startswith("*")


def without_types_in_brackets(parameter: str) -> str:
    """A parameter without what its type has in brackets, and without arrows."""
    text = re.sub(r"[=-]>", " ", parameter)
    while (shorter := re.sub(r"\([^()]*\)|\[[^][]*\]|\{[^{}]*\}|<[^<>]*>", " ", text)) != text:
        text = shorter
    return text


def results_differ(path: str, old_head: str, head: str) -> bool:
    """Whether calls get another number of results (Go), or one in another wrapping that they have to take it out of."""
    if path.endswith(".go"):
        old, new = results_of(old_head), results_of(head)
        return old is not None and new is not None and old != new
    wrapped = [bool(_WRAPPED.search(text.rpartition(")")[2])) for text in (old_head, head)]
    return path.endswith(_WRAPPING) and wrapped[0] != wrapped[1]


def results_of(head: str) -> int | None:
    """How many results a function of Go has; None where its head was cut."""
    rest = re.sub(r"^func\s*(?:\([^()]*\)\s*)?", "", head)
    depth, end = 0, -1
    for at, char in enumerate(rest):
        depth += (char == "(") - (char == ")")
        if char == ")" and not depth:
            end = at
            break
    if end < 0:
        return None
    told = rest[end + 1 :].strip()
    if not told.startswith("("):
        return int(bool(told))
    return without_types_in_brackets(told[1:].rpartition(")")[0]).count(",") + 1
