"""What changed lines do, in short phrases that follow from the text alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

MAX_FACTS = 3

_RAISES = re.compile(r"\b(?:raise|throw(?:\s+new)?)\s+([A-Za-z_][\w.:]*)")
_HANDLES = re.compile(
    r"\bexcept\s+\(?([A-Za-z_][\w., ]*?)\)?\s*(?:as\b|:)|"
    r"\bcatch\s*\(\s*(?:final\s+|const\s+)?([A-Z][\w.: |]*?)\s+\w+")  # fmt: skip
_CALL = re.compile(r"(?<![\w.])((?:[A-Za-z_]\w*(?:\.|::))*[A-Za-z_]\w*)\s*\(|\.([A-Za-z_]\w*)\s*\(")
_STRING = re.compile(r"(?<!\w)[rbufRBUF]{0,2}(\"(?:[^\"\\\n]|\\.){1,60}\"|'(?:[^'\\\n]|\\.){1,60}')")
_ANY_STRING = re.compile(r"(?<!\w)[rbufRBUF]{0,2}(\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.])")
_OPERATOR = re.compile(r"<=|>=|==|!=|(?<![-=<>])[<>](?![=<>])|\band\b|\bor\b|&&|\|\||\bnot\b")
_CONDITION = re.compile(r"^\s*(?:\}\s*)?(?:el)?(?:se )?if\s+(.{1,70}?)\s*[:{]?\s*$")
_NOT_CALLS = frozenset({
    "if", "for", "while", "return", "def", "class", "function", "switch", "catch", "elif", "print", "and", "or", "not",
    "in", "assert", "func", "fn", "match", "with", "super", "sizeof", "except", "lambda", "await", "yield", "new",
    "raise", "throw", "isinstance", "len", "str", "int", "list", "dict", "set", "tuple", "range", "max", "min", "sum",
    "any", "all", "sorted", "reversed", "enumerate", "zip", "bool", "float", "bytes", "repr", "type", "iter", "next",
    "items", "keys", "values", "get", "append", "extend", "join", "strip", "lower", "upper", "format", "encode",
    "decode", "add", "push", "copy", "pop", "String", "toString", "vec", "Some", "Ok", "Err", "cast", "hasattr",
    "getattr", "setattr", "startswith", "endswith", "unwrap", "clone", "map", "filter", "make", "string",
})  # fmt: skip
_COMMENT = re.compile(r"^\s*(#(?!\[)|//|\*|/\*|\"\"\"|''')")


def facts(removed: Sequence[str], added: Sequence[str]) -> list[str]:
    """Phrases such as “now raises ValueError”; at most MAX_FACTS, the most telling first, each once."""
    minus = [line for line in removed if not _COMMENT.match(line)]
    plus = [line for line in added if not _COMMENT.match(line)]
    found: list[str] = []
    found += _named("now raises", _names(_RAISES, plus) - _names(_RAISES, minus))
    found += _named("no longer raises", _names(_RAISES, minus) - _names(_RAISES, plus))
    found += _named("now handles", _names(_HANDLES, plus) - _names(_HANDLES, minus))
    found += _replaced(minus, plus)
    conditions = [match[1] for line in plus if (match := _CONDITION.match(line))]
    old_conditions = {match[1] for line in minus if (match := _CONDITION.match(line))}
    found += [f"checks `{item}`" for item in conditions if item not in old_conditions][:1]
    come, gone = _calls(plus) - _calls(minus), _calls(minus) - _calls(plus)
    # A long list says only that much was rewritten.
    found += _named("now calls", come, limit=3) if len(come) <= 5 else []
    found += _named("no longer calls", gone, limit=2) if len(gone) <= 3 else []
    found += _texts(minus, plus)
    return found[:MAX_FACTS]


def _texts(minus: Sequence[str], plus: Sequence[str]) -> list[str]:
    """Texts that came and went, where they are few and short enough to tell something."""
    come, gone = _names(_STRING, plus) - _names(_STRING, minus), _names(_STRING, minus) - _names(_STRING, plus)
    come, gone = ({item for item in texts if 3 < len(item) <= 44} for texts in (come, gone))
    if not (minus or len(plus) < 40) or len(come) + len(gone) > 3:
        return []
    return _named("adds the text", come) + _named("drops the text", gone)


def parameter_facts(before: str, after: str) -> list[str]:
    """Parameters that came, went or changed between two heads of a definition."""
    old, new = parameters(before), parameters(after)
    found = _named("takes the new parameter", [name for name in new if name not in old])
    found += _named("no longer takes", [name for name in old if name not in new])
    same = [name for name in new if name in old]
    if not found and same and [name for name in old if name in new] != same:
        found.append("takes its parameters in another order")
    changed = [name for name in same if old[name] != new[name]]
    if changed and not found:
        found += [f"`{old[name]}` becomes `{new[name]}`" for name in changed[:2]]
    return found


def signature_facts(detail: str) -> list[str]:
    """What becomes of a head, told from `old → new`: its parameters, or that only types change; else both heads."""
    before, _, after = detail.partition(" → ")
    if types_only(detail):
        return ["changes types only"]
    found = parameter_facts(before, after)
    if found:
        return found
    return [f"`{before}` becomes `{after}`"] if len(detail) <= 160 else ["has another head"]


def types_only(detail: str) -> bool:
    """True when, between the heads `old → new`, callers need not care: names, order and defaults are as before."""
    before, _, after = detail.partition(" → ")
    old, new = ([_bare(item) for item in parameters(head).values()] for head in (before, after))
    return before.partition("(")[0] == after.partition("(")[0] and before != after and old == new and all(
        ":" in item or "->" in detail or _bare(item) == item for item in parameters(after).values())


def _bare(parameter: str) -> str:
    """A parameter without its annotation: `name: type = default` as `name=default`; other forms as they are."""
    if not re.match(r"[*$\w?]+\s*(:|=|$)", parameter):
        return parameter
    head, equals, default = parameter.partition("=")
    return head.partition(":")[0].strip().rstrip("?") + (f"={default.strip()}" if equals else "")


def parameters(signature: str) -> dict[str, str]:
    """Parameters of a definition's head: name -> as written."""
    start = signature.find("(")
    if start < 0:
        return {}
    depth, part, parts = 0, "", []
    for char in signature[start + 1 :]:
        if char in "([{<":
            depth += 1
        elif char in ")]}>":
            if char == ")" and depth == 0:
                break
            depth -= 1
        if char == "," and depth <= 0:
            parts.append(part)
            part = ""
        else:
            part += char
    parts.append(part)
    found = {}
    for item in (part.strip() for part in parts):
        head = re.split(r"[:=]", item, maxsplit=1)[0].strip()
        words = re.findall(r"[\w$]+", head)
        if words:
            # `name: type` and `name = value` put the name first, `type name` puts it last.
            found[words[0] if re.search(r"[:=]", item) and len(words) == 1 else words[-1]] = item
    return found


