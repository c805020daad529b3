"""What changes ask for elsewhere: the predictors asked, their suggestions sifted and ordered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from iquest_lsp.codeflow.reading import ChangedText, Sources, changed_texts, lacks
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.gate import ASKED, LEAST, admitted, in_order
from iquest_lsp.nextedit.parsed import parse
from iquest_lsp.nextedit.predictors import awaits, imports, renames, repeats, signatures, tree_places, whole_lines
from iquest_lsp.nextedit.records import NextEdit
from iquest_lsp.nextedit.wording import as_markdown, reason_words

Redact = Callable[[str], bool]
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
#: Suggestions that one answer holds.
MAX_ITEMS = 200


@dataclass(frozen=True, slots=True)
class NextEdits:
    """Suggestions in the order of the work, and what the answer lacks, a sentence each."""

    items: tuple[NextEdit, ...]
    partial: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The JSON form (docs/json.md); lines and columns are counted from 1."""
        return {"items": [item_json(item) for item in self.items], "partial": list(self.partial) or None}

    def to_markdown(self) -> str:
        """The suggestions as a markdown document."""
        return as_markdown(self.items, self.partial)


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
        items = suggested(changed, sources, redact=redact, least=ASKED)
        return NextEdits(tuple(items[:MAX_ITEMS]), lacks(sources))


def suggested(
    changed: Sequence[ChangedText],
    sources: Sources,
    *,
    redact: Redact,
    least: float = LEAST,
    last: tuple[str, int] | None = None,
) -> list[NextEdit]:
    """The suggestions that are sure enough, in the order of the work; `last` is where the last edit was (path, line).

    `sources` are the files after the changes.
    """
    changes = [Change(item) for item in changed]
    if not any(change.edits or change.text.old_path for change in changes):
        return []
    found = admitted(possible(changes, sources), least)
    if last is None:
        edit = next((edit for change in reversed(changes) for edit in reversed(change.edits)), None)
        last = (edit.path, edit.line) if edit is not None else ("", 0)
    return in_order([item for item in found if not _secret(item, sources, redact)], *last)


def possible(
    changes: Sequence[Change], sources: Sources, predictors: Sequence[Predictor] = PREDICTORS
) -> Iterator[NextEdit]:
    """Everything that a predictor can think of, sure or not."""
    for predict in predictors:
        yield from predict(changes, sources)


def _secret(item: NextEdit, sources: Sources, redact: Redact) -> bool:
    """Whether a suggestion, or a line that it stands in, looks like a secret."""
    if redact(item.old) or redact(item.new):
        return True
    data = sources.read(item.path)
    if data is None:
        return True
    lines = parse(item.path, data.decode("utf-8", "replace")).lines[item.line : item.end[0] + 1]
    return redact("\n".join(lines))
