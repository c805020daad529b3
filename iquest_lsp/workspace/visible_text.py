"""Texts from anywhere, as a terminal may show them."""

from __future__ import annotations

import re

#: Control characters but for tab and line feed, and those that embed, override or isolate a direction of writing.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """A text, its characters that would steer a terminal or turn the writing round as JSON escapes them.

    What a file, its name or a message says must not look like something else (CVE-2021-42574).
    """
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
