"""Whose attribute is read: what a file says of an object's type, where it says it plainly."""

from __future__ import annotations

import re
from functools import lru_cache

#: What an object calls itself.
ITSELF = frozenset({"self", "cls", "this", "Self", "super"})
_TYPE = r"[A-Z]\w*"


def is_of(owner: str, receiver: str, within: str, text: str) -> bool | None:
    """Whether `receiver` is an object of the type `owner`; None where the file does not tell.

    `receiver` is the last name before the member, `within` the definition around it, `text` the file's.
    """
    if receiver == owner:
        return True
    if receiver in ITSELF:
        outer = within.rpartition(".")[0] or within
        last = outer.rsplit(".", 1)[-1]
        return last == owner or bool(re.search(rf"\bclass\s+{re.escape(last)}\b[^:{{]*\b{re.escape(owner)}\b", text))
    if not receiver:
        return None
    types = _types(receiver, text)
    if types:
        return owner in types
    plain = receiver.strip("_").replace("_", "").lower()
    return True if plain == owner.strip("_").lower() else None


@lru_cache(maxsize=2048)
def _types(name: str, text: str) -> frozenset[str]:
    """The types that a file declares for a name, or makes it of."""
    name = re.escape(name)
    found: set[str] = set()
    # `name: Type`, `name: Type | None`, `name: &mut Type`, `name *Type`
    for declared in re.findall(rf"(?<![\w$]){name}\??\s*:\s*([^=,;)\n]+)|(?<![\w$.]){name}\s+\*?({_TYPE})\b", text):
        found.update(re.findall(rf"\b({_TYPE})\b", " ".join(declared)))
    # `name = Type(…)`, `name := module.Type{…}`, `name = new Type(…)`, `let name = Type::new(…)`
    path = r"(?:await\s+|new\s+|&\s*)*(?:[a-z_]\w*(?:\.|::))*"
    found.update(re.findall(rf"(?<![\w$]){name}\s*:?=\s*{path}({_TYPE})\s*(?:[({{]|\.\w+\(|::\w+\()", text))
    # `Type name`, `Type* name`, `with Type(…) as name`, `isinstance(name, Type)`
    found.update(re.findall(rf"\b({_TYPE})(?:<[^<>\n]*>)?\s*[*&]*\s+{name}\s*[;=,)]", text))
    found.update(re.findall(rf"\bwith\s+(?:[a-z_]\w*\.)*({_TYPE})\([^\n]*\bas\s+{name}\b", text))
    found.update(re.findall(rf"\bisinstance\(\s*(?:\w+\.)*{name}\s*,\s*(?:[a-z_]\w*\.)*({_TYPE})\)", text))
    return frozenset(found - {"None", "Optional", "Final", "ClassVar", "Any", "Self"})
