"""What works the suggestions out for an editor: functions of plain values, for a process of their own.

A key is not held up by a search through the repository: `suggest` leaves out what asks for one, and `look_up` does them
one by one, after which `suggest` knows them. What the files hold is remembered between calls of one `epoch`; a file
that is saved or changed outside begins another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from iquest_lsp.codeflow.reading import ChangedText, Sources
from iquest_lsp.nextedit.predict import suggested
from iquest_lsp.nextedit.records import NextEdit
from iquest_lsp.workspace.admission import Gate
from iquest_lsp.workspace.ignore import IgnoreRules
from iquest_lsp.workspace.secret_scan import has_secret

#: Suggestions that one answer holds.
MOST = 100
#: What `suggest` last left out, and where it is to be searched for.
_wanted: list[tuple[str, ...]] = []
_files: dict[Path, tuple[int, tuple[str, ...], Sources, str, Gate]] = {}


def suggest(
    root: Path,
    epoch: int,
    exclude: Sequence[str],
    changed: Sequence[ChangedText],
    over: Mapping[str, str],
    last: tuple[str, int],
) -> list[NextEdit]:
    """The suggestions for the changed texts, in the order of the work; paths are relative to `root`.

    `over` are the texts of the files that an editor shows otherwise than they are saved.
    """
    known = _files.get(root)
    if known is None or known[:2] != (epoch, tuple(exclude)):
        base, prefix = Sources.of_work_tree(root)
        known = epoch, tuple(exclude), base, prefix, Gate(root, IgnoreRules(root, tuple(exclude)))
        _files.clear()
        _files[root] = known
    _, _, base, prefix, gate = known
    texts = [replace(item, path=prefix + item.path) for item in changed]
    _wanted.clear()
    sources = base.with_texts({prefix + path: text for path, text in over.items()}).impatient(_wanted)
    found = suggested(texts, sources, redact=has_secret, last=(prefix + last[0], last[1]))
    inside = [replace(item, path=item.path.removeprefix(prefix)) for item in found if item.path.startswith(prefix)]
    return [item for item in inside[:MOST] if not gate.path_reason(item.path)]


def look_up() -> bool:
    """Does one of the searches that the last `suggest` left out; whether there was one."""
    if not _wanted or not _files:
        return False
    (_, _, base, _, _), *_ = _files.values()
    base.look_up(_wanted.pop(0))
    return True