def _replaced(minus: Sequence[str], plus: Sequence[str]) -> list[str]:
    """A single operator or number that became another one on an otherwise equal line."""
    found = []
    for before, after in zip(minus, plus, strict=False):
        for what in (_OPERATOR, _NUMBER):
            old, new = what.findall(before), what.findall(after)
            if len(old) == len(new) and old != new and what.sub("\0", before) == what.sub("\0", after):
                pairs = [(one, other) for one, other in zip(old, new, strict=True) if one != other]
                found.append(f"`{pairs[0][0]}` becomes `{pairs[0][1]}` in `{after.strip()[:60]}`")
    return found[:2]


def _names(pattern: re.Pattern[str], lines: Iterable[str]) -> set[str]:
    found = (match for line in lines for match in pattern.finditer(line))
    return {next(group for group in match.groups() if group).strip() for match in found}


def _calls(lines: Iterable[str]) -> set[str]:
    names = set()
    for line in lines:
        if re.match(r"\s*(async\s+)?(def|class|func|fn|function|public|private|static)\b", line):
            continue
        for match in _CALL.finditer(_ANY_STRING.sub('""', line)):
            name = (match[1] or match[2]).rsplit(".", 1)[-1]
            if name not in _NOT_CALLS:
                names.add(name)
    return names


def _named(verb: str, names: Iterable[str], limit: int = 3) -> list[str]:
    listed = sorted(names) if isinstance(names, set) else list(names)
    if not listed:
        return []
    shown = ", ".join(f"`{name}`" for name in listed[:limit])
    return [f"{verb} {shown}" + (f" and {len(listed) - limit} more" if len(listed) > limit else "")]
