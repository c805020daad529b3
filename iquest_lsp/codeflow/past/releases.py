"""Releases from tags: which one a commit came out with."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.git.revisions import Tag
from iquest_lsp.codeflow.past.store import Store

_VERSION = re.compile(r"(?:^|[^\d.])(\d+(?:[._]\d+)+|\d+)(.*)$")
_PRE = re.compile(r"^[-_.]?(a|b|rc|c|alpha|beta|pre|dev|m|preview|snapshot|nightly)[-_.]?\d*", re.IGNORECASE)
_GREEN = re.compile(r"green|passed|stable|deploy|prod|good|known-good", re.IGNORECASE)

#: The key of the note that a view waits for its releases, with its place behind it.
_WAITS = "waits for releases "
#: Python reads no number of thousands of digits.
MAX_DIGITS = 18
#: What stands before a version and names no package.
_OWN = re.compile(r"|v|ver|version|r|rel|release|tag|stable")
#: How many times more tags a package must have than the next one to stand for the repository.
FAR_MORE = 3


def version_of(name: str) -> tuple[tuple[int, ...], bool] | None:
    """The numbers of a version tag, and whether it is a final release; None for other tags."""
    found = _VERSION.search(name)
    if found is None:
        return None
    # A single number is a version only when hardly anything else is in the name.
    if not re.search(r"[._]", found[1]) and not re.fullmatch(r"(v|release[-_/]?|r)?\d+", name.lower()):
        return None
    return tuple(int(part[:MAX_DIGITS]) for part in re.split(r"[._]", found[1])), not _PRE.match(found[2])


def package_of(name: str) -> str:
    """Whose version a version tag names: empty for the repository's own, such as v1.2 or release-1.2."""
    found = _VERSION.search(name)
    package = name[: found.start(1)].lower().rstrip("-_/@.") if found is not None else ""
    return "" if _OWN.fullmatch(package) else re.sub(r"[-_/@.]v$", "", package)


def _of_one_line(tags: Sequence[Tag]) -> Sequence[Tag]:
    """Version tags of the repository itself, where packages in it have tags of their own.

    Those that name no package, and those of a package that has far more than any other: it bears the repository's name.
    """
    packages: dict[str, list[Tag]] = {}
    for tag in tags:
        packages.setdefault(package_of(tag.name), []).append(tag)
    own = packages.pop("", [])
    sizes = sorted(packages.values(), key=len, reverse=True)
    if sizes and len(sizes[0]) >= FAR_MORE * max(len(own), len(sizes[1]) if len(sizes) > 1 else 0, 1):
        return [*own, *sizes[0]]
    return own or tags


def releases(tags: Sequence[Tag]) -> list[Tag]:
    """The tags that are releases, oldest first: final versions if there are any, else all versions, else all tags."""
    named = _of_one_line([tag for tag in tags if version_of(tag.name) is not None])
    versions = [(tag, found) for tag in named if (found := version_of(tag.name)) is not None]
    final = [(tag, found) for tag, found in versions if found[1]] or versions
    if not final:
        return [tag for tag in sorted(tags, key=lambda tag: tag.time) if not _GREEN.search(tag.name)]
    return [tag for tag, _ in sorted(final, key=lambda item: (item[0].time, item[1][0]))]


def last_good(tags: Sequence[Tag]) -> list[Tag]:
    """Tags that mark a state known to work, newest first: releases and tags such as `green`."""
    marked = {tag.name: tag for tag in releases(tags)}
    marked |= {tag.name: tag for tag in tags if _GREEN.search(tag.name)}
    return sorted(marked.values(), key=lambda tag: -tag.time)


def tags_moved(store: Store, tags: Sequence[Tag]) -> bool:
    """True when the tags are others than those the releases were assigned by."""
    return set(store.rows("SELECT name, oid FROM tags")) != {(tag.name, tag.commit) for tag in tags}


def wait_for_releases(store: Store, place: str) -> None:
    """Notes, in the transaction that changes a view, that `assign_releases` is still to come."""
    store.db.execute("INSERT OR REPLACE INTO meta VALUES(?, '')", (_WAITS + place,))


def are_assigned(store: Store, place: str, tags: Sequence[Tag]) -> bool:
    """Whether the commits of a view have the releases that these tags give them."""
    return not tags_moved(store, tags) and store.value("SELECT 1 FROM meta WHERE key=?", _WAITS + place) is None


def assign_releases(
    repository: Repository, store: Store, place: str, tags: Sequence[Tag], first: Mapping[str, str] | None = None
) -> None:
    """Writes for the commits that the view of `place` has the first release that has them, "" where none does.

    While no tag moved, only commits that are new to that view are looked at; when one did, all that are stored. `first`
    is `first_releases`, if known.
    """
    moved = tags_moved(store, tags)
    ordered = releases(tags)
    # Others may have been rewritten and pruned before anyone came to them, and git refuses to walk from those.
    waiting = [
        row[0]
        for row in store.rows(
            "SELECT oid FROM commits c JOIN live l ON l.commit_id=c.id JOIN views v ON v.id=l.view"
            " WHERE c.release IS NULL AND v.place=?",
            place,
        )
    ]
    if not moved and first is None:
        unreleased = repository.beyond(waiting, [tag.commit for tag in ordered]) if waiting else set()
        with store.transaction() as db:
            db.executemany("UPDATE commits SET release='' WHERE oid=?", [(oid,) for oid in unreleased])
        waiting = [oid for oid in waiting if oid not in unreleased]
    if not moved and not waiting:
        with store.transaction() as db:
            db.execute("DELETE FROM meta WHERE key=?", (_WAITS + place,))
        return
    first = first_releases(repository, ordered) if first is None else first
    ranks = {tag.name: rank for rank, tag in enumerate(ordered, 1)}
    with store.transaction() as db:
        if moved:
            waiting = [row[0] for row in db.execute("SELECT oid FROM commits")]
        db.executemany("UPDATE commits SET release=? WHERE oid=?", [(first.get(oid, ""), oid) for oid in waiting])
        db.execute("DELETE FROM meta WHERE key=?", (_WAITS + place,))
        db.execute("DELETE FROM tags")
        db.executemany(
            "INSERT INTO tags VALUES(?,?,?,?)",
            [(tag.name, tag.commit, tag.time, ranks.get(tag.name, 0)) for tag in tags],
        )


def first_releases(
    repository: Repository, ordered: Sequence[Tag], known: Mapping[str, Sequence[str]] | None = None
) -> dict[str, str]:
    """For every commit that one of the tags has, the first of them; `known` are the parents of them all, if walked."""
    parents = known
    if parents is None:
        parents = dict(repository.reachable([tag.commit for tag in ordered])) if ordered else {}
    first: dict[str, str] = {}
    for tag in ordered:
        stack = [tag.commit]
        while stack:
            oid = stack.pop()
            if oid in first or oid not in parents:
                continue
            first[oid] = tag.name
            stack.extend(parents[oid])
    return first
