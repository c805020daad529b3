"""A diff as text, for a model that is asked about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from iquest_lsp.codeflow.diff.sources import DiffTarget, load
from iquest_lsp.codeflow.facts import Redact
from iquest_lsp.codeflow.git.commits import FileDiff, Hunk
from iquest_lsp.codeflow.wording.phrases import WITHHELD, say


def diff_text(root: Path, target: DiffTarget, limit: int, *, hide: Callable[[str], str], redact: Redact) -> str:
    """The hunks of a diff within `limit` characters; `hide` gives each file's path or says why it is not shown.

    Lines of which `redact` says True are withheld, and hunks that hold a secret over several lines.
    """
    pieces, room = [], limit
    for item in load(root, target, redact).files:
        reason = hide(item.path)
        text = say("{}: not shown ({})\n", item.path, reason) if reason else _file(item, redact)
        if len(text) > room:
            pieces.append(say("{}: not shown (too long)\n", item.path))
            continue
        pieces.append(text)
        room -= len(text)
    return "".join(pieces)


def _file(item: FileDiff, redact: Redact) -> str:
    is_renamed = item.old_path and item.old_path != item.path
    lines = [say("{} (was {})", item.path, item.old_path) if is_renamed else item.path]
    for hunk in item.hunks:
        lines += _hunk(hunk, redact)
    return "\n".join(lines) + "\n\n"


def _hunk(hunk: Hunk, redact: Redact) -> list[str]:
    is_told = hunk.heading and not redact(hunk.heading)
    line = hunk.new_start + 1
    lines = [say("@@ line {}, in {}", line, hunk.heading) if is_told else say("@@ line {}", line)]
    for sign, side in (("-", hunk.removed), ("+", hunk.added)):
        shown = [WITHHELD if redact(line) else line for line in side]
        if redact("\n".join(shown)):
            shown = [WITHHELD]
        lines += [f"{sign}{line}" for line in shown]
    return lines
