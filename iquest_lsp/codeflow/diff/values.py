"""Two values of a key compared: versions, switches, lists by their items."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence

from iquest_lsp.codeflow.facts import bounded
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind

#: A longer value is not told of what comes or goes.
MAX_TOLD = 60
#: Of a list so many items that come are named, and as many that go.
MAX_ITEMS = 3
_RELEASE = re.compile(r"(?<=[\"'])[\^~=<>v ]*\d+(?:\.\d+)+[\w.+\-]*(?=[\"'])")
_PINNED = re.compile(r"([\w.\-]+(?:/[\w.\-]+)+)@([0-9a-f]{40})\s*#\s*(\S+)")
#: The same where the key says what the commit is one of.
_FROZEN = re.compile(
    r"(?<![\w.-])(rev|ref|commit|sha|revision):\s*[\"']?([0-9a-f]{40})[\"']?\s*#\s*(?:frozen:\s*)?(\S+)\s*$"
)
_ELEMENT = re.compile(r"\s*<([\w.:\-]+)[^<>]*>([^<>]*)</\1>\s*")
_ITEM = re.compile(r"(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|\[[^\[\]]*\]|\{[^{}]*\}|[^,])+")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_PATH = re.compile(r"[\w.\-]+(?:/[\w.\-]+)+\.\w+")
_VERSION = re.compile(r"[\"']?[\^~=<>v ]*(\d{1,18}(?:\.\d{1,18})+)[\w.+\-]*[\"']?$")


def value_effects(before: str, after: str, *, version: bool = False) -> list[Effect]:
    """What one value becomes; of lists, the items that come and go."""
    old, new = _read(before), _read(after)
    if isinstance(old, list) and isinstance(new, list) and not (_is_exact(before) and _is_exact(after)):
        old, new = _split(before), _split(after)
    if isinstance(old, list) and isinstance(new, list):
        come = [shown(item) for item in new if item not in old]
        gone = [shown(item) for item in old if item not in new]
        if len(come) == len(gone) == 1:
            return [Effect(EffectKind.VALUE_BECOMES, (gone[0], come[0]))]
        return come_and_go(come, gone)
    if version and (raised := _raised(before, after)):
        return [Effect(raised, (before, after))]
    inside = [_RELEASE.findall(text) for text in (before, after)]
    if (
        len(inside[0]) == len(inside[1]) == 1
        and _RELEASE.sub("", before) == _RELEASE.sub("", after)
        and _is_table(after)
        and (raised := _raised(inside[0][0], inside[1][0]))
    ):
        return [Effect(raised, (inside[0][0], inside[1][0]))]
    return [Effect(EffectKind.VALUE_BECOMES, (_on_a_line(before), _on_a_line(after)))]


def come_and_go(come: Sequence[str], gone: Sequence[str]) -> list[Effect]:
    """The items of a list that come and those that go."""
    return [*_items(EffectKind.COMES, EffectKind.MORE_COME, come), *_items(EffectKind.GOES, EffectKind.MORE_GO, gone)]


def _items(kind: EffectKind, more: EffectKind, items: Sequence[str]) -> list[Effect]:
    """Items that come or go, the first of many and how many more there are."""
    count = MAX_ITEMS if len(items) <= MAX_ITEMS else MAX_ITEMS - 1
    rest = len(items) - count
    return [*(Effect(kind, (item,)) for item in items[:count]), *([Effect(more, (str(rest),))] if rest > 0 else [])]


def keys_instead(before: str, after: str, removed: list[str], added: list[str]) -> list[Effect]:
    """The value that went where a key holds keys of its own now, or the one that came in their place."""
    if before and not after and _is_bare(added):
        return [Effect(EffectKind.GOES, (before,))]
    return [Effect(EffectKind.COMES, (after,))] if after and not before and _is_bare(removed) else []


def _is_bare(lines: list[str]) -> bool:
    """Whether the one line of a key says no more than its name."""
    return len(lines) == 1 and lines[0].rstrip().endswith((":", "{"))


def line_values(kind: str, removed: list[str], added: list[str]) -> list[Effect]:
    """What the lines of a part themselves say of a value: of an action's commit, in an element, in a list of files."""
    if len(removed) == len(added) == 1:
        found = _pinned(removed[0], added[0])
        return found or (_element(removed[0], added[0]) if kind == "element" else [])
    return _paths(removed, added) if kind == "variable" else []


def _pinned(removed: str, added: str) -> list[Effect]:
    """What becomes of a value that names a commit, by the version that the comment behind it tells."""
    for pattern, template in ((_PINNED, "{0}@{1} # {2}"), (_FROZEN, "{1} # {2}")):
        old, new = pattern.search(removed), pattern.search(added)
        if old and new and old[1] == new[1] and old[3] != new[3]:
            values = (template.format(item[1], item[2][:7], item[3]) for item in (old, new))
            return [Effect(EffectKind.BECOMES, tuple(values))]
    return []


def _element(removed: str, added: str) -> list[Effect]:
    """What becomes of an element that stands on one line, by what is in it."""
    old, new = (_ELEMENT.fullmatch(line) for line in (removed, added))
    if not old or not new or old[1] != new[1] or old[2] == new[2]:
        return []
    return value_effects(old[2], new[2])


