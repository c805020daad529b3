"""What changes ask for elsewhere: the predictors asked, their suggestions sifted and ordered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from iquest_lsp.codeflow.reading import ChangedText, Redact, Sources, changed_texts, lacks
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.gate import ASKED, LEAST, admitted, admitted_places, in_order, is_plain
from iquest_lsp.nextedit.parsed import parse
from iquest_lsp.nextedit.predictors import (
    awaits,
    imports,
    renames,
    repeats,
    signatures,
    tree_places,
    whole_lines,
)
from iquest_lsp.nextedit.predictors.places import gone, misfits, parts, returns, unbound, wanted
from iquest_lsp.nextedit.records import NextEdit, Place
from iquest_lsp.nextedit.taken import NOTHING_TAKEN, Takings
from iquest_lsp.nextedit.wording import as_markdown, reason_words

Predictor = Callable[[Sequence[Change], Sources], Iterator[NextEdit]]
PREDICTORS: tuple[Predictor, ...] = (
    renames.predict,
    signatures.predict,
    awaits.predict,
    repeats.predict,
    whole_lines.predict,
    tree_places.predict,
    imports.predict,
)
PlacePredictor = Callable[[Sequence[Change], Sources], Iterator[Place]]
PLACES: tuple[PlacePredictor, ...] = (
    misfits.predict,
    gone.predict,
    parts.predict,
    unbound.predict,
    returns.predict,
    wanted.predict,
)
#: What files that programs write say at their top, and how many bytes that is.
_MADE = re.compile(
    rb"@generated\b|\bauto(?:matically)?[- ]generated\b|\bamalgamation of\b|\bdo not (?:edit|modify)\b",
    re.IGNORECASE,
)
_TOP = 1000
#: Suggestions that one answer holds.
MAX_ITEMS = 200


@dataclass(frozen=True, slots=True)
class NextEdits:
    """Suggestions in the order of the work, places to look at beside them, and what the answer lacks."""

    items: tuple[NextEdit, ...]
    partial: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The JSON form (docs/json.md); lines and columns are counted from 1. `places` is there where there are any."""
        places = {"places": [place_json(item) for item in self.places]} if self.places else {}
        return {"items": [item_json(item) for item in self.items], **places, "partial": list(self.partial) or None}

    def to_markdown(self) -> str:
        """The suggestions as a markdown document."""
        return as_markdown(self.items, self.places, self.partial)


def place_json(place: Place) -> dict[str, object]:
    """One place's JSON form."""
    return {
        "path": place.path,
        "lines": [place.line + 1, place.end + 1],
        "kind": place.kind.value,
        "reason": reason_words(place.reason),
        "confidence": place.confidence,
    }


def item_json(item: NextEdit) -> dict[str, object]:
    """One suggestion's JSON form."""
    line, column = item.end
    return {
        "path": item.path,
        "range": {
            "start": {"line": item.line + 1, "column": item.column + 1},
            "end": {"line": line + 1, "column": column + 1},
        },
        "old": item.old,
        "new": item.new,
        "kind": item.kind.value,
        "reason": reason_words(item.reason),
        "confidence": item.confidence,
    }


def next_edits(root: Path, target: str = "", patch: bytes | None = None, *, redact: Redact) -> NextEdits:
    """What the working tree's changes, or those that a target or a patch holds, ask for elsewhere.

    Raises NotARepositoryError, RepositoryError, RevisionError, UsageError.
    """
    with changed_texts(root, target, patch, redact=redact) as (changed, sources):
        changes = changes_of(changed)
        every = list(possible(changes, sources)) if changes else []
        items = _shown(admitted(every, ASKED), changes, sources, redact, None)[:MAX_ITEMS]
        return NextEdits(tuple(items), lacks(sources), tuple(_places(every, items, changes, sources)[:MAX_ITEMS]))


def changes_of(changed: Sequence[ChangedText], taken: Takings = NOTHING_TAKEN) -> list[Change]:
    """The changed files as the predictors see them; none where nothing in them changed."""
    changes = [Change(item, taken=taken.lines.get(item.path, frozenset())) for item in changed]
    return changes if any(change.edits or change.text.old_path for change in changes) else []


def suggested(
    changed: Sequence[ChangedText],
    sources: Sources,
    *,
    redact: Redact,
    least: float = LEAST,
    last: tuple[str, int] | None = None,
    taken: Takings = NOTHING_TAKEN,
) -> list[NextEdit]:
    """The suggestions that are sure enough, in the order of the work; `last` is where the last edit was (path, line).

    `sources` are the files after the changes.
    """
    changes = changes_of(changed, taken)
    if not changes:
        return []
    return _shown(admitted(possible(changes, sources), least, taken.worth_of), changes, sources, redact, last)


def suggested_places(
    changed: Sequence[ChangedText], sources: Sources, *, redact: Redact, taken: Takings = NOTHING_TAKEN
) -> list[Place]:
    """The places to look at beside the suggestions that are sure enough, by path and line."""
    changes = changes_of(changed, taken)
    if not changes:
        return []
    every = list(possible(changes, sources))
    shown = _shown(admitted(every, LEAST, taken.worth_of), changes, sources, redact, None)
    return _places(every, shown, changes, sources)


def _places(
    every: Sequence[NextEdit], shown: Sequence[NextEdit], changes: Sequence[Change], sources: Sources
) -> list[Place]:
    """The places at which nothing is `shown`: those that are sure enough, and what does not fit any more."""
    found = admitted_places(every, possible_places(changes, sources), shown, ASKED)
    return [place for place in found if place.confidence >= LEAST or is_plain(place.sort)]


def _shown(
    found: Sequence[NextEdit],
    changes: Sequence[Change],
    sources: Sources,
    redact: Redact,
    last: tuple[str, int] | None,
) -> list[NextEdit]:
    """The suggestions that show no secret, in the order of the work."""
    if last is None:
        edit = next((edit for change in reversed(changes) for edit in reversed(change.edits)), None)
        last = (edit.path, edit.line) if edit is not None else ("", 0)
    return in_order([item for item in found if not _secret(item, sources, redact)], *last)


def possible(
    changes: Sequence[Change], sources: Sources, predictors: Sequence[Predictor] = PREDICTORS
) -> Iterator[NextEdit]:
    """Everything that a predictor can think of, sure or not."""
    for predict in predictors:
        yield from (item for item in predict(changes, sources) if not _is_made(item.path, changes, sources))


def possible_places(
    changes: Sequence[Change], sources: Sources, predictors: Sequence[PlacePredictor] = PLACES
) -> Iterator[Place]:
    """Every place to look at that a predictor can think of, sure or not."""
    for predict in predictors:
        yield from (place for place in predict(changes, sources) if not _is_made(place.path, changes, sources))


def _is_made(path: str, changes: Sequence[Change], sources: Sources) -> bool:
    """Whether a file that nobody edited says of itself that a program wrote it: it is made anew, not mended."""
    if any(change.path == path for change in changes):
        return False
    return bool(sources.kept(path, ("made",), lambda data: bool(_MADE.search(data[:_TOP]))))


def _secret(item: NextEdit, sources: Sources, redact: Redact) -> bool:
    """Whether a suggestion, or a line that it stands in, looks like a secret."""
    if redact(item.old) or redact(item.new):
        return True
    data = sources.read(item.path)
    if data is None:
        return True
    lines = parse(item.path, data.decode("utf-8", "replace")).lines[item.line : item.end[0] + 1]
    return redact("\n".join(lines))
