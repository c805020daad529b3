"""Answers cut to a budget of tokens: what is left out is said, and how to get it.

Tokens are estimated, since the agent's tokenizer is not known: one for three bytes, which is more than any common
tokenizer takes for prose, code and JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

BYTES_A_TOKEN = 3
LEAST, USUAL, MOST = 200, 2000, 25_000
#: What the note about a cut takes in a JSON answer, beside its sentence.
_ROOM_FOR_NOTE = 120
#: A text in a JSON answer that is shortened only when nothing else can be, and then not below this.
_LEAST_TEXT = 60
_BULLET = re.compile(r"(?:-|\d+\.) ")
_MORE = "…"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """So many items of a list that are not shown, of so many."""

    what: str
    count: int
    of: int

    def to_json(self) -> dict[str, object]:
        return {"list": self.what, "left_out": self.count, "of": self.of}


@dataclass(frozen=True, slots=True)
class CutAnswer:
    """An answer in both its forms, each within the budget.

    A text that was cut says so itself; `rest` says how to get what is left out of the JSON form (empty: nothing is).
    """

    json: dict[str, Any]
    text: str
    left_out: tuple[LeftOut, ...] = ()
    rest: str = ""


def tokens(text: str) -> int:
    """About how many tokens a text takes."""
    return -(-len(text.encode("utf-8", "replace")) // BYTES_A_TOKEN)


def json_tokens(value: object) -> int:
    """About how many tokens a JSON value takes, written without spaces."""
    return tokens(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def cut(value: dict[str, Any], text: str, budget: int, *, keeps_ends: bool = False) -> CutAnswer:
    """An answer and the same in markdown, both within the budget.

    Lists lose their last items, the longest list first; with `keeps_ends` those in the middle, as suits a list in the
    order of time.
    """
    size, length = json_tokens(value), tokens(text)
    rest = how_to_get_the_rest(max(size, length))
    if length > budget:
        text = f"{_cut_markdown(text, budget - tokens(rest) - 2, keeps_ends).rstrip()}\n\n{rest}\n"
    if size <= budget:
        return CutAnswer(value, text)
    made, left_out = _cut_json(value, budget - _ROOM_FOR_NOTE - tokens(rest), keeps_ends)
    return CutAnswer(made, text, tuple(left_out), rest)


def how_to_get_the_rest(whole: int) -> str:
    """What an agent is told when an answer was cut that takes so many tokens."""
    if whole <= MOST:
        return f"Cut. Ask again with max_tokens={whole} for all of it."
    return (
        f"Cut. All of it takes {whole} tokens, more than the {MOST} that max_tokens allows: ask about less, for "
        "instance one file, one symbol, or fewer commits."
    )


# ------------------------------------------------------------------------------------------------------------- JSON


@dataclass(frozen=True, slots=True)
class _List:
    """A list of an answer under its name, and where it stands."""

    name: str
    holder: dict[str, Any]
    key: str

    @property
    def items(self) -> list[Any]:
        found: list[Any] = self.holder[self.key]
        return found

    @property
    def place(self) -> tuple[int, str]:
        return id(self.holder), self.key


def _cut_json(value: dict[str, Any], budget: int, keeps_ends: bool) -> tuple[dict[str, Any], list[LeftOut]]:
    made: dict[str, Any] = json.loads(json.dumps(value))
    every = [*_lists(made)]  # holds all items, so that no place is taken by another one
    before = {item.place: len(item.items) for item in every}
    while json_tokens(made) > budget:
        longest = max(_lists(made), key=lambda item: (len(item.items) > 1, json_tokens(item.items)), default=None)
        if longest is None or not longest.items:
            break
        keep = len(longest.items) - max(1, len(longest.items) // 4)
        longest.holder[longest.key] = _kept(longest.items, keep, keeps_ends)
    _shorten_texts(made, budget)
    counts: dict[str, tuple[int, int]] = {}
    for item in _lists(made):
        gone, of = counts.get(item.name, (0, 0))
        counts[item.name] = gone + before[item.place] - len(item.items), of + before[item.place]
    return made, [LeftOut(name, gone, of) for name, (gone, of) in counts.items() if gone]


def _lists(value: dict[str, Any], name: str = "") -> Iterator[_List]:
    """The lists of an answer, those inside items too, under names such as `files` and `files.symbols`."""
    for key, item in value.items():
        full = f"{name}.{key}" if name else key
        if isinstance(item, list):
            yield _List(full, value, key)
            for inner in item:
                if isinstance(inner, dict):
                    yield from _lists(inner, full)
        elif isinstance(item, dict):
            yield from _lists(item, full)


def _shorten_texts(value: Any, budget: int) -> None:
    """Halves the longest texts until a JSON value fits, or all are short."""
    while json_tokens(value) > budget:
        holder, key = max(_texts(value), key=lambda found: len(found[0][found[1]]), default=(None, None))
        if holder is None or len(holder[key]) <= _LEAST_TEXT:
            return
        holder[key] = holder[key][: max(_LEAST_TEXT - 1, len(holder[key]) // 2)] + _MORE


def _texts(value: Any) -> Iterator[tuple[Any, Any]]:
    places = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in places:
        if isinstance(item, str):
            yield value, key
        else:
            yield from _texts(item)


# --------------------------------------------------------------------------------------------------------- markdown


def _cut_markdown(text: str, budget: int, keeps_ends: bool) -> str:
    """A markdown text within the budget: its lists lose items, and each says how many it lost."""
    parts = _parts(text)
    kept = [len(part) for part in parts]
    while tokens(_joined(parts, kept, keeps_ends)) > budget:
        sizes = [
            (kept[at] > 1, sum(map(len, part[: kept[at]]))) if kept[at] and _is_list(part) else (False, 0)
            for at, part in enumerate(parts)
        ]
        longest = max(range(len(parts)), key=sizes.__getitem__, default=None)
        if longest is None or not sizes[longest][1]:
            break
        kept[longest] -= max(1, kept[longest] // 4)
    shown = _joined(parts, kept, keeps_ends)
    if tokens(shown) > budget:
        shown = shown.encode("utf-8", "replace")[: max(0, budget * BYTES_A_TOKEN - 4)].decode("utf-8", "ignore") + _MORE
    return shown


def _parts(text: str) -> list[list[str]]:
    """The text as runs: of other lines, one a run, and of list items, each with the lines indented below it."""
    parts: list[list[str]] = []
    for line in text.splitlines(keepends=True):
        last = parts[-1] if parts else []
        if _BULLET.match(line):
            if _is_list(last):
                last.append(line)
            else:
                parts.append([line])
        elif line.startswith(" ") and _is_list(last):
            last[-1] += line
        else:
            parts.append([line])
    return parts


def _is_list(part: Sequence[str]) -> bool:
    return bool(part) and _BULLET.match(part[0]) is not None


def _joined(parts: Sequence[Sequence[str]], kept: Sequence[int], keeps_ends: bool) -> str:
    lines: list[str] = []
    for part, keep in zip(parts, kept, strict=True):
        shown = _kept(part, keep, keeps_ends)
        if keep < len(part):
            shown.insert(_head(keep) if keeps_ends else keep, f"- {_MORE} {len(part) - keep} more\n")
        lines += shown
    return "".join(lines)


def _head(keep: int) -> int:
    """How many of so many items that stay are the first ones, where both ends are kept."""
    return min(keep, 1)


def _kept(items: Sequence[Any], keep: int, keeps_ends: bool) -> list[Any]:
    head = _head(keep) if keeps_ends else keep
    return [*items[:head], *items[len(items) - (keep - head) :]]
