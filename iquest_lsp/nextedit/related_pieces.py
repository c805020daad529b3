"""What a model is shown of other files: the definitions of the names that the last edit and the cursor's lines have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from iquest_lsp.errors import DocumentError
from iquest_lsp.nextedit.formats.asked import EditHunk, RelatedPiece
from iquest_lsp.nextedit.parsed import parse
from iquest_lsp.project.view import ProjectView
from iquest_lsp.workspace.secret_scan import has_secret

#: Lines on either side of the cursor whose names are looked at.
NEAR = 12
#: The shortest name, the names and the definitions that are looked at, the lines of one that are shown.
SHORTEST, MAX_NAMES, MAX_PIECES, MAX_LINES = 4, 60, 6, 20
#: A name that more files define tells none of them.
MAX_DEFINERS = 2
_NAME = re.compile(rf"[^\W\d]\w{{{SHORTEST - 1},}}")


def related_pieces(
    view: ProjectView, path: str, text: str, offset: int, hunks: Sequence[EditHunk]
) -> list[RelatedPiece]:
    """Definitions in other files that have to do with the last edit, or with the lines around the cursor.

    None is of a file that may not be shown, or looks like a secret.
    """
    found: list[RelatedPiece] = []
    seen: set[tuple[str, int]] = set()
    for name in list(dict.fromkeys(_names(text, offset, hunks)))[:MAX_NAMES]:
        for piece in _definitions(view, path, name):
            if (piece.path, piece.start) not in seen:
                seen.add((piece.path, piece.start))
                found.append(piece)
        if len(found) >= MAX_PIECES:
            break
    return found[:MAX_PIECES]


def _names(text: str, offset: int, hunks: Sequence[EditHunk]) -> Iterator[str]:
    """The names of the last edit, then those of the cursor's line and of the lines around it, the nearest first."""
    for signed in hunks[-1].lines if hunks else ():
        if signed[:1] in "+-":
            yield from _NAME.findall(signed)
    lines = text.split("\n")
    at = text.count("\n", 0, offset)
    for far in range(NEAR + 1):
        for number in sorted({at - far, at + far}):
            if 0 <= number < len(lines):
                yield from _NAME.findall(lines[number])


def _definitions(view: ProjectView, path: str, name: str) -> Iterator[RelatedPiece]:
    """The definitions of a name in other files, where few define it."""
    definers = view.project.definers(name) - {path}
    if len(definers) > MAX_DEFINERS:
        return
    for other in sorted(definers):
        if view.project.refusal(other):
            continue
        try:
            text = view.lines(other).text.replace("\r\n", "\n")
        except DocumentError:
            continue
        parsed = parse(other, text)
        symbol = next((item for item in parsed.symbols if item.short == name), None)
        if symbol is None:
            continue
        end = min(symbol.end, symbol.start + MAX_LINES)
        shown = "".join(line + "\n" for line in parsed.lines[symbol.start : end])
        if not has_secret(shown):
            yield RelatedPiece(other, symbol.start, end, shown, len(parsed.lines))
