"""The past of files and lines, read from git at once, for repositories that have no index yet."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from iquest_lsp.codeflow.diff.filters import Objection, credibility, is_bot
from iquest_lsp.codeflow.diff.intents.intent import intent_of
from iquest_lsp.codeflow.diff.intents.kinds import Intent
from iquest_lsp.codeflow.diff.intents.shape import shape_of
from iquest_lsp.codeflow.gaps import CONTENTS, GapKind
from iquest_lsp.codeflow.git.commits import Commit, FileDiff, commits
from iquest_lsp.codeflow.git.parentage import ends
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.cochange import MAX_FILES, Partner, partners
from iquest_lsp.codeflow.past.following.anchors import Range
from iquest_lsp.codeflow.past.following.tracking import Turn, Walked, follow
from iquest_lsp.codeflow.past.likely_files import SWEEP, Recent
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.errors import MissingContentsError

MAX_RENAMES = 8
#: Commits at most of a walk.
WALKED = 300
#: How long a walk may take.
SECONDS = 2.0
#: How far back the ranking of likely files looks.
LATELY = 500


@dataclass(frozen=True, slots=True)
class Past:
    """A commit that changed something followed under `label`; `born` when it brought it into being.

    `objection` is a filter's to it, if any; `turn` is what became of a single line; `cut` when it took out lines from
    within it.
    """

    label: str
    commit: str
    date: str
    subject: str
    kind: str
    path: str
    born: bool = False
    objection: Objection | None = None
    turn: Turn | None = None
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Habits:
    """How often commits that change source also change files of another category: (together, source commits)."""

    source: int
    with_category: Counter[Category]

    def share(self, kind: Category) -> float:
        """The share of commits on source code that touch this category too."""
        return self.with_category[kind] / self.source if self.source else 0.0


class PastEvidence(Protocol):
    """What an explanation needs to know of the past."""

    def touches(self, ranges: Sequence[tuple[str, str, Range]], paths: Sequence[str]) -> list[Past]:
        """Commits that changed the labelled lines (as they are in the base commit), or else the paths."""
        ...

    def partners(self, paths: Sequence[str], *, include_filtered: bool = False) -> list[Partner]:
        """Files that changed with these; commits made by programs are witnesses only with `include_filtered`."""
        ...

    def habits(self, *, include_filtered: bool = False) -> Habits:
        """What the repository's commits usually bring along."""
        ...

    def recent(self) -> Recent:
        """What the newest commits changed, at most LATELY of them."""
        ...


