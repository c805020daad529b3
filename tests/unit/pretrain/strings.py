"""Strings that are hard on a tokenizer, from a seed."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator
from pathlib import Path

#: First and last code point of blocks: Latin to Thai, Hangul, kana, Han, arrows, emoji, private use, tags.
BLOCKS = (
    (0x20, 0x7E),
    (0xA0, 0x17F),
    (0x250, 0x3FF),
    (0x400, 0x52F),
    (0x531, 0x5FF),
    (0x600, 0x77F),
    (0x900, 0xDFF),
    (0xE00, 0xEFF),
    (0x10A0, 0x137F),
    (0x1780, 0x17FF),
    (0x1E00, 0x1FFF),
    (0x2000, 0x206F),
    (0x2070, 0x23FF),
    (0x2500, 0x27BF),
    (0x3000, 0x30FF),
    (0x4E00, 0x4FFF),
    (0xAC00, 0xADFF),
    (0xE000, 0xE0FF),
    (0xFB00, 0xFDFF),
    (0xFE00, 0xFE6F),
    (0xFF00, 0xFFEF),
    (0x10000, 0x100FF),
    (0x1D400, 0x1D7FF),
    (0x1F300, 0x1F64F),
    (0x1F900, 0x1F9FF),
    (0x20000, 0x200FF),
    (0xE0000, 0xE007F),
)
FRAGMENTS = (
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
    "'re",
    "it\u2019s",
    "'\u017f",
    "0123456789",
    "1_000.5e-3",
    "<|endoftext|>",
    "<|tail|>",
    "<|fim_middle|>",
    "</s>",
    "e\u0301",
    "\U0001f469\u200d\U0001f4bb",
    "\U0001f1e9\U0001f1ea",
    "!=",
    "->",
    "...",
    "#",
    "__init__",
    "\u212a",
    "\u0130",
    "\x00",
    "\x01\x02",
    "\x7f",
    "\u200b",
    "\ud7a3",
    "\uffff",
    "\u0661\u0662",
    "\u00bd",
)


def strings(count: int, seed: int = 0) -> Iterator[str]:
    """Half mixtures of blocks and fragments, half lines and pieces of this repository's own files."""
    draw = random.Random(seed)
    files = sorted(Path(__file__).resolve().parents[3].glob("iquest_lsp/**/*.py"))
    texts = [path.read_text(encoding="utf-8") for path in files]
    for at in range(count):
        if at % 2:
            text = draw.choice(texts)
            start = draw.randrange(max(1, len(text) - 10))
            yield text[start : start + draw.randint(1, 300)]
        else:
            yield "".join(_piece(draw) for _ in range(draw.randint(1, 24)))


def _piece(draw: random.Random) -> str:
    if draw.random() < 0.4:
        return draw.choice(FRAGMENTS)
    if draw.random() < 0.15:
        return draw.choice((" ", "\n", "\t", "\r\n")) * draw.randint(2, 40)
    first, last = draw.choice(BLOCKS)
    points = (draw.randint(first, last) for _ in range(draw.randint(1, 6)))
    # A code point without a name may belong to a script in one Unicode version and to none in another.
    return "".join(chr(point) for point in points if unicodedata.category(chr(point)) not in ("Cn", "Cs"))
