"""Diffs that follow one another, as one: what comes and goes again in between is not told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from iquest_lsp.codeflow.git.commits import FileDiff, Hunk
from iquest_lsp.common_ends import common_ends

_REST = 1 << 62


def as_one(diffs: Sequence[FileDiff], *, newest_first: bool) -> tuple[FileDiff, ...]:
    """Each file once, with all that several diffs do to it; what does not follow on another diff stays apart.

    `newest_first` says in which order they come where their object ids do not tell.
    """
    backwards = _is_backwards(diffs, newest_first)
    found: dict[int, FileDiff] = {}
    by_path: dict[str, list[int]] = {}
    for number, item in enumerate(reversed(diffs) if backwards else diffs):
        earlier = by_path.get(item.old_path if item.status == "R" else item.path, []) if item.status != "C" else []
        at, both = _follows(earlier, found, item)
        if both is None:
            at, both = number, item
        else:
            earlier.remove(at)
            del found[at]
        if both is item or not _changes_nothing(both):
            found[at] = both
            by_path.setdefault(item.path, []).append(at)
    return tuple(found[number] for number in sorted(found, reverse=backwards))


def _follows(earlier: Sequence[int], found: Mapping[int, FileDiff], item: FileDiff) -> tuple[int, FileDiff | None]:
    """The diff of the file that another one follows on, by its number, and both as one; None where there is none."""
    # Of several lines of development the one that leads here, by the file's content if that is told.
    for at in sorted(earlier, key=lambda at: (_is_same(found[at].new_oid, item.old_oid), at), reverse=True):
        if (both := _joined(found[at], item)) is not None:
            return at, both
    return -1, None


def _is_backwards(diffs: Sequence[FileDiff], newest_first: bool) -> bool:
    """Whether the later diffs come first: by what they say of the same files' contents, if they do."""
    ahead = back = 0
    last: dict[str, FileDiff] = {}
    for item in diffs:
        if (other := last.get(item.path)) is not None:
            ahead += _is_same(other.new_oid, item.old_oid)
            back += _is_same(item.new_oid, other.old_oid)
        last[item.path] = item
    return back > ahead if ahead != back else newest_first


def _is_same(one: str, other: str) -> bool:
    """Whether two object ids, which may be shortened, are of one content."""
    return bool(one and other) and (one.startswith(other) or other.startswith(one))


def _changes_nothing(both: FileDiff) -> bool:
    """Whether a file is in the end as it was."""
    stays = both.status == "M" and not both.hunks and not both.binary and both.old_mode == both.new_mode
    return stays or not both.status


def _joined(first: FileDiff, second: FileDiff) -> FileDiff | None:
    """What two diffs of one file do together; None where the second does not follow on the first."""
    status = _status(first, second)
    hunks = _one_after_the_other(first.hunks, second.hunks)
    if status is None or hunks is None:
        return None
    binary = first.binary or second.binary
    return FileDiff(
        path=first.old_path if status == "D" and first.status == "R" else second.path,
        status=status,
        old_path=(first.old_path or first.path) if status in ("R", "C") else "",
        old_oid=first.old_oid,
        new_oid=second.new_oid or (first.new_oid if status != "D" else ""),
        old_mode=first.old_mode or (second.old_mode if status != "A" else ""),
        new_mode=second.new_mode or (first.new_mode if status != "D" else ""),
        added=-1 if binary else sum(hunk.new_count for hunk in hunks),
        removed=-1 if binary else sum(hunk.old_count for hunk in hunks),
        hunks=() if binary else hunks,
    )


def _status(first: FileDiff, second: FileDiff) -> str | None:
    """The status of both, "" for a file that comes and goes; None where the second does not follow on the first."""
    if (first.status == "D") is not (second.status == "A"):
        return None
    if first.status == "D":
        is_other = first.old_mode and second.new_mode and first.old_mode[:3] != second.new_mode[:3]
        return "T" if is_other else "M"
    if second.status == "D":
        return "" if first.status in ("A", "C") else "D"
    if first.status in ("A", "C"):
        return first.status
    if "R" in (first.status, second.status):
        return "M" if second.path == (first.old_path or first.path) else "R"
    return second.status if first.status == "M" else first.status


@dataclass(frozen=True, slots=True)
class _Piece:
    """Lines of a text: `count` old ones from `start` on, or the new `lines`, which a hunk under `heading` brought."""

    start: int = 0
    count: int = 0
    lines: tuple[str, ...] = ()
    heading: str = ""

    @property
    def size(self) -> int:
        return self.count + len(self.lines)

    def part(self, begin: int, end: int) -> _Piece:
        if self.count:
            return _Piece(self.start + begin, end - begin)
        return _Piece(lines=self.lines[begin:end], heading=self.heading)


class _Text:
    """A text as hunks leave it, in pieces; of the old lines that are gone it knows what they said."""

    def __init__(self) -> None:
        self._pieces = [_Piece(0, _REST)]
        self._gone: dict[int, tuple[str, str]] = {}

    def change(self, hunks: Sequence[Hunk]) -> bool:
        """Makes the next changes; False where they are of another text."""
        taken, made, at = _Taken(self._pieces), list[_Piece](), 0
        for hunk in hunks:
            if hunk.old_start < at or (len(hunk.removed), len(hunk.added)) != (hunk.old_count, hunk.new_count):
                return False
            made += taken.next(hunk.old_start - at)
            said = iter(hunk.removed)
            for part in taken.next(hunk.old_count):
                for line in range(part.start, part.start + part.count):
                    self._gone[line] = (next(said), hunk.heading)
                if any(line != next(said) for line in part.lines):
                    return False
            made.append(_Piece(lines=hunk.added, heading=hunk.heading))
            at = hunk.old_start + hunk.old_count
        self._pieces = [*made, *taken.rest()]
        return True

    def hunks(self) -> Iterator[Hunk]:
        """All changes since the text was as it was."""
        old = new = 0
        added: list[str] = []
        headings: list[str] = []
        for piece in self._pieces:
            if piece.count and (piece.start > old or added):
                gone = [self._gone[line] for line in range(old, piece.start)]
                removed = [line for line, _ in gone]
                heading = next(filter(None, [*headings, *(heading for _, heading in gone)]), "")
                head, tail = common_ends(removed, added)
                removed, fresh = removed[head : len(removed) - tail], added[head : len(added) - tail]
                if removed or fresh:
                    start = (old + head, len(removed), new + head, len(fresh))
                    yield Hunk(*start, tuple(removed), tuple(fresh), heading)
                new += len(added)
                added, headings = [], []
            if piece.count:
                new, old = new + piece.count, piece.start + piece.count
            added += piece.lines
            headings += [piece.heading] if piece.lines else []


class _Taken:
    """Pieces of a text, taken from its beginning on."""

    def __init__(self, pieces: Sequence[_Piece]) -> None:
        self._left = list(reversed(pieces))

    def next(self, count: int) -> Iterator[_Piece]:
        """The next `count` lines."""
        while count:
            piece = self._left.pop()
            size = min(count, piece.size)
            if size < piece.size:
                self._left.append(piece.part(size, piece.size))
            count -= size
            if size:
                yield piece.part(0, size)

    def rest(self) -> list[_Piece]:
        """All that is left."""
        return self._left[::-1]


def _one_after_the_other(first: Sequence[Hunk], second: Sequence[Hunk]) -> tuple[Hunk, ...] | None:
    """The changes of both; None where the second are of another text than the first leave."""
    text = _Text()
    return tuple(text.hunks()) if text.change(first) and text.change(second) else None
