"""What stands in an answer in place of a text that looks like a secret."""

from __future__ import annotations

from collections.abc import Callable

#: Whether a text may not be shown.
Redact = Callable[[str], bool]

WITHHELD = "(withheld: looks like a secret)"
