"""The questions other rooms ask, each set to where its answer comes from: the store, or git at once.

A store that exists is brought up to date and asked. Where there is none, a small history is indexed on the spot and
kept; of a large one only the commits on the files in question are read, into memory, for this one answer.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from iquest_lsp.codeflow.answers import explain, work_in_progress
from iquest_lsp.codeflow.answers.flow_records import flow_records_of
from iquest_lsp.codeflow.answers.impact import impact_of
from iquest_lsp.codeflow.answers.logs import read_log
from iquest_lsp.codeflow.answers.suspects import suspects_of_failure, suspects_of_target
from iquest_lsp.codeflow.answers.targets import find_target
from iquest_lsp.codeflow.answers.why import tell
from iquest_lsp.codeflow.diff.sources import DiffTarget
from iquest_lsp.codeflow.facts import Redact
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.cochange import usual
from iquest_lsp.codeflow.past.flow_index import FlowIndex
from iquest_lsp.codeflow.past.indexer import Indexer, Progress, Update
from iquest_lsp.codeflow.past.store import Store, default_folder
from iquest_lsp.codeflow.past.unindexed import Evidence, LiveEvidence
from iquest_lsp.codeflow.wording.explanation import DiffExplanation
from iquest_lsp.codeflow.wording.impact import Impact
from iquest_lsp.codeflow.wording.story import Story
from iquest_lsp.codeflow.wording.suspects import Suspects
from iquest_lsp.datatypes import FlowRecord
from iquest_lsp.errors import RepositoryError

# A history of at most this many commits is indexed on the spot, the newest SPOT_DEEP of them in depth.
SMALL = 3000
SPOT_DEEP = 25
# More new commits than this are left to the background; until then git is asked.
MANY_NEW = 300


def update_index(root: Path, progress: Progress | None, folder: Path | None) -> Update:
    """See the package."""
    with FlowIndex.open(Repository.open(root), folder) as index:
        return index.update(progress)


def forget_index(root: Path, folder: Path | None) -> None:
    """See the package."""
    shutil.rmtree(folder or default_folder(Repository.open(root).common_dir), ignore_errors=True)


def explain_diff(
    root: Path,
    target: DiffTarget,
    folder: Path | None,
    redact: Redact | None,
    so_far: Callable[[DiffExplanation], None] | None,
    *,
    include_filtered: bool = False,
) -> DiffExplanation:
    """See the package."""
    opened: list[FlowIndex] = []

    def evidence(repository: Repository, base: str) -> Evidence:
        index = _built(repository, folder)
        if index is not None:
            opened.append(index)
            if index.until(base):
                return index
        return LiveEvidence(repository, base)

    try:
        return explain.explain_diff(
            root, target, evidence=evidence, redact=redact, so_far=so_far, include_filtered=include_filtered
        )
    finally:
        for index in opened:
            index.store.close()


def why(root: Path, text: str, folder: Path | None, redact: Redact | None, *, include_filtered: bool = False) -> Story:
    """See the package."""
    repository = Repository.open(root)
    target = find_target(repository, text, gone_allowed=True)
    with _index(repository, folder, [target.path]) as index:
        return tell(index, target, include_filtered=include_filtered, redact=redact)


def impact(
    root: Path, text: str, folder: Path | None, redact: Redact | None, *, include_filtered: bool = False
) -> Impact:
    """See the package."""
    repository = Repository.open(root)
    target = find_target(repository, text)
    with _index(repository, folder, [target.path]) as index:
        return impact_of(repository, target, index, redact=redact, include_filtered=include_filtered)


def suspects(
    root: Path, text: str, folder: Path | None, redact: Redact | None, *, include_filtered: bool = False
) -> Suspects:
    """See the package."""
    repository = Repository.open(root)
    target = find_target(repository, text)
    with _index(repository, folder, [target.path]) as index:
        index.deepen(index.renamed_from(target.path), 60)
        return suspects_of_target(index, target, redact=redact, include_filtered=include_filtered)


def suspects_in_log(
    root: Path, text: str, folder: Path | None, redact: Redact | None, *, include_filtered: bool = False
) -> Suspects:
    """See the package."""
    repository = Repository.open(root)
    failure = read_log(text, repository.files())
    paths = list(dict.fromkeys(frame.path for frame in failure.frames))
    with _index(repository, folder, paths) as index:
        index.deepen(paths, 60)
        return suspects_of_failure(index, failure, redact=redact, include_filtered=include_filtered)


def flow_records(
    root: Path,
    paths: Sequence[str],
    limit: int,
    folder: Path | None,
    redact: Redact | None,
    *,
    include_filtered: bool = False,
) -> list[FlowRecord]:
    """See the package."""
    repository = Repository.open(root)
    index = _built(repository, folder)
    if index is None:
        return work_in_progress.live_records(root, paths, limit, redact=redact)
    with index:
        return flow_records_of(index, paths, limit, redact=redact, include_filtered=include_filtered)


def cochanged(root: Path, paths: Sequence[str], folder: Path | None) -> dict[str, list[tuple[str, float]]]:
    """See the package."""
    repository = Repository.open(root)
    prefix = repository.prefix
    full = [prefix + path for path in paths]
    index = _built(repository, folder)
    past: Evidence = index or LiveEvidence(repository, repository.head())
    try:
        found = past.partners(full)
    finally:
        if index is not None:
            index.store.close()
    answer: dict[str, list[tuple[str, float]]] = {}
    for path in full:
        own = usual((item for item in found if item.of == path and item.path.startswith(prefix)), [path])
        answer[path.removeprefix(prefix)] = [(item.path.removeprefix(prefix), round(item.bound, 3)) for item in own]
    return answer


def _built(repository: Repository, folder: Path | None) -> FlowIndex | None:
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
        if head != repository.head():
            if not repository.has(head) or repository.count(repository.head(), head, MANY_NEW) >= MANY_NEW:
                return None
            if not index.update(deep=MANY_NEW).complete:
                return None
        keep = True
        return index
    finally:
        if not keep:
            index.store.close()


@contextmanager
def _index(repository: Repository, folder: Path | None, paths: Sequence[str]) -> Iterator[FlowIndex]:
    """An index that knows at least the commits on `paths`; see the module."""
    index = _built(repository, folder) or _on_the_spot(repository, folder)
    if index is None:
        index = FlowIndex(repository, Store(None))
        Indexer(repository, index.store).read_paths(paths)
        index.refresh()
    with index:
        yield index


def _on_the_spot(repository: Repository, folder: Path | None) -> FlowIndex | None:
    head = repository.head()
    if not head or repository.count(head, "", SMALL + 1) > SMALL:
        return None
    try:
        index = FlowIndex.open(repository, folder)
    except RepositoryError:
        return None
    if index.update(deep=SPOT_DEEP).complete:
        return index
    index.store.close()
    return None
