"""Tokens for a model whose tokenizer is elsewhere: up to three bytes of one line each, readable back as text.

The window is planned in tokens, a remote server is sent text. These ids carry the text itself, so that nothing has to
be remembered; about three bytes are what a token of code has in common vocabularies. They lie far above those of any
vocabulary, so that a prompt made for one engine is never taken for another's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

BYTES = 3
PLAIN = 1 << 28
SPECIAL = 1 << 30

#: What servers read as a control token: those of the known families, and whatever looks like one.
_CONTROL = re.compile(
    r"<[|｜][^|｜<>\n]{1,48}[|｜]>|<\[?/?(?:fim|file|repo|PRE|SUF|MID|EOT|start_of_turn|end_of_turn)[\w-]*\]?>"
    r"|\[/?(?:INST|PREFIX|SUFFIX|MIDDLE|SYSTEM_PROMPT|AVAILABLE_TOOLS)\]|</?s>|</?think>|<(?:pad|unk|bos|eos)>"
)
_WIDTHLESS = "\u200b"


def encode(text: str) -> list[int]:
    """The ids of a text."""
    ids: list[int] = []
    for line in text.encode("utf-8", "replace").splitlines(keepends=True):
        ids += [_pack(line[at : at + BYTES]) for at in range(0, len(line), BYTES)]
    return ids


def special_ids(texts: Sequence[str]) -> dict[str, int]:
    """Ids for the control tokens of a vocabulary."""
    return {text: SPECIAL + number for number, text in enumerate(dict.fromkeys(texts))}


def is_text(token: int) -> bool:
    """Whether an id is one of these."""
    return token >= PLAIN


def decode(ids: Sequence[int], special: Sequence[str]) -> list[tuple[bool, str]]:
    """Runs of text, each with whether it is a control token; half characters at a cut become U+FFFD."""
    runs: list[tuple[bool, str]] = []
    plain = bytearray()
    for token in ids:
        if token >= SPECIAL:
            if plain:
                runs.append((False, plain.decode("utf-8", "replace")))
                plain.clear()
            runs.append((True, special[token - SPECIAL]))
        else:
            value = token - PLAIN
            plain += (value & 0xFFFFFF).to_bytes(BYTES, "big")[BYTES - (value >> 24) :]
    if plain:
        runs.append((False, plain.decode("utf-8", "replace")))
    return runs


def harmless(text: str) -> str:
    """A text in which nothing is read as a control token: a character without width breaks each one up."""
    return _CONTROL.sub(lambda found: found[0][0] + _WIDTHLESS + found[0][1:], text)


def _pack(piece: bytes) -> int:
    return PLAIN + (len(piece) << 24) + int.from_bytes(piece, "big")
