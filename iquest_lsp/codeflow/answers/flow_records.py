"""Flow records from the index: decisions as (before, action, after, rationale), for the window."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from iquest_lsp.codeflow.diff.filters import Ground, Objection, rationale
from iquest_lsp.codeflow.facts import Redact
from iquest_lsp.codeflow.past.entries import Entry, SymbolEntry
from iquest_lsp.codeflow.past.flow_index import FlowIndex
from iquest_lsp.codeflow.wording.effects import action_words, left_out_words
from iquest_lsp.codeflow.wording.phrases import WITHHELD
from iquest_lsp.datatypes import FlowRecord

MAX_ACTIONS = 3
_TELLING = ("signature", "renamed", "moved", "added", "removed", "body", "test", "doc", "format-only")


def flow_records_of(
    index: FlowIndex, paths: Sequence[str], limit: int, *, redact: Redact, include_filtered: bool = False
) -> list[FlowRecord]:
    """Records of commits on `paths` (relative to the workspace root), most telling first within what is recent.

    Commits that a filter left out come along only with `include_filtered`, their objection as rationale.
    """
    prefix = index.repository.prefix
    names = [name for path in paths for name in index.renamed_from(prefix + path)]
    entries = [item for item in index.on_paths(names, 6 * limit + 20) if include_filtered or item.objection is None]
    undone = index.reverted()
    if not include_filtered:
        entries = [item for item in entries if not _undone(item, undone)]
    entries = entries[: 2 * limit]
    keys = [item.key for item in entries]
    touched = index.paths_of(keys)
    symbols: defaultdict[int, list[SymbolEntry]] = defaultdict(list)
    for item in index.symbols_in(keys):
        symbols[item.entry.key].append(item)
    found = []
    for rank, entry in enumerate(entries):
        record = _record(entry, rank, touched.get(entry.key, []), symbols[entry.key], set(names), prefix)
        objection = entry.objection or (Objection(Ground.UNDONE) if _undone(entry, undone) else None)
        if include_filtered and objection is not None:
            record = replace(record, rationale=left_out_words(objection))
        if any(redact(text) for text in (record.subject, record.before, record.after)):
            continue
        if redact(record.rationale):
            record = replace(record, rationale=WITHHELD)
        found.append(record)
    best = sorted(found, key=lambda record: -record.score)[:limit]
    order = {item.oid: rank for rank, item in enumerate(entries)}
    return sorted(best, key=lambda record: order[record.commit])


def _record(
    entry: Entry, rank: int, paths: Sequence[str], symbols: Sequence[SymbolEntry], wanted: set[str], prefix: str
) -> FlowRecord:
    own = sorted(
        (item for item in symbols if not item.inner),
        key=lambda item: (item.path not in wanted, _TELLING.index(item.change)),
    )
    turned = next((item for item in own[:MAX_ACTIONS] if item.change == "signature"), None)
    # Finished work weighs more than what no release has taken up yet.
    weight = entry.confidence * (1.2 if entry.release else 1.0) * (1.1 if entry.body or entry.issues else 1.0)
    return FlowRecord(
        entry.oid,
        entry.date,
        entry.kind,
        entry.subject,
        rationale(entry.body, 240),
        tuple(path.removeprefix(prefix) for path in sorted(paths, key=lambda path: path not in wanted)),
        tuple(dict.fromkeys(item.name for item in own)),
        round(weight / (1 + 0.08 * rank), 3),
        action_words(own, MAX_ACTIONS),
        turned.old_signature if turned else "",
        turned.signature if turned else "",
        entry.release or "",
    )


def _undone(entry: Entry, undone: set[str]) -> bool:
    return any(entry.oid.startswith(oid) for oid in undone)
