"""Signatures compared: what callers have to know of a change from one to another."""

from __future__ import annotations

import re
from collections.abc import Mapping

from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind, named
from iquest_lsp.codeflow.syntax.symbols import MAX_SIGNATURE

#: Two signatures that are longer together are not told in full.
MAX_TOLD = 157
#: What stands in brackets before the name, and heads that take nothing.
_BEFORE = re.compile(r"(?:pub\s*\([^)]*\)\s*)+|func\s*\([^)]*\)")
#: Annotations before a head, each with its arguments.
_MARKS = re.compile(r"(?:@[\w.]+(?:\((?:[^()\"]|\"(?:[^\"\\]|\\.)*\"|\([^()]*\))*\))?\s+)+")
_MARK = re.compile(r"@[\w.]+(?:\((?:[^()\"]|\"(?:[^\"\\]|\\.)*\"|\([^()]*\))*\))?(?=\s)")
#: What compilers of C are told of a definition, wherever it stands in the head.
_ATTRIBUTE = re.compile(
    r"(?:__attribute__\s*\(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\)|__declspec\s*\([^()]*\)|\[\[[^\[\]]*\]\])\s*|"
    # A macro behind the parameters
    r"(?:(?<=\) )|(?<=\) const ))[A-Z][A-Z0-9]*_[A-Z0-9_]*(?:\([^()]*\))?(?=\s|$)"
)
_NO_PARAMETERS = re.compile(
    r"(?:(?:export|declare|typedef|pub(?:\([^)]*\))?)\s+)*(?:type|struct|enum|union|trait|interface|impl)\b"
)
#: An arrow function with one parameter, which needs no brackets.
_ALONE = re.compile(r"(?:(?:export|const|let|var)\s+)+[\w$]+\s*=\s*(?:async\s+)?([\w$]+)$")
#: Python's classes, whose brackets hold what they are derived from.
_CLASS = re.compile(r"class\s+\w+(?:\[[^(]*\])?\s*(?:\(|$|:)")
#: What a head promises or asks for beside types.
_PROMISES = re.compile(r"\b(?:noexcept|requires|where|throws?)\b.*", re.DOTALL)
#: What a method of C++ says of itself behind its parameters.
_BEHIND = re.compile(r"\)\s*((?:\b(?:const|override|final)\b\s*)+)$")
#: What stands behind a name: its type, or its default; `::` is within one.
_SIGN = re.compile(r"(?<!:):(?!:)|=")
#: The signs of a head one by one; a string is one, as is an arrow, which opens and closes nothing.
_SIGNS_APART = re.compile(r"\"(?:[^\"\\]|\\.)*\"|(?<==)\s*'(?:[^'\\]|\\.)*'|[=-]>|[\s\S]")
#: Types that are given a name, and values.
_ALIAS = re.compile(
    r"(?:export\s+|declare\s+|pub(?:\([\w:]+\))?\s+)*(?:type\s+\w|interface\s|enum\s|trait\s)"
    r"|\w+(?:\[[^\]]*\])?\s+(?:interface|struct|func)\b"
)


def parameter_effects(before: str, after: str) -> list[Effect]:
    """Parameters that came, went or changed between two signatures."""
    if _ALIAS.match(before) or _ALIAS.match(after):
        return []  # brackets hold parts of a type
    if _CLASS.match(before) and _CLASS.match(after):
        return _bases_effects(before, after)
    if _CLASS.match(before) or _CLASS.match(after):
        return []  # a class is none of the values that had its name
    if ("..." in _parts(before)) != ("..." in _parts(after)):
        return []  # what has no name may stand for what had one
    old, new = parameters(before), parameters(after)
    if renamed := _renamed(old, new):
        return [Effect(EffectKind.BECOMES, renamed)]
    found = named(EffectKind.TAKES, [name for name in new if name not in old])
    found += named(EffectKind.TAKES_NO_MORE, [name for name in old if name not in new])
    same = [name for name in new if name in old]
    if not found and same and [name for name in old if name in new] != same:
        found.append(Effect(EffectKind.REORDERS))
    changed = [name for name in same if old[name] != new[name]]
    if changed and not found:
        found += [Effect(EffectKind.BECOMES, (old[name], new[name])) for name in changed[:2]]
    return found


def _renamed(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, str] | None:
    """The one parameter that has another name, of the type that it had; its type may be written by a shorter path."""
    differing = [(one, other) for one, other in zip(old, new, strict=False) if one != other]
    if len(old) != len(new) or len(differing) != 1:
        return None
    [(before, after)] = differing
    types = [
        re.sub(r"\b(?:\w+(?:::|\.))+", "", whole[name].replace(name, "", 1))
        for whole, name in ((old, before), (new, after))
    ]
    typed = re.search(r"\w", types[0])
    return (old[before], new[after]) if typed and types[0].split() == types[1].split() else None


