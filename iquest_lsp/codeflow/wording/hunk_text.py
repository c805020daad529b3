"""A diff as text, for a model that is asked about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from iquest_lsp.codeflow.diff.sources import DiffTarget, load
from iquest_lsp.codeflow.facts import Redact
from iquest_lsp.codeflow.git.commits import FileDiff, Hunk
from iquest_lsp.codeflow.wording.phrases import WITHHELD


def diff_text(root: Path, target: DiffTarget, limit: int, *, hide: Callable[[str], str], redact: Redact) -> str:
    """The hunks of a diff within `limit` characters; `hide` gives each file's path or says why it is not shown.

    Lines of which `redact` says True are withheld, and hunks that hold a secret over several lines.
    """
    pieces, room = [], limit
    for item in load(root, target, redact).files:
        reason = hide(item.path)
        text = f"{item.path}: not shown ({reason})\n" if reason else _file(item, redact)
        if len(text) > room:
            pieces.append(f"{item.path}: not shown (too long)\n")
            continue
        pieces.append(text)
        room -= len(text)
    return "".join(pieces)


def _file(item: FileDiff, redact: Redact) -> str:
    renamed = f" (was {item.old_path})" if item.old_path and item.old_path != item.path else ""
    lines = [f"{item.path}{renamed}"]
    for hunk in item.hunks:
        lines += _hunk(hunk, redact)
    return "\n".join(lines) + "\n\n"


def _hunk(hunk: Hunk, redact: Redact) -> list[str]:
    head = f"@@ line {hunk.new_start + 1}"
    if hunk.heading and not redact(hunk.heading):
        head += f", in {hunk.heading}"
    lines = [head]
    for sign, side in (("-", hunk.removed), ("+", hunk.added)):
        shown = [WITHHELD if redact(line) else line for line in side]
        if redact("\n".join(shown)):
            shown = [WITHHELD]
        lines += [f"{sign}{line}" for line in shown]
    return lines
