"""What works the suggestions out for an editor: functions of plain values, for a process of their own.

A key is not held up by a search through the repository: `suggest` leaves out what asks for one and says what it is;
`search` does it, in another process, and `learn` takes what that found. What the files hold is remembered between calls
of one `epoch`; a file that is saved or changed outside begins another. `places` are worked out when somebody asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from iquest_lsp.codeflow.reading import ChangedText, Sources, Wanted
from iquest_lsp.nextedit.predict import suggested, suggested_places
from iquest_lsp.nextedit.records import NextEdit, Place
from iquest_lsp.nextedit.taken import NOTHING_TAKEN, Takings
from iquest_lsp.workspace.admission import Gate
from iquest_lsp.workspace.ignore import IgnoreRules
from iquest_lsp.workspace.secret_scan import has_secret

_Found = TypeVar("_Found", NextEdit, Place)
#: Suggestions, or places, that one answer holds.
MOST = 100
_files: dict[Path, tuple[int, tuple[str, ...], Sources, str, Gate]] = {}


def suggest(
    root: Path,
    epoch: int,
    exclude: Sequence[str],
    changed: Sequence[ChangedText],
    over: Mapping[str, str],
    last: tuple[str, int],
    taken: Takings = NOTHING_TAKEN,
) -> tuple[list[NextEdit], list[Wanted]]:
    """The suggestions for the changed texts, in the order of the work, and what is to be searched for.

    Paths are relative to `root`. `over` are the texts of the files that an editor shows otherwise than they are saved,
    `taken` is what was taken of earlier ones.
    """
    base, prefix, gate = _opened(root, epoch, exclude)
    wanted: list[Wanted] = []
    texts, sources = _laid_over(base, prefix, changed, over)
    files, place = sources.impatient(wanted), (prefix + last[0], last[1])
    found = suggested(texts, files, redact=has_secret, last=place, taken=taken.below(prefix))
    return _inside(found, prefix, gate), wanted


def places(
    root: Path,
    epoch: int,
    exclude: Sequence[str],
    changed: Sequence[ChangedText],
    over: Mapping[str, str],
    taken: Takings = NOTHING_TAKEN,
) -> tuple[list[Place], list[Wanted]]:
    """The places to look at beside what `suggest` suggests, and what is to be searched for; arguments as there."""
    base, prefix, gate = _opened(root, epoch, exclude)
    wanted: list[Wanted] = []
    texts, sources = _laid_over(base, prefix, changed, over)
    found = suggested_places(texts, sources.impatient(wanted), redact=has_secret, taken=taken.below(prefix))
    return _inside(found, prefix, gate), wanted


def _laid_over(
    base: Sources, prefix: str, changed: Sequence[ChangedText], over: Mapping[str, str]
) -> tuple[list[ChangedText], Sources]:
    """The changed texts by their paths in the repository, and the files as editors show them."""
    texts = [replace(item, path=prefix + item.path) for item in changed]
    return texts, base.with_texts({prefix + path: text for path, text in over.items()})


def _inside(found: Sequence[_Found], prefix: str, gate: Gate) -> list[_Found]:
    """Those in the workspace, by their paths there, that may be shown."""
    inside = [replace(item, path=item.path.removeprefix(prefix)) for item in found if item.path.startswith(prefix)]
    return [item for item in inside[:MOST] if not gate.path_reason(item.path)]


def search(root: Path, epoch: int, exclude: Sequence[str], wanted: Wanted) -> object:
    """What `suggest` wanted."""
    return _opened(root, epoch, exclude)[0].searched(wanted)


def learn(root: Path, epoch: int, exclude: Sequence[str], wanted: Wanted, found: object) -> None:
    """Takes what `search` found."""
    _opened(root, epoch, exclude)[0].learn(wanted, found)


def _opened(root: Path, epoch: int, exclude: Sequence[str]) -> tuple[Sources, str, Gate]:
    """The files of a workspace, its path in the repository, and what may be shown of it."""
    known = _files.get(root)
    if known is None or known[:2] != (epoch, tuple(exclude)):
        base, prefix = Sources.of_work_tree(root, has_secret)
        known = epoch, tuple(exclude), base, prefix, Gate(root, IgnoreRules(root, tuple(exclude)))
        _files.clear()
        _files[root] = known
    return known[2:]