def _bases_effects(before: str, after: str) -> list[Effect]:
    """What a class is derived from now, and no longer; of a base that stays, its type arguments."""
    old, new = ({re.split(r"[\[<]", base)[0].strip(): base for base in _parts(head)} for head in (before, after))
    found = named(EffectKind.INHERITS, [base for name, base in new.items() if name not in old])
    found += named(EffectKind.INHERITS_NO_MORE, [base for name, base in old.items() if name not in new])
    changed = [name for name in new if name in old and old[name] != new[name]]
    return found or [Effect(EffectKind.BECOMES, (old[name], new[name])) for name in changed[:2]]


#: What says how a type is declared, behind what says who sees it.
_FORM = re.compile(
    r"(?:(?:export|declare|default|abstract|pub(?:\([\w:]+\))?)\s+)*(type|interface|class|enum|struct|union)\s+\w"
)
#: Words before a head that say who sees it and what may be done with it.
_MODIFIERS = frozenset(
    {
        *("abstract", "async", "const", "constexpr", "default", "export", "extern", "final", "inline", "override"),
        *("private", "protected", "pub", "public", "readonly", "sealed", "static", "synchronized", "unsafe", "virtual"),
    }
)
#: What stands for the signature of a value.
_NAME = re.compile(r"[\w$.]+")


def signature_effects(before: str, after: str) -> list[Effect]:
    """What becomes of a signature: its parameters, or that only types change; else both as they are."""
    if max(len(before), len(after)) >= MAX_SIGNATURE:  # what is cut off may be what changes
        return [Effect(EffectKind.OTHER_SIGNATURE)]
    heads = [unmarked(head) for head in (before, after)]
    if heads != [before, after]:
        old, new = _marks(before), _marks(after)
        marks = [Effect(EffectKind.GAINS_MARK, (mark,)) for mark in new if mark not in old]
        marks += [Effect(EffectKind.LOSES_MARK, (mark,)) for mark in old if mark not in new]
        if heads[0] == heads[1]:
            return marks or [Effect(EffectKind.OTHER_SIGNATURE)]
        return [*signature_effects(*heads), *marks]
    if _is_go(before) != _is_go(after):  # a type became a function, or one a type
        return [Effect(EffectKind.BECOMES, (before, after))]
    if bool(_NAME.fullmatch(before)) != bool(_NAME.fullmatch(after)):  # a value became a function, or one a value
        return [Effect(EffectKind.BECOMES, (before, after))]
    forms = [form[1] if (form := _FORM.match(head)) else "" for head in (before, after)]
    if all(forms) and forms[0] != forms[1] and "type" in forms:
        # What it is made of is not all in the head of a type.
        return [Effect(EffectKind.BECOMES, (forms[0], forms[1]))]
    results = [_result(head) for head in (before, after)]
    if bool(results[0]) != bool(results[1]):
        # Whoever calls it has something to take now, or nothing any more.
        kind = EffectKind.GIVES if results[1] else EffectKind.GIVES_NO_MORE
        return [*parameter_effects(before, after), Effect(kind, (results[1] or results[0],))]
    if types_only(before, after):
        return [Effect(EffectKind.TYPES_ONLY)]
    if given := _given(before, after):
        return _gives_instead(*given)
    found = parameter_effects(before, after)
    if found:
        instead = [Effect(EffectKind.RETURNS_INSTEAD, (results[1], results[0]))] if results[0] != results[1] else []
        return [*found, *instead]
    if len(before) + len(after) <= MAX_TOLD:
        return [Effect(EffectKind.BECOMES, (before, after))]
    return _modifier_effects(before, after) or [Effect(EffectKind.OTHER_SIGNATURE)]


def _modifier_effects(before: str, after: str) -> list[Effect]:
    """The words before two heads that one of them has alone, where all else is the same."""
    sides = []
    for head in (before, after):
        words = head.split()
        count = next((at for at, word in enumerate(words) if word not in _MODIFIERS), len(words))
        sides.append((words[:count], words[count:]))
    (old, rest), (new, other) = sides
    if rest != other:
        return []
    found = [Effect(EffectKind.GAINS_MARK, (word,)) for word in new if word not in old]
    return found + [Effect(EffectKind.LOSES_MARK, (word,)) for word in old if word not in new]


def unmarked(signature: str) -> str:
    """A head without the annotations before it and the attributes in it."""
    signature = _ATTRIBUTE.sub("", signature).rstrip()
    found = _MARKS.match(signature)
    return signature[found.end() :] if found else signature


def _marks(signature: str) -> list[str]:
    """The attributes and the annotations of a head."""
    found = _MARKS.match(_ATTRIBUTE.sub("", signature))
    return [*map(str.strip, _ATTRIBUTE.findall(signature)), *(_MARK.findall(found[0]) if found else ())]


