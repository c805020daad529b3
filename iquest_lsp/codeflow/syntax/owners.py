"""Whose attribute is read: what a file says of an object's type, where it says it plainly."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

#: What an object calls itself.
ITSELF = frozenset({"self", "cls", "this", "Self", "super"})
_TYPE = r"[A-Z]\w*"
#: What stands before the name of a field that a class declares.
_FIELD_WORDS = r"(?:public|private|protected|readonly|static|declare|abstract|override)[ \t]+"
#: A line up to the name of the type that it defines.
_TYPE_HEAD = r"^[ \t]*(?:[\w()]+[ \t]+)*?(?:class|struct|enum|trait|interface|union|type)[ \t]+"


def is_of(
    owner: str,
    receiver: str,
    within: str,
    text: str,
    near: str = "",
    makers: Collection[str] = (),
    *,
    heirs: Collection[str] = (),
    bare_makes: bool = True,
    go: bool = False,
    is_member: bool = False,
) -> bool | None:
    """Whether `receiver` is an object of the type `owner` or of one of its `heirs`; None where the file does not tell.

    `receiver` is the last name before the member, `within` the definition around it, `text` the file's and `near` the
    definition's: what that says of the name is believed first. `makers` are functions that return an `owner`; where
    not `bare_makes`, `Name()` makes no object without `new`, and what begins with a small letter is no type; in `go`
    what has no declaration around it is a field. `is_member` says that the name is that of another object's member.
    """
    owners = frozenset((owner, *heirs))
    if receiver in owners or receiver in makers:
        return True
    if receiver in ITSELF:
        outer = within.rpartition(".")[0] or within
        last = outer.rsplit(".", 1)[-1]
        return last in owners or not owners.isdisjoint(re.findall(r"\w+", _head_of(last, text)))
    if not receiver:
        return None
    if defined := _defined(receiver, text):
        # It is a type itself: another one, or one that is made of the owner.
        return not owners.isdisjoint(re.findall(r"\w+", defined))
    for part in (near, text) if near else (text,):
        told = _members_only(receiver, part) if is_member and not go else part
        types = _fields_of_go(receiver, part) if go else _types(receiver, told, bare_makes)
        if not owners.isdisjoint(types) or _made_by(receiver, part, frozenset(makers)):
            return True
        if types:
            return False
    plain = receiver.strip("_").replace("_", "").lower()
    owners = owners if bare_makes else frozenset(one for one in owners if not one[:1].islower())
    return True if any(plain == one.strip("_").lower() or _ends_with(one, receiver) for one in owners) else None


@lru_cache(maxsize=2048)
def _head_of(name: str, text: str) -> str:
    """The head of a class in a file, with what it is derived from."""
    found = re.search(rf"\bclass\s+{re.escape(name)}\b[^:{{]*", text)
    return found[0] if found else ""


@lru_cache(maxsize=2048)
def _defined(name: str, text: str) -> str:
    """The head with which a file defines a type of some name; empty where it does not."""
    if not re.match(r"[A-Z]+\w*[a-z]", name):
        return ""
    head = re.search(rf"{_TYPE_HEAD}{re.escape(name)}\b[^\n{{;]*", text, re.MULTILINE)
    return head[0] if head else ""


@lru_cache(maxsize=2048)
def _ends_with(owner: str, receiver: str) -> bool:
    """Whether a name is what its type's ends with, as `reply` for a FastifyReply."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*", owner)
    ends = {"".join(words[at:]).lower() for at in range(1, len(words))}
    return len(receiver) > 3 and receiver.strip("_").replace("_", "").lower() in ends


@lru_cache(maxsize=2048)
def _made_by(name: str, text: str, makers: frozenset[str]) -> bool:
    """Whether a name is what one of some functions returns."""
    if not makers:
        return False
    called = "|".join(map(re.escape, makers))
    return bool(
        re.search(
            rf"(?<![\w$.]){re.escape(name)}(?:\s*,\s*\w+)?\s*:?=\s*(?:await\s+)?(?:[\w$]+(?:\.|::))*(?:{called})(?:<[^<>\n]*>)?\(",
            text,
        )
    )


@lru_cache(maxsize=2048)
def _fields_of_go(name: str, text: str) -> frozenset[str]:
    """The types that structs of a file declare for a field."""
    found = re.findall(
        rf"^[ \t]+(?:\w+,[ \t]*)*{re.escape(name)}(?:,[ \t]*\w+)*[ \t]+\*?(?:\w+\.)?(\w+)[ \t]*(?:`|//|$)",
        text,
        re.MULTILINE,
    )
    return frozenset(found)


@lru_cache(maxsize=2048)
def _members_only(name: str, text: str) -> str:
    """The lines of a text that may say something of a member of objects, rather than of a variable of its name."""
    said = re.compile(rf"\.{re.escape(name)}\b|^[ \t]*(?:{_FIELD_WORDS})*{re.escape(name)}[?!]?[ \t]*:[^,]*$")
    return "\n".join(line for line in text.split("\n") if name in line and said.search(line))


@lru_cache(maxsize=2048)
def _types(name: str, text: str, bare_makes: bool) -> frozenset[str]:
    """The types that a file declares for a name, or makes it of."""
    name = re.escape(name)
    found: set[str] = set()
    # `name: Type`, `name: Type | None`, `name: &mut Type`, `name *Type`
    for declared in re.findall(rf"(?<![\w$]){name}\??\s*:\s*([^=,;)\n]+)|(?<![\w$.]){name}\s+\*?({_TYPE})\b", text):
        found.update(re.findall(rf"\b({_TYPE})\b", " ".join(declared)))
    # `name = Type(…)`, `name := module.Type{…}`, `name = new Type(…)`, `let name = Type::new(…)`
    before = r"(?:await\s+|new\s+|&\s*)*" if bare_makes else r"(?:await\s+)?new\s+"
    path = rf"{before}(?:[a-z_]\w*(?:\.|::))*"
    found.update(re.findall(rf"(?<![\w$]){name}\s*:?=\s*{path}({_TYPE})\s*(?:[({{]|\.\w+\(|::\w+\()", text))
    # `Type name`, `Type* name`, `with Type(…) as name`, `isinstance(name, Type)`
    found.update(re.findall(rf"\b({_TYPE})(?:<[^<>\n]*>)?\s*[*&]*\s+{name}\s*[;=,)]", text))
    found.update(re.findall(rf"\bwith\s+(?:[a-z_]\w*\.)*({_TYPE})\([^\n]*\bas\s+{name}\b", text))
    found.update(re.findall(rf"\bisinstance\(\s*(?:\w+\.)*{name}\s*,\s*(?:[a-z_]\w*\.)*({_TYPE})\)", text))
    return frozenset(found - {"None", "Optional", "Final", "ClassVar", "Any", "Self"})
