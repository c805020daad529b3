"""Which format a model speaks: told by what its file, or the setting, calls it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from iquest_lsp.nextedit.formats.asked import EditFormat
from iquest_lsp.nextedit.formats.instruct import Instruct
from iquest_lsp.nextedit.formats.sweep import Sweep
from iquest_lsp.nextedit.formats.zeta import Zeta2, Zeta21

_ZETA = re.compile(r"zeta[-_ .]?v?2(?:[._-]?(1)(?!\d))?(?!\d)", re.IGNORECASE)
_SWEEP = re.compile(r"sweep.*next|next.*sweep", re.IGNORECASE)


def format_of(names: Sequence[str], *, follows_instructions: bool) -> EditFormat | None:
    """The format by the names of a model, the first that says one; else that of models which follow instructions."""
    for name in names:
        if zeta := _ZETA.search(name):
            return Zeta21() if zeta[1] else Zeta2()
        if _SWEEP.search(name):
            return Sweep()
    return Instruct() if follows_instructions else None
