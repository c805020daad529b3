"""The SQLite store of one repository's code flow, in the user's cache.

It is a cache: whatever is unreadable is set aside and built anew. Commits are kept for good once seen; which of them
a working tree's HEAD reaches is a view of its own, so rebases, branch switches and linked worktrees cost no new
reading. Writes happen in short immediate transactions, each complete in itself: a killed process loses at most its
last batch, and two processes only repeat each other's work. Where the disk takes no more, a question is answered from
a copy in memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from iquest_lsp.errors import DamagedStoreError, RepositoryError, StoreError

T = TypeVar("T")

SCHEMA = 11
#: The same for every schema: an older store is emptied where it lies.
FILE = "flow-1.sqlite"
#: How long another process is waited for, and how often it is asked where SQLite itself does not wait.
BUSY_SECONDS = 20.0
RETRY_SECONDS = 0.02
LEASE_SECONDS = 15.0
#: What SQLite says of a sound file that it has no room to write for, and of one that another process holds.
_NO_ROOM = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR_SHMSIZE,
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_TRUNCATE,
}
#: What it says of one that something else than SQLite has written in.
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_HELD = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}

_TABLES = """
CREATE TABLE commits(
    id INTEGER PRIMARY KEY, oid TEXT NOT NULL UNIQUE, author TEXT NOT NULL, email TEXT NOT NULL, time INTEGER NOT NULL,
    date TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL, kind TEXT NOT NULL, confidence REAL NOT NULL,
    told INTEGER NOT NULL, reasons TEXT NOT NULL, issues TEXT NOT NULL, reverts TEXT NOT NULL, merge INTEGER NOT NULL,
    files INTEGER NOT NULL, lines INTEGER NOT NULL, ground TEXT NOT NULL, objection TEXT NOT NULL, risk REAL NOT NULL,
    depth INTEGER NOT NULL, release TEXT
);
CREATE INDEX reverting ON commits(reverts) WHERE reverts <> '';
CREATE TABLE paths(id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);
CREATE TABLE changes(
    commit_id INTEGER NOT NULL, path_id INTEGER NOT NULL, old_path_id INTEGER, status TEXT NOT NULL,
    added INTEGER NOT NULL, removed INTEGER NOT NULL, PRIMARY KEY(commit_id, path_id)
) WITHOUT ROWID;
CREATE INDEX changes_by_path ON changes(path_id, commit_id);
CREATE TABLE symbols(
    path_id INTEGER NOT NULL, commit_id INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, change TEXT NOT NULL,
    signature TEXT NOT NULL, old_signature TEXT NOT NULL, effects TEXT NOT NULL, old_path TEXT NOT NULL,
    old_name TEXT NOT NULL, inner INTEGER NOT NULL, deprecates INTEGER NOT NULL
);
CREATE INDEX symbols_by_path ON symbols(path_id, commit_id);
CREATE INDEX symbols_by_commit ON symbols(commit_id);
CREATE TABLE words(word TEXT NOT NULL, commit_id INTEGER NOT NULL, PRIMARY KEY(word, commit_id)) WITHOUT ROWID;
CREATE TABLE patterns(
    commit_id INTEGER NOT NULL, kind TEXT NOT NULL, what TEXT NOT NULL, others TEXT NOT NULL,
    PRIMARY KEY(commit_id, kind, what)
) WITHOUT ROWID;
CREATE TABLE tags(name TEXT PRIMARY KEY, oid TEXT NOT NULL, time INTEGER NOT NULL, rank INTEGER NOT NULL);
CREATE TABLE views(id INTEGER PRIMARY KEY, place TEXT NOT NULL UNIQUE, head TEXT NOT NULL);
CREATE TABLE live(
    view INTEGER NOT NULL, commit_id INTEGER NOT NULL, ord INTEGER NOT NULL, PRIMARY KEY(view, commit_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX live_in_order ON live(view, ord);
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE read_files(commit_id INTEGER NOT NULL, path_id INTEGER NOT NULL, PRIMARY KEY(commit_id, path_id))
    WITHOUT ROWID;
CREATE TABLE trails(key TEXT PRIMARY KEY, found TEXT NOT NULL);
"""


def default_folder(common_dir: Path) -> Path:
    """Where the store of the repository with this git folder lies."""
    from platformdirs import user_cache_path

    name = hashlib.sha256(os.fsencode(common_dir)).hexdigest()[:20]
    return user_cache_path("iquest-lsp") / "codeflow" / name


class Store:
    """One open store. Close it, or use it as a context manager; use it from one thread."""

    def __init__(self, folder: Path | None, parentage: str = "") -> None:
        """Opens or makes the store in `folder`; None keeps it in memory. Raises RepositoryError.

        One that was made while commits had other parents (`git/parentage.py`) is emptied: what they changed and
        which of them HEAD reaches is something else now, though HEAD is the same.
        """
        self._parentage = parentage
        self.file = folder / FILE if folder is not None else None
        try:
            self.db = self._open()
        except sqlite3.DatabaseError as error:
            if self.file is None or _comes_from_outside(error):
                raise StoreError("The code flow store cannot be opened", why=str(error)) from error
            self._set_aside()
            try:
                self.db = self._open()
            except sqlite3.Error as again:
                raise RepositoryError(
                    "The code flow store cannot be made", why=str(again), fix=f"Check the folder {self.file.parent}"
                ) from again
        except OSError as error:
            raise RepositoryError(
                "The code flow store cannot be made", why=str(error), fix="Check that the cache folder can be written"
            ) from error

    @staticmethod
    def exists(folder: Path) -> bool:
        """True when a store has been made in the folder."""
        return (folder / FILE).exists()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self.db.close()

    def _open(self) -> sqlite3.Connection:
        if self.file is not None:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Messages of private repositories are in it.
            os.close(os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600))
        # The isolation level None leaves transactions to this class.
        db = sqlite3.connect(self.file or ":memory:", timeout=BUSY_SECONDS, isolation_level=None)
        try:
            _use_wal(db)
            db.execute("PRAGMA synchronous=NORMAL")
            db.execute("PRAGMA cache_size=-20000")
            db.execute("PRAGMA temp_store=MEMORY")
            _prepare(db, self._parentage)
            # A file that is cut short shows only when a page is read.
            db.execute("SELECT count(*) FROM (SELECT * FROM views UNION ALL SELECT 1, key, value FROM meta)").fetchone()
        except BaseException:
            db.close()
            raise
        return db

    def _set_aside(self) -> None:
        """Moves an unreadable store away, so that a new one can be made."""
        assert self.file is not None
        for suffix in ("", "-wal", "-shm"):
            path = Path(f"{self.file}{suffix}")
            # Where it cannot be moved, opening it again fails and says so.
            with contextlib.suppress(OSError):
                path.replace(f"{self.file}.broken{suffix}")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; other writers wait. Raises StoreError where that cannot be written."""
        try:
            self.db.execute("BEGIN IMMEDIATE")
            yield self.db
            self.db.execute("COMMIT")
        except BaseException as error:
            # Of a full disk or a damaged file SQLite itself takes back what was written.
            with contextlib.suppress(sqlite3.Error):
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error) and _comes_from_outside(error):
                raise StoreError("The code flow store cannot be written", why=str(error)) from error
            if isinstance(error, sqlite3.Error):
                self._give_up_if_damaged(error)
            raise

    def writing(self, work: Callable[[], T]) -> T:
        """What `work` returns, which writes for a question; on a copy in memory, where the file takes no more."""
        try:
            return work()
        except StoreError:
            if self.file is None:
                raise
            memory = sqlite3.connect(":memory:", isolation_level=None)
            self.db.backup(memory)
            self.db.close()
            self.db, self.file = memory, None
            return work()

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._reading():
            return self.db.execute(query, values).fetchall()

    def value(self, query: str, *values: object) -> Any:
        """The first column of the first row, or None."""
        with self._reading():
            row = self.db.execute(query, values).fetchone()
            return row[0] if row is not None else None

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            self._give_up_if_damaged(error)
            raise

    def _give_up_if_damaged(self, error: sqlite3.Error) -> None:
        """Sets a file aside of which a page makes no sense, and raises DamagedStoreError."""
        if not _is_of_damage(error):
            return
        self.db.close()
        if self.file is not None:
            self._set_aside()
        # What is still asked on the way out finds an empty one.
        self.file = None
        self.db = self._open()
        raise DamagedStoreError(
            "The code flow store was damaged", why=str(error), fix="Ask again: it is made anew"
        ) from error

    def known(self, oids: Iterable[str]) -> set[str]:
        """Those of the commits that are stored."""
        found: set[str] = set()
        for batch in batches(oids, 500):
            marks = ",".join("?" * len(batch))
            found.update(row[0] for row in self.rows(f"SELECT oid FROM commits WHERE oid IN ({marks})", *batch))
        return found

    def path_ids(self, paths: Sequence[str]) -> dict[str, int]:
        """Ids of the paths, made where they are new; inside a transaction."""
        self.db.executemany("INSERT OR IGNORE INTO paths(path) VALUES(?)", [(path,) for path in paths])
        found: dict[str, int] = {}
        for batch in batches(paths, 500):
            marks = ",".join("?" * len(batch))
            found.update(self.db.execute(f"SELECT path, id FROM paths WHERE path IN ({marks})", batch).fetchall())
        return found

    def lease(self, owner: str) -> bool:
        """Takes or renews the right to index; False while another process has it and is alive."""
        now = time.time()
        with self.transaction() as db:
            row = db.execute("SELECT value FROM meta WHERE key='lease'").fetchone()
            if row is not None:
                holder, _, since = row[0].rpartition(" ")
                # A clock that was wrong and set back since is no reason to wait until that time.
                if holder != owner and abs(now - float(since)) < LEASE_SECONDS:
                    return False
            db.execute("INSERT OR REPLACE INTO meta VALUES('lease', ?)", (f"{owner} {now}",))
        return True

    def release_lease(self, owner: str) -> None:
        """Gives the right to index back."""
        with self.transaction() as db:
            db.execute("DELETE FROM meta WHERE key='lease' AND value LIKE ?", (f"{owner} %",))


def _comes_from_outside(error: sqlite3.Error) -> bool:
    """Whether an error says nothing of what is in the file."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code in _NO_ROOM or code & 0xFF in _HELD


def _is_of_damage(error: sqlite3.Error) -> bool:
    """Whether something else than SQLite has written in the file."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED or "decode to UTF-8" in str(error)


def batches(items: Iterable[str], size: int) -> Iterator[list[str]]:
    """The items in lists of at most `size`."""
    batch: list[str] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _use_wal(db: sqlite3.Connection) -> None:
    """Turns the write-ahead log on, waiting for others that open the same new file.

    SQLite does not wait by itself here: where two connections both hold a read lock that they want to raise, it
    answers "locked" at once, whatever the timeout (sqlite3_busy_handler, "the possibility of deadlock").
    """
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= end:
                raise
            time.sleep(RETRY_SECONDS)
        else:
            return


def _is_of(db: sqlite3.Connection, parentage: str) -> bool:
    """Whether a store has today's tables, and what it holds was read with these parents."""
    if db.execute("PRAGMA user_version").fetchone()[0] != SCHEMA:
        return False
    row = db.execute("SELECT value FROM meta WHERE key='parentage'").fetchone()
    return (row[0] if row is not None else "") == parentage


def _prepare(db: sqlite3.Connection, parentage: str) -> None:
    """Makes the tables of an empty store; an older one is emptied first, since all in it can be read from git again."""
    if _is_of(db, parentage):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA:
            raise sqlite3.DatabaseError(f"the store has schema {version}, newer than {SCHEMA}")
        if version < SCHEMA or not _is_of(db, parentage):
            old = db.execute(
                "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'"
            ).fetchall()
            for (name,) in old:
                db.execute(f'DROP TABLE "{name}"')
            for statement in filter(str.strip, _TABLES.split(";")):
                db.execute(statement)
            db.execute("INSERT INTO meta VALUES('parentage', ?)", (parentage,))
            db.execute(f"PRAGMA user_version={SCHEMA}")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
