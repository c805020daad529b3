"""The indexed history of one working tree: questions to the store, each answered in milliseconds."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

from iquest_lsp.codeflow.diff.filters import Ground
from iquest_lsp.codeflow.gaps import GapKind
from iquest_lsp.codeflow.git.parentage import ends, parentage
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.git.revisions import Tag
from iquest_lsp.codeflow.past.cochange import MAX_FILES, Partner, partners
from iquest_lsp.codeflow.past.entries import COLUMNS, Entry, SymbolEntry, entry_of, symbol_entry_of
from iquest_lsp.codeflow.past.following.anchors import NO_ANCHORS, Anchored, Ranges
from iquest_lsp.codeflow.past.following.tracking import Touch, Walked
from iquest_lsp.codeflow.past.indexer import DEEP_COMMITS, HistoryProgress, Indexer, Update
from iquest_lsp.codeflow.past.likely_files import SWEEP, Recent
from iquest_lsp.codeflow.past.patterns import Pattern
from iquest_lsp.codeflow.past.question_reader import LEAN, AskedReader, kept_trail
from iquest_lsp.codeflow.past.store import Store, default_folder
from iquest_lsp.codeflow.past.unindexed import LATELY, Habits, Past, habits_of

MAX_PATH_COMMITS = 500
MAX_DEEPEN, MAX_TOUCHES = 60, 200
#: How long the lines of a diff are followed, in seconds; what is found by then is told.
FOLLOW_SECONDS = 2.0


class FlowIndex:
    """The store seen from one working tree; implements Evidence. Use it as a context manager, from one thread."""

    def __init__(self, repository: Repository, store: Store, reader: AskedReader | None = None) -> None:
        """A store that `reader` fills for one question, or one that `update` fills."""
        self.repository, self.store = repository, store
        self._reader, self._indexer = reader, reader or Indexer(repository, store)
        self.place = self._indexer.place
        self._view = 0
        self._before, self._base = 1 << 60, ""
        self.refresh()

    @classmethod
    def open(cls, repository: Repository, folder: Path | None = None) -> FlowIndex:
        """The repository's index in `folder`, or in the user's cache; it may still be empty. Raises RepositoryError."""
        return cls(repository, Store(folder or default_folder(repository.common_dir), parentage(repository)))

    @classmethod
    def find(cls, repository: Repository, folder: Path | None = None) -> FlowIndex | None:
        """The same, where one exists."""
        place = folder or default_folder(repository.common_dir)
        return cls(repository, Store(place, parentage(repository))) if Store.exists(place) else None

    def __enter__(self) -> FlowIndex:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.store.close()

    @property
    def head(self) -> str:
        """The commit up to which the index goes; empty before it was first built."""
        return self.store.value("SELECT head FROM views WHERE id=?", self._view) or ""

    def update(self, progress: HistoryProgress | None = None, *, deep: int = DEEP_COMMITS) -> Update:
        """Reads what the store does not know yet."""
        done = self._indexer.update(progress, deep=deep)
        self.refresh()
        return done

    @property
    def newest(self) -> int:
        """The order of the newest commit of all."""
        if self._reader is not None:
            return self.repository.count(self.repository.head(), "", 1 << 30)
        return self.store.value("SELECT max(ord) FROM live WHERE view=? AND ord<=?", self._view, self._before) or 0

    def refresh(self) -> None:
        """Looks up this working tree's view again, after the store was written."""
        self._view = self.store.value("SELECT id FROM views WHERE place=?", self.place) or 0

    def until(self, oid: str) -> bool:
        """Limits all answers to commits up to `oid`; False when that commit is not in this view."""
        order = self.store.value(
            "SELECT l.ord FROM live l JOIN commits c ON c.id=l.commit_id WHERE l.view=? AND c.oid=?", self._view, oid
        )
        self._before = 1 << 60 if order is None else order
        self._base = oid
        return order is not None

    # ------------------------------------------------------------------------------------------- commits

    def entries(self, where: str = "", *values: object, limit: int = MAX_PATH_COMMITS) -> list[Entry]:
        """Live commits, newest first; `where` is SQL over commits `c`."""
        rows = self.store.rows(
            f"SELECT {COLUMNS} FROM live l JOIN commits c ON c.id=l.commit_id WHERE l.view=? AND l.ord<=?"
            f"{' AND ' + where if where else ''} ORDER BY l.ord DESC LIMIT ?",
            self._view,
            self._before,
            *values,
            limit,
        )
        return [entry_of(row) for row in rows]

    def entry(self, oid: str) -> Entry | None:
        """A live commit by its id."""
        return next(iter(self._among("SELECT id AS commit_id FROM commits WHERE oid=?", [oid], 1)), None)

    def _among(self, chosen: str, values: Sequence[object], limit: int) -> list[Entry]:
        """Live commits of a subquery for `commit_id`, newest first."""
        # Joined crosswise so that SQLite begins with the few chosen ones, not with the whole view in its order.
        rows = self.store.rows(
            f"SELECT {COLUMNS} FROM (SELECT DISTINCT commit_id FROM ({chosen})) x"
            " CROSS JOIN live l ON l.view=? AND l.commit_id=x.commit_id AND l.ord<=?"
            " CROSS JOIN commits c ON c.id=l.commit_id ORDER BY l.ord DESC LIMIT ?",
            *values,
            self._view,
            self._before,
            limit,
        )
        return [entry_of(row) for row in rows]

    def on_paths(self, paths: Sequence[str], limit: int = MAX_PATH_COMMITS) -> list[Entry]:
        """Live commits that touch any of the paths, newest first."""
        ids = self._path_ids(paths)
        if not ids:
            return []
        marks = ",".join("?" * len(ids))
        found = self._among(f"SELECT commit_id FROM changes WHERE path_id IN ({marks})", ids, limit)
        if len(found) >= limit:
            self.repository.gaps.add(GapKind.COMMITS, limit)
        return found

    def naming(self, words: Iterable[str], limit: int = 50) -> list[Entry]:
        """Live commits whose message names any of the words of code or issues."""
        listed = sorted(words)
        marks = ",".join("?" * len(listed))
        return self._among(f"SELECT commit_id FROM words WHERE word IN ({marks})", listed, limit)

    def reverted(self) -> set[str]:
        """Ids, perhaps shortened, of commits that live commits undo."""
        query = (
            "SELECT c.reverts FROM commits c JOIN live l ON l.commit_id=c.id AND l.view=? AND l.ord<=?"
            " WHERE c.reverts<>''"
        )
        return {row[0] for row in self.store.rows(query, self._view, self._before)}

    def paths_of(self, keys: Sequence[int]) -> dict[int, list[str]]:
        """The paths of stored commits, most changed first."""
        found: defaultdict[int, list[str]] = defaultdict(list)
        for at in range(0, len(keys), 500):
            batch = keys[at : at + 500]
            marks = ",".join("?" * len(batch))
            for key, path in self.store.rows(
                f"SELECT commit_id, path FROM changes JOIN paths ON paths.id=path_id WHERE commit_id IN ({marks})"
                " ORDER BY added + removed DESC, path",
                *batch,
            ):
                found[key].append(path)
        return found

    def lines_on(self, paths: Sequence[str]) -> dict[int, int]:
        """How many lines each stored commit added to the files or removed from them."""
        ids = self._path_ids(paths)
        query = "SELECT commit_id, sum(max(added, 0) + max(removed, 0)) FROM changes WHERE path_id IN ({})"
        return dict(self.store.rows(query.format(",".join("?" * len(ids))) + " GROUP BY commit_id", *ids))

    def touched_by(self, entry: Entry, names: Sequence[str]) -> list[str]:
        """Those of some paths that a commit touches."""
        return [path for path in self.paths_of([entry.key]).get(entry.key, []) if path in names]

    def sizes(self, paths: Iterable[str]) -> dict[str, int]:
        """Lines of some files in the newest state, as far as what live commits added and removed tells."""
        found: dict[str, int] = {}
        listed = sorted(paths)
        for at in range(0, len(listed), 500):
            batch = listed[at : at + 500]
            found.update(
                self.store.rows(
                    "SELECT p.path, sum(max(c.added, 0) - max(c.removed, 0)) FROM paths p"
                    " JOIN changes c ON c.path_id=p.id JOIN live l ON l.view=? AND l.commit_id=c.commit_id"
                    f" WHERE p.path IN ({','.join('?' * len(batch))}) GROUP BY p.id",
                    self._view,
                    *batch,
                )
            )
        return found

    def renamed_from(self, path: str) -> list[str]:
        """The path and its earlier names, newest first."""
        names = [path]
        for name in names:
            rows = self.store.rows(
                "SELECT DISTINCT old.path FROM paths new CROSS JOIN changes ON path_id=new.id AND status='R'"
                " CROSS JOIN live ON live.view=? AND live.commit_id=changes.commit_id"
                " CROSS JOIN paths old ON old.id=old_path_id WHERE new.path=?",
                self._view,
                name,
            )
            names += [row[0] for row in rows if row[0] not in names]
            if len(names) > 20:
                break
        return names

    # ------------------------------------------------------------------------------------------- definitions

    def symbols_on(self, paths: Sequence[str]) -> list[SymbolEntry]:
        """Changes of definitions in the files, newest first."""
        return self._symbols("path_id", self._path_ids(paths))

    def symbols_in(self, keys: Sequence[int]) -> list[SymbolEntry]:
        """Changes of definitions by the commits."""
        return self._symbols("commit_id", keys)

    def _symbols(self, column: str, ids: Sequence[int]) -> list[SymbolEntry]:
        marks = ",".join("?" * len(ids))
        rows = self.store.rows(
            f"SELECT {COLUMNS}, paths.path, s.name, s.kind, s.change, s.signature,"
            " s.old_signature, s.effects, s.old_path, s.old_name, s.inner, s.deprecates"
            f" FROM (SELECT * FROM symbols WHERE {column} IN ({marks})) s"
            " CROSS JOIN live l ON l.view=? AND l.commit_id=s.commit_id AND l.ord<=?"
            " CROSS JOIN commits c ON c.id=l.commit_id CROSS JOIN paths ON paths.id=s.path_id"
            " ORDER BY l.ord DESC LIMIT 5000",
            *ids,
            self._view,
            self._before,
        )
        return [symbol_entry_of(row) for row in rows]

    def patterns(self, limit: int = 100) -> list[tuple[Entry, Pattern]]:
        """Splits, merges, moves and renames in the live history, newest first."""
        rows = self.store.rows(
            f"SELECT {COLUMNS}, p.kind, p.what, p.others FROM patterns p JOIN commits c ON c.id=p.commit_id"
            " JOIN live l ON l.commit_id=c.id AND l.view=? ORDER BY l.ord DESC LIMIT ?",
            self._view,
            limit,
        )
        return [(entry_of(row), Pattern(kind, what, tuple(json.loads(others)))) for *row, kind, what, others in rows]

    def deepen(self, paths: Sequence[str], limit: int = MAX_DEEPEN) -> None:
        """Reads the definitions of older commits on these paths, where that has not been done."""
        ids = self._path_ids(paths)
        marks = ",".join("?" * len(ids))
        shallow = self.store.rows(
            f"SELECT c.oid FROM (SELECT DISTINCT commit_id FROM changes WHERE path_id IN ({marks})) x"
            " CROSS JOIN live l ON l.view=? AND l.commit_id=x.commit_id AND l.ord<=?"
            " CROSS JOIN commits c ON c.id=l.commit_id WHERE c.depth<=0 AND NOT c.merge ORDER BY l.ord DESC LIMIT ?",
            *ids,
            self._view,
            self._before,
            limit + 1,
        )
        if len(shallow) > limit >= MAX_DEEPEN:
            self.repository.gaps.add(GapKind.COMMITS, limit)
        if shallow:
            self.store.writing(lambda: self._indexer.deepen([row[0] for row in shallow[:limit]]))

    def read_changes(self, oids: Sequence[str], paths: Sequence[str]) -> None:
        """Reads what the first MAX_DEEPEN of some commits did to the definitions of some files."""
        self._present(oids)
        if len(oids) > MAX_DEEPEN:
            self.repository.gaps.add(GapKind.COMMITS, MAX_DEEPEN)
        self.store.writing(lambda: self._indexer.deepen_files(oids[:MAX_DEEPEN], paths))

    def read_whole(self, oid: str) -> None:
        """Reads what one commit did to all definitions."""
        self._present([oid])
        if self.store.value("SELECT depth FROM commits WHERE oid=? AND NOT merge", oid) in (0, LEAN):
            self.store.writing(lambda: self._indexer.deepen([oid]))

    def complete(self, some: Sequence[Entry]) -> list[Entry]:
        """The commits with all that is to be known of them."""
        oids = [item.oid for item in some]
        reader = self._reader
        if reader is None or not self.store.writing(lambda: reader.complete(oids)):
            return list(some)
        found = {item.oid: item for item in self._named(oids)}
        return [found.get(item.oid, item) for item in some]

    def _present(self, oids: Sequence[str]) -> None:
        """Has commits that only this question needs read."""
        reader = self._reader
        if reader is not None:
            self.store.writing(lambda: reader.add(oids))

    def tags(self) -> list[Tag]:
        """The tags as of the last update, oldest first."""
        return [Tag(*row) for row in self.store.rows("SELECT name, oid, time FROM tags ORDER BY time, name")]

    # ------------------------------------------------------------------------------------------- evidence

    def follow(
        self, ranges: Ranges, revision: str = "", *, seconds: float | None = None, anchors: Anchored = NO_ANCHORS
    ) -> tuple[list[tuple[Past, Entry]], bool]:
        """Commits that changed lines of a revision, else of the newest state, newest first; False if time ran out."""
        walked = self.trail(revision or self._base or self.repository.head(), ranges, seconds=seconds, anchors=anchors)
        entries = {item.oid: item for item in self._named(list(dict.fromkeys(item.oid for item in walked.touches)))}
        found = [(_past(touch, item), item) for touch in walked.touches if (item := entries.get(touch.oid)) is not None]
        return sorted(found, key=lambda item: -item[1].order), walked.complete

    def trail(
        self,
        revision: str,
        ranges: Ranges,
        *,
        seconds: float | None = None,
        whole: Sequence[str] = (),
        anchors: Anchored = NO_ANCHORS,
    ) -> Walked:
        """The commits that changed labelled lines of a commit, see `kept_trail`."""
        return kept_trail(self.repository, self.store, revision, ranges, seconds=seconds, whole=whole, anchors=anchors)

    def _named(self, oids: Sequence[str]) -> list[Entry]:
        self._present(oids)
        found: list[Entry] = []
        for at in range(0, len(oids), 500):
            some = oids[at : at + 500]
            marks = ",".join("?" * len(some))
            found += self._among(f"SELECT id AS commit_id FROM commits WHERE oid IN ({marks})", some, len(some))
        return found

    def touches(self, ranges: Ranges, paths: Sequence[str]) -> list[Past]:
        """See Evidence."""
        found, _ = self.follow(ranges, seconds=FOLLOW_SECONDS)
        followed = {path for _, path, _ in ranges}
        others = {name: path for path in paths if path not in followed for name in self.renamed_from(path)}
        if others:
            entries = self.on_paths(list(others), MAX_TOUCHES)
            touched = self.paths_of([item.key for item in entries])
            found += [
                (_past(Touch("", item.oid, path), item), item)
                for item in entries
                for path in touched.get(item.key, [])
                if path in others
            ]
        return [past for past, _ in sorted(found, key=lambda item: -item[1].order)]

    def partners(self, paths: Sequence[str], *, include_filtered: bool = False) -> list[Partner]:
        """See Evidence."""
        keys: dict[int, None] = {}
        alias: dict[str, str] = {}
        for path in paths[:50]:
            names = self.renamed_from(path)
            alias.update(dict.fromkeys(names[1:], path))
            keys |= dict.fromkeys(self._witnesses(names, include_filtered=include_filtered))
        sets = self.paths_of(list(keys)).values()
        return partners(([alias.get(path, path) for path in found] for found in sets), paths)

    def habits(self, *, include_filtered: bool = False) -> Habits:
        """See Evidence."""
        keys = [
            item.key
            for item in self.entries("c.files<=? AND NOT c.merge", MAX_FILES, limit=300)
            if include_filtered or item.objection is None or item.objection.kind is not Ground.BOT
        ]
        return habits_of(self.paths_of(keys).values())

    def recent(self) -> Recent:
        """See Evidence."""
        entries = self.entries("NOT c.merge AND c.files<=?", SWEEP, limit=LATELY)
        sets = self.paths_of([item.key for item in entries])
        paths = [sets.get(item.key, []) for item in entries]
        return Recent(paths, self.sizes({path for some in paths for path in some}))

    # ------------------------------------------------------------------------------------------- inside

    def _witnesses(self, paths: Sequence[str], *, include_filtered: bool) -> list[int]:
        """The newest commits on the paths whose file sets say something: made by people (or by all), not too wide."""
        ids = self._path_ids(paths)
        marks, cut = ",".join("?" * len(ids)), ends(self.repository)
        return [
            key
            for key, oid in self.store.rows(
                f"SELECT c.id, c.oid FROM (SELECT DISTINCT commit_id FROM changes WHERE path_id IN ({marks})) x"
                " CROSS JOIN live l ON l.view=? AND l.commit_id=x.commit_id AND l.ord<=?"
                " CROSS JOIN commits c ON c.id=l.commit_id WHERE c.files<=? AND NOT c.merge"
                " AND (? OR c.ground<>?) ORDER BY l.ord DESC LIMIT ?",
                *ids,
                self._view,
                self._before,
                MAX_FILES,
                include_filtered,
                Ground.BOT.value,
                MAX_PATH_COMMITS,
            )
            if oid not in cut
        ]

    def _path_ids(self, paths: Sequence[str]) -> list[int]:
        marks = ",".join("?" * len(paths))
        return [row[0] for row in self.store.rows(f"SELECT id FROM paths WHERE path IN ({marks})", *paths)]


def _past(touch: Touch, item: Entry) -> Past:
    told = item.oid, item.date, item.subject, item.kind, touch.path
    return Past(touch.label, *told, touch.born, item.objection, touch.turn, touch.cut)