#: A head of Rust, behind which stands what it returns.
_RUST_RESULT = re.compile(
    r"(?:(?:pub(?:\([\w:]+\))?|const|async|unsafe|extern(?:\s+\"\w+\")?|default)\s+)*fn\s[^\n]*\)\s*->\s*([^\n]+)$"
)


def _result(signature: str) -> str:
    """What a function of Go or Rust returns, which its signature tells behind the parameters; empty for nothing."""
    if found := _RUST_RESULT.match(signature):
        result = re.split(r"\bwhere\b", found[1])[0].strip(" {;")
        # An arrow inside the parameters is a parameter's own.
        return "" if result == "()" or result.count("(") != result.count(")") else result
    if not _is_go(signature):
        return ""
    start = signature.find("(", signature.find(")") + 1 if _BEFORE.match(signature) else 0)
    depth = 0
    for at in range(max(start, 0), len(signature)):
        depth += (signature[at] == "(") - (signature[at] == ")")
        if not depth:
            return signature[at + 1 :].strip(" {")
    return ""


_NESTED = "[^()<>]*+(?:<[^()<>]*+(?:<[^()<>]*+>[^()<>]*+)*+>[^()<>]*+)*+"
#: The head of a function that begins with what it returns, as in C, its name and the rest.
_TYPED = re.compile(rf"((?:[\w:]+(?:<{_NESTED}>)?[\s*&]+)+)((?:\w+::)*~?\w+)\s*(\(.*)$", re.DOTALL)
#: Words that stand before what a function returns, or where other languages say it.
_NO_RESULT = (_MODIFIERS - {"const"}) | {"def", "func", "fn", "function", "fun", "new", "class", "struct", "enum"}


def _given(before: str, after: str) -> tuple[str, str] | None:
    """What a function returned and returns, where its head begins with that and nothing else in it changes."""
    found = [_TYPED.match(head) for head in (before, after)]
    if not all(found):
        return None
    old, new = (match for match in found if match)
    if (old[2], old[3].split()) != (new[2], new[3].split()):
        return None
    types = [re.sub(r"\s*([*&]+)\s*", r"\1 ", match[1]).split() for match in (old, new)]
    while all(types) and types[0][0] == types[1][0]:
        types = [words[1:] for words in types]
    told = [" ".join(words) for words in types]
    if not all(told) or any(words[0] in _NO_RESULT for words in types):
        return None
    return told[0], told[1]


def _gives_instead(before: str, after: str) -> list[Effect]:
    if before == "void":
        return [Effect(EffectKind.GIVES, (after,))]
    if after == "void":
        return [Effect(EffectKind.GIVES_NO_MORE, (before,))]
    return [Effect(EffectKind.RETURNS_INSTEAD, (after, before))]


def types_only(before: str, after: str) -> bool:
    """True when, between two signatures, callers need not care: names, order and defaults are as before."""
    before, after = unmarked(before), unmarked(after)
    old, new = ([_bare(item) for item in parameters(head).values()] for head in (before, after))
    returns = "->" in before or "->" in after
    return (
        before.partition("(")[0] == after.partition("(")[0]
        and before != after
        and old == new
        and _PROMISES.findall(before) == _PROMISES.findall(after)
        and _BEHIND.findall(before) == _BEHIND.findall(after)
        and all(":" in item or returns or _bare(item) == item for item in parameters(after).values())
    )


def _bare(parameter: str) -> str:
    """A parameter without its annotation: `name: type = default` as `name=default`; other forms as they are."""
    if not re.match(r"[*$\w?]+\s*(:(?!:)|=|$)", parameter):
        return parameter
    head, default = _defaulted(parameter)
    return head.partition(":")[0].strip().rstrip("?") + (f"={default}" if default else "")


def parameters(signature: str) -> dict[str, str]:
    """Parameters of a definition's signature: name -> as written."""
    found = {}
    for item in _parts(signature):
        head = _SIGN.split(item, maxsplit=1)[0].strip()
        words = re.findall(r"[\w$]+", head)
        if words:
            # `name: type`, `name = value` and Go's `name type` put the name first, `type name` puts it last.
            first = _is_go(signature) or (_SIGN.search(item) and len(words) == 1)
            found[words[0] if first else words[-1]] = item
    return found


def _is_go(signature: str) -> bool:
    return bool(re.match(r"func\b", signature))


