"""Where an answer comes from: the store, or git at once.

A store that exists is brought up to date and asked. Where there is none, a small history is indexed on the spot and
kept; of a large one only the commits on the files in question are read, into memory, for this one answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from iquest_lsp.codeflow.gaps import GapKind
from iquest_lsp.codeflow.git.parentage import parentage
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.flow_index import FlowIndex
from iquest_lsp.codeflow.past.question_reader import AskedReader
from iquest_lsp.codeflow.past.releases import are_assigned
from iquest_lsp.codeflow.past.store import Store, default_folder
from iquest_lsp.codeflow.past.unindexed import WALKED, LiveEvidence, PastEvidence
from iquest_lsp.errors import RepositoryError

# A history of at most this many commits is indexed on the spot, the newest SPOT_DEEP of them in depth.
SMALL = 3000
SPOT_DEEP = 25
# More new commits than this are left to the background; until then git is asked.
MANY_NEW = 300
#: Commits of the files in a log whose definitions are read before suspects are ranked.
DEEP_ENOUGH = 30
#: Commits on a path that are read where nothing is indexed.
PATH_COMMITS = 400


def built_index(repository: Repository, folder: Path | None) -> FlowIndex | None:
    """The up-to-date index, if there is a built one that little is missing from; else None."""
    try:
        index = FlowIndex.find(repository, folder)
    except RepositoryError:
        # A store that cannot be opened is no reason to refuse an answer that git can give.
        return None
    if index is None:
        return None
    keep = False
    try:
        head = index.head
        if not head:
            return None
        if head != repository.head() or not are_assigned(index.store, index.place, repository.tags()):
            if not repository.has(head) or repository.count(repository.head(), head, MANY_NEW) >= MANY_NEW:
                return None
            if not index.store.writing(lambda: index.update(deep=MANY_NEW)).complete:
                return None
        keep = True
        return index
    finally:
        if not keep:
            index.store.close()


@contextmanager
def index_of(repository: Repository, folder: Path | None, paths: Sequence[str]) -> Iterator[FlowIndex]:
    """An index that knows at least the commits on `paths`; see the module."""
    index = built_index(repository, folder) or _on_the_spot(repository, folder)
    if index is None:
        index = _for_one_question(repository, folder, paths)
        if repository.head():
            repository.gaps.add(GapKind.NOT_INDEXED, PATH_COMMITS)
    with index:
        yield index


@contextmanager
def evidence_until(folder: Path | None) -> Iterator[Callable[[Repository, str], PastEvidence]]:
    """Makes what answers about a repository's past up to a commit: the store where it can, else git."""
    opened: list[FlowIndex] = []

    def evidence(repository: Repository, base: str) -> PastEvidence:
        index = built_index(repository, folder)
        if index is not None:
            opened.append(index)
            if index.until(base):
                return index
        if base and repository.count(base, "", WALKED + 1) > WALKED:
            repository.gaps.add(GapKind.NOT_INDEXED, WALKED)
        return LiveEvidence(repository, base)

    try:
        yield evidence
    finally:
        for index in opened:
            index.store.close()


def _for_one_question(repository: Repository, folder: Path | None, paths: Sequence[str]) -> FlowIndex:
    """An index of what a question about some paths needs; kept for the same question where no folder is given."""
    place = default_folder(repository.common_dir) / "asked" if folder is None else None
    try:
        store = Store(place, parentage(repository))
    except RepositoryError:
        store = Store(None)
    reader = AskedReader(repository, store, "\0".join(paths))
    store.writing(lambda: reader.begin(paths, PATH_COMMITS))
    return FlowIndex(repository, store, reader)


def _on_the_spot(repository: Repository, folder: Path | None) -> FlowIndex | None:
    head = repository.head()
    if not head or repository.count(head, "", SMALL + 1) > SMALL:
        return None
    try:
        index = FlowIndex.open(repository, folder)
    except RepositoryError:
        return None
    if index.store.writing(lambda: index.update(deep=SPOT_DEEP)).complete:
        return index
    index.store.close()
    return None
