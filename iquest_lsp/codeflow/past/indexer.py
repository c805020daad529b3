"""Reads a repository's history into its store, and keeps up with what happens to it.

First every commit with its paths, from one git process per batch; then, for the newest ones, definitions.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from iquest_lsp import grammars
from iquest_lsp.codeflow.diff.bug_risk import riskiness
from iquest_lsp.codeflow.diff.filters import Ground, Objection, credibility, rationale
from iquest_lsp.codeflow.diff.intents.intent import intent_of
from iquest_lsp.codeflow.diff.intents.shape import shape_of
from iquest_lsp.codeflow.facts import NOT_KEPT, encode, holds_secret
from iquest_lsp.codeflow.gaps import CONTENTS
from iquest_lsp.codeflow.git.blob_reader import BlobReader
from iquest_lsp.codeflow.git.commits import Commit, FileDiff, commits
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.patterns import patterns_of
from iquest_lsp.codeflow.past.releases import are_assigned, assign_releases, wait_for_releases
from iquest_lsp.codeflow.past.store import Store, batches
from iquest_lsp.codeflow.syntax.changes import SymbolChange, link_moves, symbol_changes
from iquest_lsp.codeflow.syntax.dialects import breaks, declared, dotted, violations
from iquest_lsp.codeflow.syntax.symbols import parses
from iquest_lsp.errors import RepositoryError

HistoryProgress = Callable[[str, int, int], None]

BATCH = 500
DEEP_BATCH = 50
DEEP_COMMITS = 2000
# Commits over more files than this are indexed by path only.
MAX_DEEP_FILES = 200


@dataclass(frozen=True, slots=True)
class Update:
    """What an update did: commits read, commits read in depth, commits no longer reachable, and how long it took."""

    commits: int = 0
    deep: int = 0
    gone: int = 0
    seconds: float = 0.0
    complete: bool = True


class Indexer:
    """Brings a store up to date with its repository."""

    def __init__(self, repository: Repository, store: Store) -> None:
        self.repository, self.store = repository, store
        self._owner = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._leased = False

    @property
    def place(self) -> str:
        """What tells this working tree from the repository's others."""
        return os.fsencode(self.repository.git_dir).decode("utf-8", "backslashreplace")

    def update(self, progress: HistoryProgress | None = None, *, deep: int = DEEP_COMMITS) -> Update:
        """Follows HEAD; reads at most the newest `deep` commits in depth. Does nothing where another process does."""
        started = time.monotonic()
        head, tags = self.repository.head(), self.repository.tags()
        row = self.store.rows("SELECT id, head FROM views WHERE place=?", self.place)
        known = row and row[0][1] == head and are_assigned(self.store, self.place, tags)
        if known and not self._shallow(row[0][0], deep):
            return Update(seconds=time.monotonic() - started)
        if not self.store.lease(self._owner):
            return Update(seconds=time.monotonic() - started, complete=False)
        self._leased = True
        try:
            read, done, gone = self._follow(head, progress)
            view = self.store.value("SELECT id FROM views WHERE place=?", self.place)
            assign_releases(self.repository, self.store, self.place, tags)
            done += self.deepen(self._shallow(view, deep), progress) if view is not None else 0
        finally:
            self._leased = False
            self.store.release_lease(self._owner)
        return Update(read, done, gone, time.monotonic() - started)

    def deepen(self, oids: Sequence[str], progress: HistoryProgress | None = None) -> int:
        """Reads the definitions of stored commits."""
        done = 0
        # Oldest first: the text after one commit is most often the text before the next.
        for batch in batches(reversed(oids), DEEP_BATCH):
            done += self._deepen(list(commits(self.repository, commits=batch, patch=True)))
            self._report(progress, "symbols", done, len(oids))
        return done

    def deepen_files(self, oids: Sequence[str], paths: Sequence[str]) -> None:
        """Reads what stored commits did to the definitions of some files, and to those alone."""
        for batch in batches(oids, DEEP_BATCH):
            marks = ",".join("?" * len(paths))
            with self.store.transaction():
                ids = self.store.path_ids(paths)
            done = "SELECT commit_id FROM read_files WHERE path_id IN ({marks})"
            waiting = [
                row[0]
                for row in self.store.rows(
                    f"SELECT oid FROM commits WHERE (depth<=0 OR files>?) AND oid IN ({','.join('?' * len(batch))})"
                    f" AND id NOT IN ({done.format(marks=marks)})",
                    MAX_DEEP_FILES,
                    *batch,
                    *ids.values(),
                )
            ]
            walked = list(commits(self.repository, commits=waiting, paths=paths, patch=True)) if waiting else []
            with self.repository.blobs() as reader:
                found = [self._deep(commit, reader, judge=False) for commit in walked if not commit.merge]
            with self.store.transaction() as db:
                for item in found:
                    key = db.execute("SELECT id FROM commits WHERE oid=?", (item.commit.oid,)).fetchone()[0]
                    self._write_symbols(key, item.changes)
                    db.executemany("INSERT OR IGNORE INTO read_files VALUES(?,?)", [(key, at) for at in ids.values()])

    def _deepen(self, walked: Sequence[Commit]) -> int:
        """Stores what the patches of commits say."""
        with self.repository.blobs() as reader:
            found = [self._deep(commit, reader) for commit in walked if not commit.merge]
        if self.repository.gaps.has(*CONTENTS):
            return 0  # what a clone lacks may come yet
        with self.store.transaction():
            for item in found:
                self._write_deep(item)
        return len(found)

    def _follow(self, head: str, progress: HistoryProgress | None) -> tuple[int, int, int]:
        """Makes the view of this working tree that of `head`: commits read, in depth, and gone."""
        deep = 0
        while True:
            old = self.store.value("SELECT head FROM views WHERE place=?", self.place) or ""
            come, gone, whole = self._difference(old, head)
            unknown = set(come) - self.store.known(come)
            missing = [oid for oid in reversed(come) if oid in unknown]
            read = 0
            few = len(missing) <= DEEP_BATCH
            for batch in batches(missing, BATCH):
                found = list(commits(self.repository, commits=batch, patch=few))
                with self.store.transaction():
                    self._write(found)
                deep += self._deepen(found) if few else 0
                read += len(found)
                self._report(progress, "commits", read, len(missing))
            with self.store.transaction() as db:
                # Another process may have moved the view meanwhile; then its state is where to go on from.
                now = db.execute("SELECT head FROM views WHERE place=?", (self.place,)).fetchone()
                if (now[0] if now else "") == old:
                    self._set_view(head, come, gone, whole=whole)
                    return read, deep, len(gone)

    def _difference(self, old: str, head: str) -> tuple[list[str], list[str], bool]:
        """Commits that came and that went, newest first, and whether the whole view is to be made anew."""
        if old and head:
            # It may be rewritten and pruned; or what came before it, as `git repack -ad` leaves one that is in no pack.
            with contextlib.suppress(RepositoryError):
                return *self.repository.difference(old, head), False
        return [oid for oid, _ in self.repository.reachable([head])] if head else [], [], True

    def _set_view(self, head: str, come: Sequence[str], gone: Sequence[str], *, whole: bool) -> None:
        db = self.store.db
        statement = "INSERT INTO views(place, head) VALUES(?,?) ON CONFLICT(place) DO UPDATE SET head=excluded.head"
        db.execute(statement, (self.place, head))
        wait_for_releases(self.store, self.place)
        view = db.execute("SELECT id FROM views WHERE place=?", (self.place,)).fetchone()[0]
        if whole:
            db.execute("DELETE FROM live WHERE view=?", (view,))
        db.executemany(
            "DELETE FROM live WHERE view=? AND commit_id=(SELECT id FROM commits WHERE oid=?)",
            [(view, oid) for oid in gone],
        )
        last = db.execute("SELECT coalesce(max(ord), 0) FROM live WHERE view=?", (view,)).fetchone()[0]
        db.executemany(
            "INSERT OR IGNORE INTO live SELECT ?, id, ? FROM commits WHERE oid=?",
            [(view, last + 1 + at, oid) for at, oid in enumerate(reversed(come))],
        )

    def _write(self, found: Sequence[Commit], *, depth: int = 0) -> None:
        """Stores commits with their paths; those that another process stored meanwhile are left alone."""
        db = self.store.db
        known = self.store.known([item.oid for item in found])
        fresh = [self._shown(item) for item in found if item.oid not in known]
        paths = {name for item in fresh for diff in item.files for name in (diff.path, diff.old_path) if name}
        ids = self.store.path_ids(sorted(paths))
        for item in fresh:
            judged = judgement(item)
            values = (
                item.oid,
                _clean(item.author),
                _clean(item.email),
                item.time,
                item.date,
                _clean(item.subject),
                rationale(item.body, 1000),
                item.merge,
                len(item.files),
                depth,
                *judged,
            )
            cursor = db.execute(
                "INSERT INTO commits(oid, author, email, time, date, subject, body, merge, files, depth, risk, kind,"
                " confidence, told, reasons, issues, reverts, lines, ground, objection)"
                " VALUES(?,?,?,?,?,?,?,?,?,?,0,?,?,?,?,?,?,?,?,?)",
                values,
            )
            key = cursor.lastrowid
            db.executemany(
                "INSERT OR IGNORE INTO changes VALUES(?,?,?,?,?,?)",
                [
                    (key, ids[diff.path], ids.get(diff.old_path), diff.status, diff.added, diff.removed)
                    for diff in item.files
                ],
            )
            words = code_words(f"{item.subject}\n{item.body}".replace(NOT_KEPT, " ")) | {*judged.issues.split()}
            db.executemany("INSERT OR IGNORE INTO words VALUES(?,?)", [(word, key) for word in words])

    def _shown(self, commit: Commit) -> Commit:
        """The commit as it is kept: what looks like a secret is not."""
        withhold = self.repository.withhold
        if not withhold(f"{commit.author}\n{commit.subject}\n{commit.body}"):
            return commit
        lines = commit.body.split("\n")
        secret = [withhold(line) for line in lines]
        rest = "\n".join("" if hidden else line for line, hidden in zip(lines, secret, strict=True))
        body = "\n".join(NOT_KEPT if hidden else line for line, hidden in zip(lines, secret, strict=True))
        return replace(
            commit,
            author=NOT_KEPT if withhold(commit.author) else commit.author,
            subject=NOT_KEPT if withhold(commit.subject) else commit.subject,
            body=NOT_KEPT if withhold(rest) else body,
        )

    def _kept(self, text: str) -> str:
        """A text of the code as it is kept; empty where it looks like a secret."""
        return "" if holds_secret(self.repository.withhold, text) else _clean(text)

    def _deep(self, commit: Commit, reader: BlobReader, *, judge: bool = True) -> _Deep:
        if len(commit.files) > MAX_DEEP_FILES:
            return _Deep(commit, [], None)
        found: list[SymbolChange] = []
        problem: Objection | None = None
        for item in commit.files:
            language = grammars.language_of(item.path)
            if not language or item.binary or item.submodule or not item.hunks:
                continue
            before = reader.read(item.old_oid) if item.old_oid else None
            after = reader.read(item.new_oid) if item.new_oid else None
            found += symbol_changes(item, before, after)
            if judge and problem is None and after is not None:
                problem = _inconsistency(commit.oid, item, before, after, reader)
        return _Deep(commit, link_moves(found), problem)

    def _write_deep(self, deep: _Deep) -> None:
        db, commit = self.store.db, self._shown(deep.commit)
        row = db.execute("SELECT id, depth FROM commits WHERE oid=?", (commit.oid,)).fetchone()
        if row is None or row[1] > 0:
            return
        key = row[0]
        if len(commit.files) <= MAX_DEEP_FILES:  # of a wider one only those of single files are read
            db.execute("DELETE FROM symbols WHERE commit_id=?", (key,))
        shape = shape_of(commit.files, deep.changes)
        intent = intent_of(commit.subject, commit.body, shape, merge=commit.merge)
        objection = credibility(commit.author, commit.email, intent, commit.files) or deep.problem
        # What the message promises counts here, and only that: a kind read from the lines promises nothing.
        risk = riskiness(commit.files, intent.kind if intent.told else "", renames=shape.renamed_words)
        db.execute(
            "UPDATE commits SET kind=?, confidence=?, reasons=?, ground=?, objection=?, risk=?, depth=1 WHERE id=?",
            (intent.kind, intent.confidence, encode(intent.reasons), *_split(objection), risk, key),
        )
        self._write_symbols(key, deep.changes)
        db.executemany(
            "INSERT OR IGNORE INTO patterns VALUES(?,?,?,?)",
            [
                (key, item.kind, item.what, self._kept(json.dumps(item.others, ensure_ascii=False)) or "[]")
                for item in patterns_of(deep.changes, commit.files)
            ],
        )

    def _write_symbols(self, key: int, changes: Sequence[SymbolChange]) -> None:
        ids = self.store.path_ids(sorted({item.path for item in changes}))
        self.store.db.executemany(
            "INSERT INTO symbols VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
            [
                (
                    ids[item.path],
                    key,
                    item.name,
                    item.kind,
                    item.change,
                    self._kept(item.signature),
                    self._kept(item.old_signature),
                    self._kept(encode(item.effects)),
                    item.old_path,
                    item.old_name,
                    item.inner,
                    item.deprecates,
                )
                for item in changes
            ],
        )

    def _shallow(self, view: int, deep: int) -> list[str]:
        """The newest `deep` commits of a view that are known by path only, newest first."""
        return [
            row[0]
            for row in self.store.rows(
                "SELECT oid FROM (SELECT c.oid, c.depth, c.merge FROM live l JOIN commits c ON c.id=l.commit_id"
                " WHERE l.view=? ORDER BY l.ord DESC LIMIT ?) WHERE depth=0 AND NOT merge",
                view,
                deep,
            )
        ]

    def _report(self, progress: HistoryProgress | None, what: str, done: int, total: int) -> None:
        if self._leased:
            self.store.lease(self._owner)
        if progress is not None:
            progress(what, done, total)


