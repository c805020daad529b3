"""Pieces of signatures and types as Go writes them."""

from __future__ import annotations

import re


def is_balanced(text: str) -> bool:
    return text.count("(") <= text.count(")")


def bracketed(text: str) -> tuple[str, str]:
    """What stands in the brackets that a text begins with, and what stands behind them."""
    depth = 0
    for at, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if not depth:
            return text[1:at].strip(), text[at + 1 :].strip()
    return text[1:].strip(), ""


def after_parameters(text: str) -> str:
    """The results in what stands behind `func`: one type, or several in brackets; empty where there are none."""
    after = bracketed(text.strip())[1]
    if after.startswith("("):
        return f"({bracketed(after)[0]})"
    return re.split(r"[ \t]\{|^\{|//", after, maxsplit=1)[0].strip()


def split(text: str) -> list[str]:
    """The parts of a list, without those of lists in it."""
    parts, depth, last = [], 0, 0
    for at, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        if char == "," and not depth:
            parts.append(text[last:at].strip())
            last = at + 1
    return [*parts, text[last:].strip()]


def several(text: str) -> list[str]:
    """The types of several results, each of which may have a name."""
    parts = split(bracketed(text)[0])
    found = [re.fullmatch(r"(\w+)[ \t]+(?!\{)(.+)", part) for part in parts]
    if not any(match and match[1] not in ("chan", "func", "map", "struct", "interface") for match in found):
        return parts
    types: list[str] = []
    for part, match in zip(reversed(parts), reversed(found), strict=True):
        types.append(match[2] if match is not None else types[-1] if types else part)
    return types[::-1]
