"""Reads no more of a history than one question needs, for repositories that have no index yet.

Of the commits on the files in question first only the messages and the names of the files that changed along are read:
counting lines takes git ten times as long. What an answer rests on is read in full when it is known.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from iquest_lsp.codeflow.gaps import GapKind
from iquest_lsp.codeflow.git.commits import commits
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.git.revisions import Tag
from iquest_lsp.codeflow.past.following.anchors import Anchor, Range
from iquest_lsp.codeflow.past.following.tracking import Touch, Turn, Walked, follow
from iquest_lsp.codeflow.past.indexer import Indexer, judgement
from iquest_lsp.codeflow.past.releases import (
    are_assigned,
    assign_releases,
    first_releases,
    releases,
    wait_for_releases,
)
from iquest_lsp.codeflow.past.store import Store, batches
from iquest_lsp.errors import MissingContentsError, StoreError

#: How many trails of lines are kept.
MAX_TRAILS = 5000
#: The depth of commits whose lines are not counted.
LEAN = -1


class AskedReader(Indexer):
    """Fills a store for one question, `scope`, and no other one sees what was read for it."""

    def __init__(self, repository: Repository, store: Store, scope: str) -> None:
        super().__init__(repository, store)
        self._scope = scope
        self._walked: dict[str, tuple[str, ...]] | None = None
        self._orders: dict[str, int] = {}
        self._first: dict[str, str] | None = None

    @property
    def place(self) -> str:
        """What tells this question in this working tree from all others."""
        return f"{super().place}\0{self._scope}"

    def begin(self, paths: Sequence[str], limit: int) -> None:
        """Makes a view of just the newest `limit` commits on each of the paths, renames followed."""
        head, tags = self.repository.head(), self.repository.tags()
        seen = self.store.value("SELECT head FROM views WHERE place=?", self.place)
        if seen is not None and seen == head and are_assigned(self.store, self.place, tags):
            return
        chosen: dict[str, None] = {}
        for path in paths[:20] if head else ():
            walk = commits(self.repository, revisions=[head], paths=[path], limit=limit, follow=True, numbers=False)
            chosen |= dict.fromkeys(item.oid for item in walk)
        known = self.store.known(chosen)
        lean = list(commits(self.repository, commits=[oid for oid in chosen if oid not in known], numbers=False))
        with self.store.transaction() as db:
            self._write(lean, depth=LEAN)
            old = "SELECT id FROM views WHERE place=? OR (head<>? AND substr(place, 1, ?)=?)"
            place = super().place + "\0"
            db.execute(f"DELETE FROM live WHERE view IN ({old})", (self.place, head, len(place), place))
            db.execute("DELETE FROM views WHERE head<>? AND substr(place, 1, ?)=?", (head, len(place), place))
            statement = "INSERT INTO views(place, head) VALUES(?,?) ON CONFLICT(place) DO UPDATE SET head=excluded.head"
            db.execute(statement, (self.place, head))
            self._show(list(chosen))
            wait_for_releases(self.store, self.place)
        self._assign(tags)

    def add(self, oids: Sequence[str]) -> None:
        """Brings some more commits into the view, in full."""
        marks = ",".join("?" * len(oids))
        shown = self.store.rows(
            "SELECT oid FROM commits JOIN live ON commit_id=commits.id JOIN views v ON v.id=view"
            f" WHERE v.place=? AND oid IN ({marks})",
            self.place,
            *oids,
        )
        missing = [oid for oid in dict.fromkeys(oids) if (oid,) not in shown]
        if not missing:
            return
        known = self.store.known(missing)
        with self.store.transaction():
            self._write(list(commits(self.repository, commits=[oid for oid in missing if oid not in known])))
            self._show(missing)
            wait_for_releases(self.store, self.place)
        self._assign(self.repository.tags())

    def complete(self, oids: Sequence[str]) -> bool:
        """Counts the lines of those commits where that was not done; whether there were any."""
        lean: list[str] = []
        for batch in batches(oids, 500):
            marks = ",".join("?" * len(batch))
            found = self.store.rows(f"SELECT oid FROM commits WHERE depth=? AND oid IN ({marks})", LEAN, *batch)
            lean += [row[0] for row in found]
        read = [self._shown(item) for item in commits(self.repository, commits=lean)] if lean else []
        with self.store.transaction() as db:
            for item in read:
                key = db.execute("SELECT id FROM commits WHERE oid=?", (item.oid,)).fetchone()[0]
                db.execute(
                    "UPDATE commits SET depth=0, kind=?, confidence=?, told=?, reasons=?, issues=?, reverts=?, lines=?,"
                    " ground=?, objection=? WHERE id=?",
                    (*judgement(item), key),
                )
                ids = self.store.path_ids([diff.path for diff in item.files])
                db.executemany(
                    "UPDATE changes SET added=?, removed=? WHERE commit_id=? AND path_id=?",
                    [(diff.added, diff.removed, key, ids[diff.path]) for diff in item.files],
                )
        return bool(read)

    def _assign(self, tags: Sequence[Tag]) -> None:
        """Says of the commits read with which release they came, walking to the tags but once."""
        if self._first is None:
            self._first = first_releases(self.repository, releases(tags), self._parents(tags))
        assign_releases(self.repository, self.store, self.place, tags, self._first)

    def _parents(self, tags: Sequence[Tag]) -> dict[str, tuple[str, ...]]:
        """All commits of the history and of the tags with their parents, children first, walked to but once."""
        if self._walked is None:
            tips = dict.fromkeys([self.repository.head(), *(tag.commit for tag in tags)])
            self._walked = dict(self.repository.reachable([oid for oid in tips if oid]))
        return self._walked

    def _reached(self) -> Iterator[str]:
        """The commits of the history itself, newest first; tags may lie on other branches."""
        reached = {self.repository.head()}
        for oid, parents in self._parents(self.repository.tags()).items():
            if oid in reached:
                reached.update(parents)
                yield oid

    def _show(self, oids: Sequence[str]) -> None:
        """Puts stored commits into the view, in the order of the whole history."""
        if not self._orders:
            own = list(self._reached()) if oids else []
            self._orders = {oid: len(own) - at for at, oid in enumerate(own)}
        self.store.db.executemany(
            "INSERT OR IGNORE INTO live SELECT v.id, c.id, ? FROM commits c, views v WHERE c.oid=? AND v.place=?",
            [(self._orders[oid], oid, self.place) for oid in oids if oid in self._orders],
        )


def _touch(label: str, oid: str, path: str, born: bool, turn: Sequence[Any] | None, cut: bool) -> Touch:
    return Touch(label, oid, path, born, Turn(*turn) if turn is not None else None, cut)


def kept_trail(
    repository: Repository,
    store: Store,
    revision: str,
    ranges: Sequence[tuple[str, str, Range]],
    *,
    seconds: float | None,
    whole: Sequence[str],
    anchors: Mapping[str, Anchor],
) -> Walked:
    """The commits that changed labelled lines of a commit, see `tracking.follow`; what was found once is kept."""
    held = [(label, item.name, item.head_only, item.inside) for label, item in anchors.items()]
    key = json.dumps(["alike", revision, ranges, whole, held])
    if (kept := store.value("SELECT found FROM trails WHERE key=?", key)) is not None:
        with contextlib.suppress(ValueError):  # of a page that was lost SQLite knows only where it has an order
            return Walked([_touch(*item) for item in json.loads(kept)])
    try:
        walked = follow(repository, revision, ranges, seconds=seconds, whole=whole, anchors=anchors)
    except MissingContentsError:
        repository.gaps.add(GapKind.OLDER)
        return Walked(complete=False)
    if not walked.complete:
        repository.gaps.add(GapKind.TIME)
    elif not repository.shallow:
        told = [(item.label, item.oid, item.path, item.born, item.turn, item.cut) for item in walked.touches]
        found = json.dumps(told)
        with contextlib.suppress(StoreError), store.transaction() as db:
            db.execute("INSERT OR REPLACE INTO trails VALUES(?,?)", (key, found))
            db.execute("DELETE FROM trails WHERE rowid<=(SELECT max(rowid) FROM trails)-?", (MAX_TRAILS,))
    return walked
