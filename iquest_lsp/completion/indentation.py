"""Lines that an editor, or a hand, has set deeper than any statement there can be: an answer may take some back."""

from __future__ import annotations

import re

from iquest_lsp import grammars
from iquest_lsp.completion.brackets import open_before
from iquest_lsp.completion.cursor_text import CursorText, indent_of
from iquest_lsp.completion.filters import indent_unit
from iquest_lsp.completion.syntax import Extent, unit_at

#: What ends a line whose statement goes on in the next one.
_GOES_ON = ("\\", ",", ".", "+", "-", "*", "/", "=", "|", "&", "<", "?", "(", "[")
_LEAVES = re.compile(r"(return|raise|break|continue|pass)\b")


def kept_indent(place: CursorText) -> int:
    """How many characters of the white space before the cursor a statement there can have; all of them where the line
    holds more than that, goes on from the one above, or is part of a text."""
    head = place.head
    if not head or head.strip() or place.tail.strip():
        return len(head)
    deepest = _deepest(place)
    if deepest is None or deepest >= len(head):
        return len(head)
    return len(head) if unit_at(place).extent is Extent.TEXT else deepest


def _deepest(place: CursorText) -> int | None:
    """The deepest that a statement below the line above can stand; None where that cannot be told."""
    above = place.above().rstrip()
    space, unit = above[: indent_of(above)], indent_unit(place)
    is_python = grammars.language_of(place.path) == "python"
    if not above or not (place.head.startswith(space) or space.startswith(place.head)):
        return None  # nothing above, or blanks and tabs mixed
    if above.endswith(_GOES_ON) or above.lstrip().startswith(("#", "//", "*", "@")):
        return None
    inner = [item.close for item in open_before(place)[-1:]]
    if inner and (inner[0] != "}" or is_python):
        return None
    if above.endswith((":", "{", "=>", "->")):
        return len(space) + len(unit)
    if is_python and _LEAVES.match(above.lstrip()):
        return max(len(space) - len(unit), 0)
    return len(space)
