"""What is known, as data: a kind and the values it names. Sentences are made of facts in `wording`, last."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

AnyKind = TypeVar("AnyKind", bound=StrEnum)
#: True for a text that looks like a secret, which answers do not repeat.
Redact = Callable[[str], bool]

#: Stands where a text is not repeated.
WITHHELD = "(withheld: looks like a secret)"

#: Stands in a store for a text that is not kept.
NOT_KEPT = "\x1awithheld\x1a"
#: Values are whole: `wording` cuts what it shows. Nobody reads a line beyond this length; what was made to be hostile
#: ends here.
MAX_VALUE = 2000


@dataclass(frozen=True, slots=True)
class Fact(Generic[AnyKind]):
    """One thing that is known; the enum of `kind` says what `values` are for each of its members."""

    kind: AnyKind
    values: tuple[str, ...] = ()


def bounded(text: str) -> str:
    """A text from outside as a value of a fact."""
    return text[:MAX_VALUE]


def as_told(stored: str) -> str:
    """A text of a store as answers have it."""
    return stored.replace(NOT_KEPT, WITHHELD)


def encode(facts: Iterable[Fact[Any]]) -> str:
    """Facts as compact JSON, a list of lists that begin with the kind; empty for none."""
    listed = [[item.kind.value, *item.values] for item in facts]
    return json.dumps(listed, ensure_ascii=False, separators=(",", ":")) if listed else ""


def decode(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Kinds and values of the facts that `encode` wrote."""
    return [(kind, tuple(values)) for kind, *values in json.loads(text)] if text else []


def texts_of(value: object) -> Iterable[str]:
    """Every text in facts, in records of facts, and in collections of them."""
    if isinstance(value, StrEnum):
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from texts_of(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from texts_of(getattr(value, field.name))


def holds_secret(redact: Redact, *values: object) -> bool:
    """Whether any text in the values looks like a secret."""
    return any(redact(text) for text in texts_of(values))