class LiveEvidence:
    """Evidence from walks over the newest commits before `base`; one that SECONDS ends is among the gaps."""

    def __init__(self, repository: Repository, base: str) -> None:
        self._repository = repository
        self._base = base

    def touches(self, ranges: Sequence[tuple[str, str, Range]], paths: Sequence[str]) -> list[Past]:
        """See PastEvidence."""
        if not self._base or not paths:
            return []
        try:
            walked = follow(self._repository, self._base, ranges, seconds=SECONDS) if ranges else Walked()
        except MissingContentsError:
            self._repository.gaps.add(GapKind.OLDER)
            walked = Walked(complete=False)
        if not walked.complete and not self._repository.gaps.has(*CONTENTS):
            self._repository.gaps.add(GapKind.TIME)
        found = [(touch.oid, touch.label, touch.path, touch.born) for touch in walked.touches]
        followed = {path for _, path, _ in ranges}
        deadline = time.monotonic() + SECONDS
        if others := [path for path in paths if path not in followed]:
            for commit in self._walk(others, deadline):
                found += [(commit.oid, "", item.path, item.status == "A") for item in commit.files]
                if len(found) > 200:
                    break
        wanted = dict.fromkeys(oid for oid, *_ in found)
        order = {item.oid: item for item in commits(self._repository, commits=wanted)} if wanted else {}
        seen = judged(order.values())
        pasts = [_past(label, order[oid], *seen[oid], path, born=born) for oid, label, path, born in found]
        return sorted(pasts, key=lambda item: -order[item.commit].committed)

    def _walk(self, paths: list[str], deadline: float) -> Iterator[Commit]:
        """The newest commits on the paths and, once they came from elsewhere, on their earlier places too."""
        seen: set[str] = set()
        for _ in range(MAX_RENAMES):
            walk = commits(self._repository, revisions=[self._base], paths=paths, patch=True, limit=80, merges=False)
            earlier: list[str] = []
            for commit in walk:
                if commit.oid in seen:
                    continue
                seen.add(commit.oid)
                known = self._with_renames(commit) if any(item.status == "A" for item in commit.files) else commit
                earlier = [item.old_path for item in known.files if item.status == "R" and item.old_path not in paths]
                yield known
                if earlier or self._is_late(deadline):
                    break
            if not earlier or self._is_late(deadline):
                return
            paths = [*paths, *earlier]

    def _is_late(self, deadline: float) -> bool:
        """Whether a walk has to end, which the answer tells: what it counts is then less than there is."""
        late = time.monotonic() > deadline
        if late:
            self._repository.gaps.add(GapKind.TIME)
        return late

    def _with_renames(self, commit: Commit) -> Commit:
        """The commit with what became of its new files: a walk over some paths shows moved ones as new."""
        whole = next(iter(commits(self._repository, commits=[commit.oid], patch=True)), commit)
        moved = {item.path: item for item in whole.files if item.status == "R"}
        return replace(commit, files=tuple(moved.get(item.path, item) for item in commit.files))

    def partners(self, paths: Sequence[str], *, include_filtered: bool = False) -> list[Partner]:
        """See PastEvidence."""
        if not self._base or not paths:
            return []
        deadline = time.monotonic() + SECONDS
        sets: list[list[str]] = []
        walk = commits(
            self._repository,
            revisions=[self._base],
            paths=paths[:50],
            full_diff=True,
            numbers=False,
            limit=WALKED,
            merges=False,
        )
        cut = ends(self._repository)
        for commit in walk:
            if commit.oid not in cut and (include_filtered or not is_bot(commit.author, commit.email)):
                sets.append([item.path for item in commit.files])
            if self._is_late(deadline):
                break
        return partners(sets, paths)

    def habits(self, *, include_filtered: bool = False) -> Habits:
        """See PastEvidence."""
        if not self._base:
            return Habits(0, Counter())
        walk = commits(self._repository, revisions=[self._base], numbers=False, limit=WALKED, merges=False)
        return habits_of(
            [item.path for item in commit.files]
            for commit in walk
            if include_filtered or not is_bot(commit.author, commit.email)
        )

    def recent(self) -> Recent:
        """See PastEvidence."""
        if not self._base:
            return Recent()
        deadline = time.monotonic() + SECONDS
        read: list[Commit] = []
        for commit in commits(self._repository, revisions=[self._base], limit=LATELY, merges=False):
            if len(commit.files) <= SWEEP:
                read.append(commit)
            if self._is_late(deadline):
                break
        paths = [[item.path for item in commit.files] for commit in read]
        return Recent(paths, sizes_of(item for commit in read for item in commit.files))


def sizes_of(files: Iterable[FileDiff]) -> Counter[str]:
    """Lines by path, as far as what was added and removed tells; binary files have none."""
    sizes: Counter[str] = Counter()
    for item in files:
        sizes[item.path] += max(item.added, 0) - max(item.removed, 0)
    return sizes


def habits_of(path_lists: Iterable[Sequence[str]]) -> Habits:
    """Habits counted over the path lists of commits."""
    source, together = 0, Counter[Category]()
    for paths in path_lists:
        kinds = {category(path) for path in paths}
        if Category.SOURCE in kinds and len(paths) <= MAX_FILES:
            source += 1
            together.update(kinds)
    return Habits(source, together)


def judged(some: Iterable[Commit]) -> dict[str, tuple[Intent, Objection | None]]:
    """Purpose and objection of each commit, by its id; the commits have to be whole.

    A walk limited to some paths does not show what else a commit did, and its message alone misleads.
    """
    found: dict[str, tuple[Intent, Objection | None]] = {}
    for commit in some:
        intent = intent_of(commit.subject, commit.body, shape_of(commit.files), merge=commit.merge)
        found[commit.oid] = (intent, credibility(commit.author, commit.email, intent, commit.files))
    return found


def _past(label: str, commit: Commit, intent: Intent, objection: Objection | None, path: str, *, born: bool) -> Past:
    return Past(label, commit.oid, commit.date, commit.subject, intent.kind, path, born, objection)
