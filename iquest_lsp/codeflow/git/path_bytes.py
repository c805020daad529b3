"""Paths as git writes them, which need be no text: bytes that are no UTF-8 are escaped."""

from __future__ import annotations

import os
import re


def decode_path(raw: bytes) -> str:
    """A path as text; bytes that are no UTF-8 are escaped."""
    return raw.decode("utf-8", "backslashreplace")


def encode_path(path: str) -> str:
    """A path that `decode_path` made, as the operating system takes it."""
    raw = re.sub(rb"\\x([0-9a-f]{2})", lambda found: bytes([int(found[1], 16)]), path.encode("utf-8", "replace"))
    return os.fsdecode(raw)
