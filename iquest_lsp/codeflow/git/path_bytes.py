"""Paths as git writes them, which need be no text: bytes that are no UTF-8 are escaped."""

from __future__ import annotations

import os
import re


def decode_path(raw: bytes) -> str:
    """A path as text; bytes that are no UTF-8 are escaped."""
    return raw.decode("utf-8", "backslashreplace")


def encode_path(path: str) -> str:
    """A path that `decode_path` made, as the operating system takes it."""
    # Below 0x80 every byte is UTF-8: `\x41` is a name that is written so.
    raw = re.sub(rb"\\x([89a-f][0-9a-f])", lambda found: bytes([int(found[1], 16)]), path.encode("utf-8", "replace"))
    return os.fsdecode(raw)