def breaks_callers(before: str, after: str) -> bool:
    """Whether calls that fitted one signature may no longer fit the one after it, or no longer mean the same.

    They still do where parameters are added at the end, or by name only, with a default; where a default is added;
    and where only types change.
    """
    before, after = unmarked(before), unmarked(after)
    if _is_go(before) != _is_go(after):
        return False  # a type is called to convert what it is given
    if (given := _given(before, after)) and given[0] == "void":
        return False  # who took nothing need take nothing
    before, after = _as_seen(before, after)
    if _name_of(before) != _name_of(after):
        return True
    old, new = parameters(before), parameters(after)
    for name in ("self", "cls"):
        old.pop(name, None)
        new.pop(name, None)
    by_name = by_name_only(after)
    if len(old) == len(new):
        # Another name in the same place is no matter to those who do not use it.
        old = {
            now if was not in new and now not in old and now not in by_name else was: item
            for (was, item), now in zip(old.items(), new, strict=True)
        }
    if [name for name in new if name in old] != list(old):
        return True
    behind = True
    for name, item in reversed(new.items()):
        if name not in old:
            if not _optional(item) or not (behind or name in by_name):
                return True
        else:
            behind &= name in by_name or item.startswith("**")
            was, now = _defaulted(old[name])[1], _defaulted(item)[1]
            if (was and was != now) or (_optional(old[name]) and not _optional(item)):
                return True
            if name in by_name and name not in by_name_only(before):
                return True
    return False


def fits_call(signature: str, text: str, name: str) -> bool:
    """Whether the first call by a name in a text of C gives as much as a signature asks for, by its brackets."""
    call = re.search(rf"\b{re.escape(name)}\s*\(", text)
    asked = [item for item in _parts(signature) if item != "void"]
    if call is None or any("..." in item for item in asked):
        return True
    least = sum(not _optional(item) for item in asked)
    return least <= len(_parts(text[call.end() - 1 :])) <= len(asked)


def _as_seen(before: str, after: str) -> tuple[str, str]:
    """Two heads without who may call, where those who might before may after it too."""
    seen_by = ("private", "", "protected", "public")  # from the fewest on
    words = [word if (word := head.partition(" ")[0]) in seen_by else "" for head in (before, after)]
    if seen_by.index(words[1]) < seen_by.index(words[0]):
        return before, after
    return before.removeprefix(words[0]).lstrip(), after.removeprefix(words[1]).lstrip()


def _name_of(signature: str) -> str:
    """What stands before the parameters, without type parameters, and without what a promise in return says too."""
    head = re.sub(r"<[^()]*>$", "", signature.partition("(")[0].strip()).strip()
    # Where a member of C++ is defined, that it is so in a header, and who may override it, is no matter to its callers.
    head = re.sub(
        r"\b(?:inline|constexpr|virtual|extern|final|synchronized)\s+|\b(?:\w+(?:<[^<>]*>)?::)+(?=~?\w+$)", "", head
    )
    return head.replace("async ", "") if "Promise<" in signature else head


def _optional(parameter: str) -> bool:
    """True when a call may leave the parameter out."""
    head, default = _defaulted(parameter)
    return (
        bool(default)
        or head.partition(":")[0].strip().endswith("?")
        or "..." in head
        or (head.lstrip().startswith("*") and not re.search(r"\s", head.partition(":")[0].strip()))
    )


def _defaulted(parameter: str) -> tuple[str, str]:
    """A parameter without its default, and the default; an arrow or a comparison is none."""
    found = re.search(r"(?<![=!<>])=(?![=>])", parameter)
    return (parameter, "") if found is None else (parameter[: found.start()], parameter[found.end() :].strip())


def by_name_only(signature: str) -> set[str]:
    """Names of the parameters behind Python's star."""
    parts = _parts(signature)
    star = next((at for at, item in enumerate(parts) if re.match(r"\*(\w+\s*(:|$)|$)", item)), len(parts))
    return set(parameters(f"({', '.join(parts[star + 1 :])})"))


def _opening(signature: str) -> int:
    """Where the parameters begin: behind `pub(…)`, a receiver and type parameters; -1 where there are none."""
    if _NO_PARAMETERS.match(signature):
        return -1
    found = _BEFORE.match(signature)
    start = found.end() if found else 0
    depth = 0
    for at in range(start, len(signature)):
        char = signature[at]
        if char == "(" and not depth:
            return at
        depth += char == "<" and signature[max(at - 1, 0)] not in " <="
        depth -= char == ">" and depth > 0 and signature[at - 1] not in "-="
    return signature.find("(", start)


def _parts(signature: str) -> list[str]:
    """The parameters of a signature as written, separators such as a lone star among them."""
    signature = unmarked(signature)
    start = _opening(signature)
    if start < 0:
        alone = _ALONE.match(signature)
        return [alone[1]] if alone else []
    depth, part, parts = 0, "", []
    for char in _SIGNS_APART.findall(signature, start + 1):
        if char in ("(", "[", "{", "<"):
            depth += 1
        elif char in (")", "]", "}", ">"):
            if char == ")" and depth == 0:
                break
            depth -= 1
        if char == "," and depth <= 0:
            parts.append(part)
            part = ""
        else:
            part += char
    parts.append(part)
    return [item for item in (part.strip() for part in parts) if item]
