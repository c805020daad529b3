"""Where a definition was before the commit that added it: taken out and brought back, moved, or copied."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from iquest_lsp import grammars
from iquest_lsp.codeflow.answers.targets import named
from iquest_lsp.codeflow.git.path_bytes import decode_path
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.entries import Entry
from iquest_lsp.codeflow.past.flow_index import FlowIndex
from iquest_lsp.codeflow.past.releases import releases
from iquest_lsp.codeflow.syntax.changes import ChangeName
from iquest_lsp.codeflow.syntax.deprecation import is_deprecated
from iquest_lsp.codeflow.syntax.likeness import CALLABLES, code_lines, similarity
from iquest_lsp.codeflow.syntax.paths import is_test
from iquest_lsp.codeflow.syntax.symbols import Symbol, symbols_of

#: Commits that are looked at for the one that took a definition out.
MAX_REMOVALS, MAX_LOOKED = 20, 200
#: A larger tree is not searched for where a definition was, nor more files that have the name.
MAX_TREE, MAX_FILES = 20_000, 30
#: So many releases are looked at for one that had a definition before, and so many without it on the way.
MAX_RELEASES, MAX_WITHOUT = 100, 3
#: How alike a definition has to be to what it was; what has another owner, more.
ALIKE, ALIKE_ELSEWHERE = 0.5, 0.8
#: Shorter definitions are compared by their signs: one line is like another or not at all.
FEW_LINES = 3
#: Names that two definitions hardly bear by chance.
_COMPOUND = re.compile(r"[a-z0-9]_[a-z0-9]|[a-z][A-Z]")
_SCRIPTS = frozenset({"javascript", "typescript", "tsx"})


@dataclass(frozen=True, slots=True)
class Life:
    """A definition before it was added: the newest commit that has it in its old place, that place, and its mark."""

    kind: ChangeName
    revision: str
    path: str
    name: str
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    path: str
    symbol: Symbol
    lines: tuple[str, ...]
    deprecated: bool


def earlier_life(index: FlowIndex, birth: Entry, path: str, name: str) -> Life | None:
    """What a definition was before the commit `birth`, which adds it to the file; None where it is new."""
    repository = index.repository
    parents = repository.parents(birth.oid)
    now = _at(repository, birth.oid, path, name)
    if not parents or now is None or _at(repository, parents[0], path, name) is not None:
        return None
    return _taken_out(index, birth, now) or _elsewhere(index, birth, parents[0], now)


def is_in(repository: Repository, release: str, path: str, name: str) -> bool:
    """Whether a release has a definition of HEAD, in its file or in another."""
    now = _at(repository, repository.head(), path, name)
    tag = f"refs/tags/{release}"
    if now is None or _at(repository, tag, path, name) is not None:
        return True
    return any(_likeness(item, now) for item in _namesakes(repository, tag, now))


def first_with(index: FlowIndex, step: Entry, path: str, name: str, *, marked: bool) -> str | None:
    """The release that first had a definition, or its mark, as a commit brought it to a place.

    Other lines of releases may have got it before, by a commit of their own, and lie among those that have it not.
    """
    repository, release = index.repository, step.release
    ordered = [tag.name for tag in releases(index.tags())]
    upto = ordered.index(release) if release in ordered else len(ordered)
    known = _at(repository, step.oid, path, name)
    if known is None:
        return release
    without = 0
    for earlier in reversed(ordered[max(upto - MAX_RELEASES, 0) : upto]):
        found = _at(repository, f"refs/tags/{earlier}", path, name)
        if found is not None and found.deprecated >= marked and _alike(found, known) >= ALIKE:
            release, without = earlier, 0
        elif (without := without + 1) > MAX_WITHOUT:
            break
    return release


def removals(index: FlowIndex, entries: Sequence[Entry], paths: Sequence[str], name: str) -> Iterator[tuple[str, str]]:
    """Those of some commits that took a definition out of one of the files, with the file, in their order."""
    repository = index.repository
    oids = [item.oid for item in entries if not item.merge]
    if not oids or repository.is_partial:
        return
    # Where it is commented out, its name is there as often as before.
    word = re.escape(name.rsplit(".", 1)[-1])
    asked = ["log", "--no-walk=unsorted", "--format=%H", f"-G{word}", "--no-textconv", "--stdin"]
    told = repository.run(*asked, "--", *paths, stdin="\n".join(oids).encode()).decode().split()
    for oid in told[:MAX_REMOVALS]:
        for parent in repository.parents(oid)[:1]:
            for path in paths:
                if _has(repository, parent, path, name) and not _has(repository, oid, path, name):
                    yield oid, path


def _taken_out(index: FlowIndex, birth: Entry, now: _Found) -> Life | None:
    """The life that an earlier commit ended: what came back is like what went, or no release was without it."""
    paths = index.renamed_from(now.path)
    before = [item for item in index.on_paths(paths) if item.order < birth.order][:MAX_LOOKED]
    for oid, path in removals(index, before, paths, now.symbol.name):
        parent = index.repository.parents(oid)[0]
        then = _at(index.repository, parent, path, now.symbol.name)
        gone = next(item for item in before if item.oid == oid)
        alike = then is not None and _alike(then, now) >= ALIKE
        if then is not None and (alike or gone.release == birth.release):
            index.read_changes([oid], paths)
            return Life("returned", parent, path, then.symbol.name, then.deprecated)
        return None
    return None


def _elsewhere(index: FlowIndex, birth: Entry, parent: str, now: _Found) -> Life | None:
    """The same definition in another file, which lost it since the last tag, with the commit or by the next release."""
    repository = index.repository
    tag = repository.run("describe", "--tags", "--abbrev=0", parent, ok=(0, 128)).decode().strip()
    for revision in (parent, *([f"refs/tags/{tag}"] if tag else [])):
        namesakes = list(_namesakes(repository, revision, now))
        if (then := _same(namesakes, now)) is not None:
            break
    else:
        return None
    alike = _likeness(then, now) > 0
    kind: ChangeName = "moved" if alike else "rewritten"
    life = Life(kind, repository.resolve(revision), then.path, then.symbol.name, then.deprecated)
    if _at(repository, birth.oid, then.path, then.symbol.name) is None:
        return life
    later = f"refs/tags/{birth.release}" if birth.release else repository.head()
    if _at(repository, later, then.path, then.symbol.name) is not None:
        return None
    # Where its file only took another name, there are two of it.
    is_alone = not any(_likeness(item, then) for item in _namesakes(repository, later, now))
    return replace(life, kind="copied" if alike else "rewritten") if is_alone else None


def _same(namesakes: Sequence[_Found], now: _Found) -> _Found | None:
    """The most alike of some definitions, or else the only one of a public name that is no common word."""
    alike = max(namesakes, key=lambda item: _likeness(item, now), default=None)
    if alike is not None and _likeness(alike, now):
        return alike
    name = now.symbol.name
    whole = [item for item in namesakes if item.symbol.name == name and not is_test(item.path)]
    is_own = "." not in name and now.symbol.public and bool(_COMPOUND.search(name))
    return whole[0] if is_own and len(whole) == 1 and not is_test(now.path) else None


def _namesakes(repository: Repository, revision: str, now: _Found) -> Iterator[_Found]:
    """Definitions of the same unqualified name in other files of a commit."""
    language = grammars.language_of(now.path)
    if repository.is_partial or len(repository.files(revision)) > MAX_TREE:
        return  # git ends where contents are missing
    asked = ["grep", "-l", "-z", "-I", "-w", "-F", "--full-name", "--no-color", "--no-textconv", "-e", now.symbol.short]
    told = repository.run(*asked, revision, "--", ok=(0, 1))
    paths = [decode_path(path.split(b":", 1)[1]) for path in told.split(b"\0") if b":" in path]
    for path in [path for path in paths if path != now.path and _reads(path, language)][:MAX_FILES]:
        source = repository.file_at(revision, path)
        for symbol in symbols_of(path, source, variables=True):
            if symbol.short == now.symbol.short:
                yield _found(path, source, symbol)


def _likeness(one: _Found, other: _Found) -> float:
    """How alike two definitions of one unqualified name are; 0 where they are not the same one."""
    kinds = one.symbol.kind, other.symbol.kind
    if kinds[0] != kinds[1] and not CALLABLES.issuperset(kinds):
        return 0.0
    alike = _alike(one, other)
    owners = [item.symbol.name.rpartition(".")[0].rpartition(".")[2] for item in (one, other)]
    return alike if alike >= (ALIKE if owners[0] == owners[1] else ALIKE_ELSEWHERE) else 0.0


def _alike(one: _Found, other: _Found) -> float:
    if max(len(one.lines), len(other.lines)) > FEW_LINES:
        return similarity(one.lines, other.lines, "", "")
    return SequenceMatcher(None, "\n".join(one.lines), "\n".join(other.lines), autojunk=False).ratio()


def _reads(path: str, language: str) -> bool:
    other = grammars.language_of(path)
    return other == language or {other, language} <= _SCRIPTS


def _at(repository: Repository, revision: str, path: str, name: str) -> _Found | None:
    """A definition, by its whole name, in a file of a commit."""
    source = repository.file_at(revision, path)
    symbol = next((item for item in symbols_of(path, source, variables=True) if item.name == name), None)
    return _found(path, source, symbol) if symbol is not None else None


def _has(repository: Repository, revision: str, path: str, name: str) -> bool:
    """Whether a file of a commit has a definition of that name, which may be unqualified."""
    return named(symbols_of(path, repository.file_at(revision, path), variables=True), name) is not None


def _found(path: str, source: bytes, symbol: Symbol) -> _Found:
    rows = source.split(b"\n")
    return _Found(path, symbol, code_lines(rows, symbol), is_deprecated(rows, symbol))