class Judgement(NamedTuple):
    """What a commit is for and worth, as the columns of the store have it."""

    kind: str
    confidence: float
    told: bool
    reasons: str
    issues: str
    reverts: str
    lines: int
    ground: str
    objection: str


def judgement(item: Commit) -> Judgement:
    """What a commit's message and files say of it."""
    intent = intent_of(item.subject, item.body, shape_of(item.files), merge=item.merge)
    objection = credibility(item.author, item.email, intent, item.files)
    lines = sum(max(diff.added, 0) + max(diff.removed, 0) for diff in item.files)
    told = (intent.kind, intent.confidence, intent.told, encode(intent.reasons), " ".join(intent.issues))
    return Judgement(*told, intent.reverts, lines, *_split(objection))


@dataclass(frozen=True, slots=True)
class _Deep:
    """A commit with its definitions' changes and what is wrong with its code."""

    commit: Commit
    changes: list[SymbolChange]
    problem: Objection | None


def _inconsistency(
    oid: str, item: FileDiff, before: bytes | None, after: bytes, reader: BlobReader
) -> Objection | None:
    """The objection of the consistency filter to one file of a commit."""
    language = grammars.language_of(item.path)
    if item.status == "M" and before is not None and not parses(item.path, after):
        return Objection(Ground.BROKEN, (item.path, language)) if breaks(item.path, before, after) else None
    declaration = declared(language, lambda name: reader.read(f"{oid}:{name}"))
    if declaration is None:
        return None
    found = violations(item.path, after, declaration, item.hunks)
    if not found:
        return None
    first = found[0]
    values = (item.path, str(first.line + 1), first.construct.value, language, dotted(first.needs))
    return Objection(Ground.TOO_NEW, (*values, *declaration.values))


_CODE_WORD = re.compile(
    r"[A-Za-z_][A-Za-z0-9]{0,80}+_[A-Za-z0-9_]*+|[a-z]{1,80}+[A-Z]\w*+|[A-Z][a-z0-9]{1,80}+[A-Z]\w*+|`([^`\s]{2,60})`"
)


def code_words(text: str) -> set[str]:
    """Words of a message that name code: with underscores, in camel case, or between backticks."""
    found: set[str] = set()
    for match in _CODE_WORD.finditer(text[:20_000]):
        word = (match[1] or match[0]).strip("_().,:")
        found.update({word, word.rsplit(".", 1)[-1]} if word else ())
        if len(found) > 60:
            break
    return found


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _split(objection: Objection | None) -> tuple[str, str]:
    return (objection.kind.value, _clean(encode([objection]))) if objection is not None else ("", "")
