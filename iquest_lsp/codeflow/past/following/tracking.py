"""Lines followed back through the history as `git blame` follows them, on through every change of theirs.

Each commit hands the lines that it did not change to its parents, the first parent that has them first; a merge changed
only what none of its parents has. Where a file came from another name (half of it alike, git's own rule), its lines are
followed there.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from iquest_lsp.codeflow.git.commits import FileDiff, Hunk
from iquest_lsp.codeflow.git.pair_diffs import PairDiffs, pair_diffs
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.following.anchors import NO_ANCHORS, Anchor, Anchors, Range
from iquest_lsp.codeflow.past.following.hunk_lines import before, earlier_lines, unchanged
from iquest_lsp.errors import RepositoryError

Labelled = tuple[str, Range]

MAX_RENAMES = 20
#: What may lie between the pieces of a whole: a share of them, and some lines.
MAX_GROWTH, MAX_BETWEEN = 1.25, 5


class Turn(NamedTuple):
    """A line that became another: a commit and a path, 0-based lines there and in the commit that changed it."""

    before: str
    path: str
    old: int
    new: int


@dataclass(frozen=True, slots=True)
class Touch:
    """A commit that changed the followed lines labelled `label`; `born` when it brought the first of them.

    `turn` tells of a single line where it stood before and where it stands in the commit; `cut` that it took lines out
    from between two of them.
    """

    label: str
    oid: str
    path: str
    born: bool = False
    turn: Turn | None = None
    cut: bool = False


@dataclass(slots=True)
class Walked:
    """What a walk found, newest commit first along each line of history; `complete` is False when time ran out."""

    touches: list[Touch] = field(default_factory=list)
    complete: bool = True


def follow(
    repository: Repository,
    revision: str,
    ranges: Iterable[tuple[str, str, Range]],
    *,
    seconds: float | None = None,
    whole: Container[str] = (),
    anchors: Mapping[str, Anchor] = NO_ANCHORS,
) -> Walked:
    """The commits that changed some lines of a revision; `ranges` are (label, path, 0-based lines) in it.

    The lines of a label in `whole` stay one piece: what stood between two of them belongs to them. Those of a label in
    `anchors` are, after each change of them, the lines of that definition; they end where it is not there.
    Raises RepositoryError, RevisionError.
    """
    walked = Walked()
    deadline = None if seconds is None else time.monotonic() + seconds
    starts: dict[str, dict[str, list[Labelled]]] = {revision: {}}
    for label, path, span in ranges:
        starts[revision].setdefault(path, []).append((label, span))
    renames = 0
    while starts and renames <= MAX_RENAMES and walked.complete:
        start = next(iter(starts))
        spans = starts.pop(start)
        if not spans:
            continue
        with pair_diffs(repository, tuple(spans)) as diffs:
            walk = _Walk(repository, diffs, walked, whole, Anchors(repository, anchors))
            walk.run(start, spans, deadline)
        for origin, found in walk.elsewhere.items():
            renames += 1
            for path, items in found.items():
                starts.setdefault(origin, {}).setdefault(path, []).extend(items)
    walked.complete &= not starts
    walked.touches = _with_births(walked)
    return walked


def _with_births(walked: Walked) -> list[Touch]:
    """The touches, each once. Lines that came later than others of their label grew it; the first of them were born."""
    oldest = {touch.label: touch.oid for touch in walked.touches}
    births = {(touch.label, touch.oid) for touch in walked.touches if touch.born and walked.complete}
    found = (
        replace(touch, born=touch.oid == oldest[touch.label] and (touch.label, touch.oid) in births)
        for touch in walked.touches
    )
    return list(dict.fromkeys(found))


def last_change(repository: Repository, revision: str, path: str, line: int) -> str:
    """The commit that brought a line as it reads in a revision, told by git itself. Raises RepositoryError.

    The commits in `blame.ignoreRevsFile` are passed over, as `git blame` does; many repositories lack the file that a
    user names there for all.
    """
    try:
        told = _blame(repository, revision, path, line)
    except RepositoryError:
        told = _blame(repository, revision, path, line, "--no-ignore-revs-file")
    return told.split(b" ", 1)[0].decode()


def origin(repository: Repository, revision: str, path: str, line: int) -> tuple[str, int, str]:
    """The commit that brought a line (0-based) as it reads in a revision, its line there, and the file's name there.

    Told by git itself, which passes over no commit. Raises RepositoryError.
    """
    told = _blame(repository, revision, path, line, "--no-ignore-revs-file")
    head, *rest = told.decode("utf-8", "replace").split("\n")
    oid, at, *_ = head.split(" ")
    names = (item.removeprefix("filename ") for item in rest if item.startswith("filename "))
    return oid, int(at) - 1, next(names, path)


def _blame(repository: Repository, revision: str, path: str, line: int, *options: str) -> bytes:
    span = f"-L{line + 1},{line + 1}"
    return repository.run("blame", "--no-textconv", "--porcelain", "--root", *options, span, revision, "--", path)


class _Walk:
    """One walk from one commit over some paths; lines that lead to other paths are left in `elsewhere`."""

    def __init__(
        self, repository: Repository, diffs: PairDiffs, walked: Walked, whole: Container[str], anchors: Anchors
    ) -> None:
        self._repository = repository
        self._anchors = anchors
        self._whole = whole
        self._diffs = diffs
        self._walked = walked
        self._parents: dict[str, list[str]] = {}
        self._pending: defaultdict[str, dict[str, list[Labelled]]] = defaultdict(dict)
        self._paths: frozenset[str] = frozenset()
        #: By commit and path: lines that continue in a file which this walk does not visit.
        self.elsewhere: dict[str, dict[str, list[Labelled]]] = {}

    def run(self, start: str, spans: dict[str, list[Labelled]], deadline: float | None) -> None:
        """Follows the spans (by path) of the commit `start`."""
        self._paths = frozenset(spans)
        first = True
        for oid, parents in self._repository.simplified(start, sorted(spans)):
            if first:
                # The newest commit on the paths has the files as `start` has them.
                self._pending[oid], first = spans, False
            self._parents[oid] = parents
            if oid in self._pending:
                self._visit(oid)
            if not self._pending:
                return
            if deadline is not None and time.monotonic() > deadline:
                self._walked.complete = False
                return

    def _visit(self, oid: str) -> None:
        waiting = [oid]
        while waiting:
            current = waiting.pop()
            if current not in self._pending:
                continue
            handed = list(self._hand_on(current, _in_one_piece(self._pending.pop(current), self._whole)))
            # Clocks that were wrong can show a parent before its child.
            waiting.extend(parent for parent in handed if parent in self._parents)

    def _hand_on(self, oid: str, spans: dict[str, list[Labelled]]) -> Iterator[str]:
        """Gives each parent its lines; yields the parents that got any."""
        left = spans
        parents = self._parents[oid]
        alone: tuple[str, dict[str, FileDiff]] | None = None
        for parent in parents:
            changed = {item.path: item for item in self._diffs.read(parent, oid)}
            if alone is None:
                alone = (parent, changed)
            anchored = False
            if len(parents) == 1:
                anchored, left = self._give_definitions(oid, parent, changed, left)
                self._note_removals(oid, changed, left)
            given, left = self._give(parent, changed, left)
            if given or anchored:
                yield parent
            if not left:
                return
        real = self._repository.parents(oid)
        if len(real) > 1 or any(alone is None or not _has_before(alone[1][path]) for path in left):
            left = self._to_other_names(oid, [item for item in real if item not in parents] or real, left)
        if left:
            yield from self._changed_here(oid, left, alone)

    def _note_removals(self, oid: str, changed: dict[str, FileDiff], spans: dict[str, list[Labelled]]) -> None:
        """A commit that took lines out from between two followed ones has changed them."""
        for path, items in spans.items():
            gaps = [hunk.new_start for hunk in changed[path].hunks if not hunk.new_count] if path in changed else []
            for label, (start, end) in items:
                if any(start < gap < end for gap in gaps):
                    self._walked.touches.append(Touch(label, oid, path, cut=True))

    def _give(
        self, parent: str, changed: dict[str, FileDiff], spans: dict[str, list[Labelled]]
    ) -> tuple[bool, dict[str, list[Labelled]]]:
        """Hands on the lines that the parent has; whether it got any, and the lines that it has not."""
        given, left = False, dict[str, list[Labelled]]()
        for path, items in spans.items():
            diff = changed.get(path)
            if diff is not None and not _has_before(diff):
                left[path] = items
                continue
            for label, span in items:
                kept, lost = unchanged(diff.hunks if diff is not None else (), span)
                for piece in kept:
                    self._put(parent, (diff.old_path if diff is not None else "") or path, (label, piece))
                    given = True
                if lost:
                    left.setdefault(path, []).extend((label, piece) for piece in lost)
        return given, left

    def _give_definitions(
        self, oid: str, parent: str, changed: dict[str, FileDiff], spans: dict[str, list[Labelled]]
    ) -> tuple[bool, dict[str, list[Labelled]]]:
        """Hands on the definitions that a commit changed, as they stand in its parent; the lines that are left."""
        given, left = False, dict[str, list[Labelled]]()
        for path, items in spans.items():
            diff = changed.get(path)
            for label in dict.fromkeys(label for label, _ in items):
                pieces = [span for other, span in items if other == label]
                if diff is not None and _has_before(diff) and self._changes(label, diff.hunks, pieces):
                    given |= self._to_definition(oid, parent, diff, label, pieces)
                else:
                    left.setdefault(path, []).extend((label, span) for span in pieces)
        return given, left

    def _changes(self, label: str, hunks: Sequence[Hunk], pieces: Sequence[Range]) -> bool:
        """Whether some lines belong to a definition, and hunks change them."""
        return label in self._anchors and any(
            unchanged(hunks, span)[1] or any(span[0] < hunk.new_start < span[1] for hunk in hunks) for span in pieces
        )

    def _to_definition(self, oid: str, parent: str, diff: FileDiff, label: str, pieces: Sequence[Range]) -> bool:
        """Notes a change of a definition, and goes on where it stands in the parent; False where it does not."""
        path = diff.old_path or diff.path
        near = before(diff.hunks, (min(pieces)[0], max(end for _, end in pieces)))
        span = self._anchors.span(label, parent, path, near)
        self._walked.touches.append(Touch(label, oid, diff.path, born=span is None))
        if span is not None:
            self._put(parent, path, (label, span))
        return span is not None

    def _put(self, parent: str, path: str, item: Labelled) -> None:
        if path in self._paths:
            self._pending[parent].setdefault(path, []).append(item)
        else:
            self._put_elsewhere(parent, path, item)

    def _put_elsewhere(self, parent: str, path: str, item: Labelled) -> None:
        self.elsewhere.setdefault(parent, {}).setdefault(path, []).append(item)

    def _to_other_names(
        self, oid: str, parents: Sequence[str], spans: dict[str, list[Labelled]]
    ) -> dict[str, list[Labelled]]:
        """Leads lines on to the names that their files had in the parents; what is left changed in `oid`."""
        left = spans
        for parent in parents:
            moved = {
                item.path: item.old_path
                for item in self._pair(parent, oid, (), patch=False)
                if item.status == "R" and item.path in left
            }
            if not moved:
                continue
            files = {item.path: item for item in self._pair(parent, oid, [*moved, *moved.values()])}
            remaining: dict[str, list[Labelled]] = {path: items for path, items in left.items() if path not in moved}
            for path, old_path in moved.items():
                hunks = files[path].hunks if path in files and files[path].status == "R" else ()
                for label in dict.fromkeys(label for label, _ in left[path]):
                    pieces = [span for other, span in left[path] if other == label]
                    if self._changes(label, hunks, pieces):
                        self._to_definition(oid, parent, files[path], label, pieces)
                        left[path] = [item for item in left[path] if item[0] != label]
                for label, span in left[path]:
                    kept, lost = unchanged(hunks, span)
                    for piece in kept:
                        self._put_elsewhere(parent, old_path, (label, piece))
                    for piece in lost:
                        earlier = earlier_lines(hunks, piece)
                        turn = _turn(parent, old_path, earlier, piece)
                        self._walked.touches.append(Touch(label, oid, path, earlier is None, turn))
                        if earlier is not None:
                            self._put_elsewhere(parent, old_path, (label, earlier))
            left = remaining
        return left

    def _pair(self, old: str, new: str, paths: Sequence[str], *, patch: bool = True) -> tuple[FileDiff, ...]:
        with pair_diffs(self._repository, tuple(paths), patch=patch) as diffs:
            return diffs.read(old, new)

    def _changed_here(
        self, oid: str, spans: dict[str, list[Labelled]], alone: tuple[str, dict[str, FileDiff]] | None
    ) -> Iterator[str]:
        """Notes the change, and goes on with the lines that stood there before, in the first parent."""
        given = False
        for path, items in spans.items():
            diff = alone[1].get(path) if alone is not None else None
            for label, span in items:
                earlier = earlier_lines(diff.hunks, span) if diff is not None and _has_before(diff) else None
                turn = _turn(alone[0], diff.old_path or path, earlier, span) if alone is not None and diff else None
                self._walked.touches.append(Touch(label, oid, path, earlier is None, turn))
                if earlier is not None and alone is not None and diff is not None:
                    self._put(alone[0], diff.old_path or path, (label, earlier))
                    given = True
        if given and alone is not None:
            yield alone[0]


def _in_one_piece(spans: dict[str, list[Labelled]], whole: Container[str]) -> dict[str, list[Labelled]]:
    """The spans, those of one label and file drawn together where the label is in `whole`."""
    found: dict[str, list[Labelled]] = {}
    for path, items in spans.items():
        found[path] = [item for item in items if item[0] not in whole]
        for label in dict.fromkeys(label for label, _ in items if label in whole):
            pieces = [span for other, span in items if other == label]
            start, end = min(start for start, _ in pieces), max(end for _, end in pieces)
            # Lines that were moved about would take in what was never between them.
            near = end - start <= MAX_GROWTH * sum(end - start for start, end in pieces) + MAX_BETWEEN
            found[path] += [(label, (start, end))] if near else [(label, piece) for piece in pieces]
    return found


def _turn(parent: str, path: str, earlier: Range | None, span: Range) -> Turn | None:
    single = earlier is not None and earlier[1] - earlier[0] == span[1] - span[0] == 1
    return Turn(parent, path, earlier[0], span[0]) if single and earlier is not None else None


def _has_before(diff: FileDiff) -> bool:
    """True when the file has lines in the parent that its own can come from."""
    return diff.status in ("M", "R") or (diff.status == "T" and bool(diff.hunks))
