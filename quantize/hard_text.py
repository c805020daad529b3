"""Strings that are hard on a tokenizer: pieces of real files, all scripts, emoji, control characters, long lines."""

from __future__ import annotations

import random
import sys
import sysconfig
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

_FRAGMENTS = (
    "\r\n",
    "\n",
    "\n\n",
    "\t",
    "    ",
    "  ",
    " ",
    "\r",
    "\x0b",
    "\x0c",
    "\x1b",
    "\x85",
    "\u2028",
    "\u00a0",
    "\ufeff",
    "def f(x):",
    "'s",
    "'LL",
    "it\u2019s",
    "'\u017f",
    "0123456789",
    "1_000.5e-3",
    "</s>",
    "<s>",
    "<unk>",
    "<0x0A>",
    "e\u0301",
    "\U0001f469\u200d\U0001f4bb",
    "\U0001f1e9\U0001f1ea",
    "\U0001f3fd",
    "!=",
    "->",
    "...",
    "__init__",
    "\u212a",
    "\u0130",
    "\x00",
    "\x01\x02",
    "\x7f",
    "\u200b",
    "\u200d",
    "\uffff",
    "\u0661\u0662",
    "\u00bd",
    "\u2581",
    "\u2581\u2581",
    "\u0e33",
    "\ufdfa",
    "\U0010ffff",
    "[PAD1]",
    "<|",
    "|>",
    "<think",
    "</think",
)
_LONG = 40_000


def strings(count: int, added: Sequence[str] = (), folders: Sequence[Path] = (), seed: int = 0) -> Iterator[str]:
    """`count` strings: half pieces of the text files below `folders` (default: Python's library), half mixtures.

    Every fifth mixture has tokens of `added` in it; one string in 2,000 is a line of 40,000 characters and more.
    """
    draw = random.Random(seed)
    texts = _texts(folders or (Path(sysconfig.get_paths()["stdlib"]),), draw)
    points = _points()
    for at in range(count):
        if at % 2000 == 1999:
            yield _long(draw, texts, points)
        elif at % 2:
            text = draw.choice(texts)
            start = draw.randrange(max(1, len(text) - 10))
            yield text[start : start + draw.randint(1, 400)]
        else:
            tokens = added if at % 10 == 0 else ()
            yield "".join(_piece(draw, points, tokens) for _ in range(draw.randint(1, 24)))


def _texts(folders: Sequence[Path], draw: random.Random) -> list[str]:
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    draw.shuffle(files)
    found = []
    for path in files[:3000]:
        try:
            text = path.read_text("utf-8")
        except (OSError, ValueError):
            continue
        if len(text) > 20 and "\x00" not in text:
            found.append(text)
        if len(found) == 300:
            break
    return found or ["def main() -> None:\n    pass\n"]


def _points() -> list[list[int]]:
    """Assigned code points in runs of one script, roughly: blocks of 128."""
    blocks = []
    for first in range(0, sys.maxunicode + 1, 128):
        block = [at for at in range(first, first + 128) if unicodedata.category(chr(at)) not in ("Cn", "Cs", "Co")]
        if block:
            blocks.append(block)
    return blocks


def _piece(draw: random.Random, points: list[list[int]], added: Sequence[str]) -> str:
    chance = draw.random()
    if added and chance < 0.3:
        return draw.choice(added)
    if chance < 0.5:
        return draw.choice(_FRAGMENTS)
    if chance < 0.6:
        return draw.choice((" ", "\n", "\t", "\r\n", "\u3000")) * draw.randint(2, 40)
    if chance < 0.7:
        return "".join(chr(draw.randint(0x20, 0x7E)) for _ in range(draw.randint(1, 30)))
    return "".join(chr(draw.choice(draw.choice(points))) for _ in range(draw.randint(1, 3))) + "".join(
        chr(point) for point in draw.choices(draw.choice(points), k=draw.randint(1, 6))
    )


def _long(draw: random.Random, texts: list[str], points: list[list[int]]) -> str:
    kind = draw.randrange(4)
    if kind == 0:
        return draw.choice("a =-0") * _LONG
    if kind == 1:
        return "".join(draw.choice(texts).replace("\n", " ") for _ in range(40))[: 2 * _LONG]
    if kind == 2:
        return "".join(draw.choices("0123456789abcdef", k=_LONG))
    return "".join(chr(draw.choice(draw.choice(points))) for _ in range(_LONG))
