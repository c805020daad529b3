"""The work in progress, and what the history says about given files: the part of code flow that the window shows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from iquest_lsp.codeflow.diff.changed_files import headings
from iquest_lsp.codeflow.diff.filters import rationale
from iquest_lsp.codeflow.diff.sources import worktree_files
from iquest_lsp.codeflow.facts import Redact
from iquest_lsp.codeflow.git.commits import Commit, commits
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.unindexed import judged
from iquest_lsp.codeflow.syntax.outline.rows import touched
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.codeflow.syntax.symbols import symbols_of
from iquest_lsp.codeflow.wording.phrases import WITHHELD
from iquest_lsp.datatypes import FlowRecord, RecentEdit

MAX_EDITS = 200
LIVE_SECONDS = 1.0


def recent_edits(root: Path, *, redact: Redact) -> list[RecentEdit]:
    """The working tree's changes against HEAD as the code reads now, file by file in path order.

    Deleted and binary files are left out, as are files outside `root` and texts of which `redact` is True.
    """
    repository = Repository.open(root, redact)
    edits: list[RecentEdit] = []
    prefix = repository.prefix
    for item in sorted(worktree_files(repository, repository.head()), key=lambda item: item.path):
        if item.binary or item.submodule or item.status == "D" or not item.path.startswith(prefix):
            continue
        symbols = symbols_of(item.path, repository.work_tree_file(item.path) or b"")
        for hunk in item.hunks:
            text = "\n".join(hunk.added)
            if len(edits) >= MAX_EDITS or redact(text):
                continue
            names = tuple(symbol.name for symbol in touched(symbols, hunk.new_start, hunk.new_count))
            edits.append(
                RecentEdit(
                    item.path.removeprefix(prefix),
                    hunk.new_start,
                    hunk.new_start + hunk.new_count,
                    text,
                    hunk.old_count,
                    names,
                )
            )
    return edits


def live_records(root: Path, paths: Sequence[str], limit: int = 20, *, redact: Redact) -> list[FlowRecord]:
    """Records of the newest credible commits on `paths` (relative to `root`), read from git in about a second."""
    repository = Repository.open(root, redact)
    base = repository.head()
    wanted = [repository.prefix + path for path in paths]
    if not base or not wanted:
        return []
    records: list[FlowRecord] = []
    deadline = time.monotonic() + LIVE_SECONDS
    walk = commits(repository, revisions=[base], paths=wanted, patch=True, limit=4 * limit, merges=False)
    near: list[Commit] = []
    for commit in walk:
        near.append(commit)
        if len(near) >= 2 * limit or time.monotonic() > deadline:
            break
    # The walk shows what the commits did to these paths; what they are for, only the whole of them says.
    purposes = judged(commits(repository, commits=[item.oid for item in near])) if near else {}
    for commit in near:
        intent, objection = purposes[commit.oid]
        if objection is not None or len(records) >= limit:
            continue
        if redact(commit.subject):
            continue
        files = sorted(commit.files, key=lambda item: -(item.added + item.removed))
        names = [name for item in files if category(item.path) is not Category.DOCS for name in headings(item)]
        why = rationale(commit.body)
        records.append(
            FlowRecord(
                commit.oid,
                commit.date,
                intent.kind,
                commit.subject,
                WITHHELD if redact(why) else why,
                tuple(item.path.removeprefix(repository.prefix) for item in files),
                tuple(dict.fromkeys(names)),
                round(intent.confidence / (1 + 0.05 * len(records)), 3),
            )
        )
    return records