def _paths(removed: list[str], added: list[str]) -> list[Effect]:
    """The files that come and go in a list of files over several lines."""
    old, new = (
        [word for line in lines for word in line.split() if _PATH.fullmatch(word)] for lines in (removed, added)
    )
    if len(removed) + len(added) <= 2:
        return []
    come, gone = ([item for item in dict.fromkeys(one) if item not in other] for one, other in ((new, old), (old, new)))
    return come_and_go(come, gone)


def _is_table(value: str) -> bool:
    return value.startswith("{") and "version" in value


def unlisted(line: str) -> str:
    """A line of YAML without what makes it the first one of an item."""
    return line.strip().removeprefix("- ").lstrip()


def only_commas(before: list[str], after: list[str]) -> bool:
    """Whether lines differ by the commas at their ends, which come and go with what stands behind them."""
    one, other = ([line.rstrip() for line in lines] for lines in (before, after))
    return one != other and [line.removesuffix(",") for line in one] == [line.removesuffix(",") for line in other]


def same_value(before: str, after: str) -> bool:
    """Whether two values that are written differently say the same: white space, as between the items of a list."""
    return bool(before) and before != after and _read(before) == _read(after)


def _raised(before: str, after: str) -> EffectKind | None:
    one, other = _VERSION.match(before), _VERSION.match(after)
    if one is None or other is None or one[1] == other[1]:
        return None
    old, new = map(_numbers, (one[1], other[1]))
    if old == new:
        return None  # 4.0 and 4.0.0
    return EffectKind.RAISES_VERSION if new > old else EffectKind.LOWERS_VERSION


def _numbers(version: str) -> list[int]:
    found = [*map(int, version.split("."))]
    while found and not found[-1]:
        found.pop()
    return found


def _read(value: str) -> object:
    """A list as one, where a value is a list; other values as they are written."""
    if not value.startswith("["):
        return value
    for read in (json.loads, _toml):
        try:
            return read(value)
        except (ValueError, RecursionError):
            continue
    return _split(value)


def _toml(value: str) -> object:
    return tomllib.loads(f"value = {value}")["value"]


def _is_exact(value: str) -> bool:
    """Whether a list is written as JSON or TOML write one, so that its items are known by their types."""
    for read in (json.loads, _toml):
        try:
            read(value)
        except (ValueError, RecursionError):
            continue
        return True
    return False


def _split(value: str) -> list[str]:
    """The items of a list as texts, with or without quotes around them."""
    items = (found[0].strip() for found in _ITEM.finditer(value.strip()[1:-1]))
    return [item[1:-1] if _QUOTED.fullmatch(item) else item for item in items if item]


def shown(value: object) -> str:
    """A value as an answer quotes it."""
    return _on_a_line(json.dumps(value, ensure_ascii=False, default=str))


def _on_a_line(text: str) -> str:
    return bounded(" ".join(text.split()))


#: Languages without a grammar here in which line breaks and indentation between words hardly ever mean something.
FREE = (".kt", ".kts", ".swift", ".dart", ".groovy", ".cs", ".php")
#: Those in which the indentation of a line hardly ever means something.
UNINDENTED = (*FREE, ".rb", ".rake", ".lua", ".pl", ".pm", ".ex", ".exs", ".jl", ".r")
_WORDS = re.compile(r'"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|' + r"'(?:\\.|[^'\\\n])*'|\w+|\S")
#: What begins a text over several lines, in which white space says something.
_LONG_TEXT = re.compile(r'<<<|@\$?"')


def same_lines(old: Sequence[str], new: Sequence[str]) -> bool:
    """Whether lines differ by white space at their ends alone, empty ones aside."""
    one, other = (list(filter(None, map(str.strip, lines))) for lines in (old, new))
    return bool(one) and old != new and one == other


def same_words(old: str, new: str) -> bool:
    """Whether a text is made of the same words and signs as another one, in other lines.

    A function that holds nothing but what it returns is the same as one that is written as that value.
    """
    if old == new or _LONG_TEXT.search(old):
        return False
    one, other = _WORDS.findall(old), _WORDS.findall(new)
    if one and one == other:
        return True
    values = [_returned(words) for words in (one, other)]
    return one != other and None not in values and values[0] == values[1]


def _returned(words: list[str]) -> list[str] | None:
    """A function as its head and the value that it stands for; None where it holds something else."""
    depth, count = 0, 0
    for word in words:
        depth += (word == "(") - (word == ")")
        if not depth and word in ("=", "{"):
            break
        count += 1
    head, rest = words[:count], words[count:]
    if rest[:2] == ["=", ">"]:
        value = rest[2:]
    elif rest[:1] == ["="]:
        # Without a word for it, what a block says last is not what it returns.
        value = ["return", *rest[1:]]
    elif rest[:1] == ["{"] and rest[-1] == "}":
        value = rest[1:-1]
    else:
        return None
    if value[-1:] == [";"]:  # as in C#, where the head says what is returned
        value = value[value[0] == "return" : -1]
    return [*head, *value]
