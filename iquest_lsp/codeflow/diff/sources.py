"""The diffs one can ask about, and the texts before and after them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from iquest_lsp.codeflow.diff.patches import Patch, apply, read_patch, reverse
from iquest_lsp.codeflow.diff.slides import slid
from iquest_lsp.codeflow.facts import Redact
from iquest_lsp.codeflow.gaps import GapKind, Gaps
from iquest_lsp.codeflow.git.blob_reader import BEGINNING, MAX_BLOB, BlobReader, is_binary
from iquest_lsp.codeflow.git.commits import Commit, FileDiff, Hunk, commits, read_diff
from iquest_lsp.codeflow.git.path_bytes import decode_path
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.syntax.outline.outlines import has_outline
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.dropped import are_of_pointers
from iquest_lsp.errors import NotARepositoryError, RepositoryError, UsageError
from iquest_lsp.harmless_git import LARGEST_TEXT

MAX_UNTRACKED = 200
MAX_TEXTS = 300
MAX_RANGE = 500
MAX_SUBMODULES = 50
_LINK, _SUBMODULE = "120000", b"160000 "

SourceKind = Literal["worktree", "staged", "revision", "range", "patch"]


@dataclass(frozen=True, slots=True)
class DiffTarget:
    """What to explain: the working tree, the index, a commit, a range, or a patch's bytes."""

    kind: SourceKind = "worktree"
    revision: str = ""
    patch: bytes = b""

    @classmethod
    def parse(cls, text: str = "", patch: bytes | None = None) -> DiffTarget:
        """The target that a command line names: nothing, REV, A..B, A...B, --staged, or `-`, whose text is `patch`."""
        if patch is not None:
            return cls("patch", patch=patch)
        if text in ("--staged", "--cached"):
            return cls("staged")
        if text.startswith("-"):
            raise UsageError(f"{text!r} names no change", fix="Give REV, A..B, --staged, or - with a patch on stdin")
        if ".." in text:
            return cls("range", text)
        return cls("revision", text) if text else cls()

    @property
    def label(self) -> str:
        """The target in words."""
        names = {"worktree": "the working tree", "staged": "the staged changes", "patch": "the patch"}
        return names.get(self.kind, self.revision)


@dataclass(frozen=True, slots=True)
class DiffSource:
    """A diff with its texts.

    `before` and `after` hold the texts of files that a grammar reads, by path (a renamed file's new path). `base` is
    the commit before it (empty: none), `revision` the one after it (empty: the working tree). `commits` are the ones
    in it, without files; a shallow clone lacks what the one that `is_cut_off` changed.
    """

    files: tuple[FileDiff, ...]
    before: dict[str, bytes]
    after: dict[str, bytes]
    base: str = ""
    revision: str = ""
    subject: str = ""
    body: str = ""
    commits: tuple[Commit, ...] = ()
    merge: bool = False
    repository: Repository | None = None
    is_cut_off: bool = False
    own_gaps: Gaps = field(default_factory=Gaps, compare=False)

    @property
    def gaps(self) -> Gaps:
        """What an answer about it lacks."""
        return self.own_gaps if self.repository is None else self.repository.gaps


#: Of a body no longer line is told as what a commit does.
MAX_TITLE = 120
_MERGED = re.compile(r"Merge (?:pull request|branch|branches|remote-tracking branch|tag|commit)\b|Merged? in\b")


def title_of(source: DiffSource) -> str:
    """What a commit says it does; of a merge whose subject names a branch only, what its body begins with, which is
    told too where the subject is the head of a list."""
    first = source.body.strip().partition("\n")[0].strip()
    if source.subject.endswith(":") and first and len(source.subject) + len(first) <= MAX_TITLE:
        return f"{source.subject} {first.lstrip('*- ')}"
    if not source.merge or not _MERGED.match(source.subject):
        return source.subject
    # Lists of commits, and trailers, are no title.
    is_title = bool(first) and not re.match(r"[*\-#]|[\w-]+(?:-[Bb]y)?:\s|[0-9a-f]{7,}\b|[Cc]onflicts", first)
    return first if is_title and len(first) <= MAX_TITLE else ""


def load(root: Path, target: DiffTarget, redact: Redact) -> DiffSource:
    """The diff a target means. Raises RevisionError, RepositoryError, UsageError."""
    if target.kind == "patch":
        patch = read_patch(target.patch)
        try:
            repository = Repository.open(root, redact)
        except NotARepositoryError:
            return DiffSource(tuple(map(_as_pointer, patch.files)), {}, {}, subject=patch.subject, body=patch.body)
        return _patch(repository, patch)
    repository = Repository.open(root, redact)
    if target.kind == "worktree":
        return _worktree(repository)
    if target.kind == "staged":
        base = repository.head()
        files = read_diff(repository.diff(base or repository.empty_tree(), None, staged=True))
        return _with_texts(repository, DiffSource(files, {}, {}, base, repository=repository))
    if target.kind == "range":
        return _range(repository, target.revision)
    oid = repository.resolve(target.revision)
    commit = next(commits(repository, commits=[oid], numbers=False))
    # A merge is what it brings to its first parent; a shallow clone's last commit looks like a first one.
    base = commit.parents[0] if commit.parents and repository.has(commit.parents[0]) else ""
    is_cut_off = not base and repository.is_cut_off(oid)
    if is_cut_off:
        repository.gaps.add(GapKind.CUT_OFF, oid[:10])
    files = () if is_cut_off else read_diff(repository.diff(base or repository.empty_tree(), oid))
    source = DiffSource(
        files,
        {},
        {},
        base,
        oid,
        commit.subject,
        commit.body,
        (replace(commit, files=()),),
        commit.merge,
        repository,
        is_cut_off=is_cut_off,
    )
    return _with_texts(repository, source)


def worktree_files(repository: Repository, base: str) -> tuple[FileDiff, ...]:
    """The working tree's changes against `base`, new files that are not ignored included."""
    # What git names for a file that is only announced (`git add -N`) is no object yet.
    files = tuple(
        replace(item, new_oid="") if item.status == "A" else item
        for item in read_diff(repository.diff(base or repository.empty_tree(), None))
    )
    # A repository inside this one is listed as a folder.
    new: list[str] = []
    inner: list[str] = []
    # What is to be tracked no more lies there still (`git rm --cached`): it is gone, and nothing new.
    gone = {item.path for item in files if item.status == "D"}
    for path in repository.untracked():
        if path in gone:
            continue
        (inner if path.endswith("/") else new).append(path)
    if inner:
        repository.gaps.add(GapKind.INNER, *inner)
    repository.gaps.cut(GapKind.UNTRACKED, MAX_UNTRACKED, len(new))
    return (*files, *(_new_file(repository, path) for path in new[:MAX_UNTRACKED]))


def _worktree(repository: Repository) -> DiffSource:
    base = repository.head()
    files = worktree_files(repository, base)
    if changed := [path for path in _submodules(repository) if _has_changes(repository, path)]:
        repository.gaps.add(GapKind.SUBMODULE, *changed)
    return _with_texts(repository, DiffSource(files, {}, {}, base, repository=repository))


def _submodules(repository: Repository) -> list[str]:
    """Paths of the submodules, so many as are looked into."""
    if not (repository.top / ".gitmodules").is_file():
        return []
    listed = repository.run("ls-files", "--stage", "-z").split(b"\0")
    return [decode_path(line.split(b"\t", 1)[1]) for line in listed if line.startswith(_SUBMODULE)][:MAX_SUBMODULES]


def _has_changes(repository: Repository, path: str) -> bool:
    """Whether something in a submodule that is checked out is not committed.

    Git's own look at it would run the programs that the submodule's configuration names.
    """
    folder = repository.top / path
    if folder.resolve() != folder:  # a link leads elsewhere
        return False
    try:
        inner = Repository.open(folder, repository.withhold)
        return inner.top == folder and bool(worktree_files(inner, inner.head()) or inner.gaps.has(GapKind.INNER))
    except RepositoryError:
        return False


def _new_file(repository: Repository, path: str) -> FileDiff:
    data = repository.work_tree_file(path)
    if data is None:
        _unread(repository, path)
    if data is None and not _looks_binary(repository.top / path):
        return FileDiff(path, "A")
    if data is None or is_binary(data):
        return FileDiff(path, "A", added=-1, removed=-1)
    lines = data.decode("utf-8", "replace").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    hunks = (Hunk(0, 0, 0, len(lines), (), tuple(lines)),) if lines else ()
    return FileDiff(path, "A", added=len(lines), hunks=hunks)


def _looks_binary(file: Path) -> bool:
    """Whether a file begins as git takes binary ones to begin."""
    try:
        if file.is_symlink() or not file.is_file():  # a pipe would be waited for
            return False
        with file.open("rb") as stream:
            return is_binary(stream.read(BEGINNING))
    except (OSError, ValueError):
        return False


def _range(repository: Repository, text: str) -> DiffSource:
    left, dots, right = text.partition("..." if "..." in text else "..")
    old, new = repository.resolve(left or "HEAD"), repository.resolve(right or "HEAD")
    if dots == "...":
        old = repository.merge_base(old, new)
    files = read_diff(repository.diff(old, new))
    inside = tuple(commits(repository, revisions=[new, f"^{old}"], limit=MAX_RANGE, merges=False))
    if len(inside) == MAX_RANGE:
        repository.gaps.cut(GapKind.RANGE, MAX_RANGE, repository.count(new, old, 1_000_000))
    only = inside[0] if len(inside) == 1 else None
    source = DiffSource(
        files, {}, {}, old, new, only.subject if only else "", only.body if only else "", inside, repository=repository
    )
    return _with_texts(repository, source)


def _with_texts(repository: Repository, source: DiffSource) -> DiffSource:
    # Both sides of a conflict at once are no code that anybody means.
    if large := _large_texts(repository, source.files):
        repository.gaps.add(GapKind.LARGE, *large)
    files = (replace(item, added=0, removed=0) if item.path in large else item for item in source.files)
    source = replace(source, files=tuple(map(_marked_as_conflicted, map(_as_pointer, files))))
    if conflicts := [item.path for item in source.files if item.status == "U"]:
        repository.gaps.add(GapKind.CONFLICT, *conflicts)
    with repository.blobs() as reader:
        readable = [item for item in _readable(source.files) if item.status != "U"]
        if len(readable) > MAX_TEXTS:
            repository.gaps.add(GapKind.TEXTS, *(item.path for item in readable[MAX_TEXTS:]))
        for item in readable[:MAX_TEXTS]:
            if item.old_oid and item.status != "A":
                _keep(repository, source.before, item, reader.read(item.old_oid, item.path), item.old_oid)
            if item.status == "D":
                continue
            text = reader.read(item.new_oid, item.path) if item.new_oid else None
            if text is None and not source.revision:
                text = repository.work_tree_file(item.path)
            # Without its text before, all of a file would be told as new.
            if item.status == "A" or not item.old_oid or item.path in source.before:
                _keep(repository, source.after, item, text, item.new_oid)
    return replace(
        source,
        files=tuple(slid(item, source.before.get(item.path), source.after.get(item.path)) for item in source.files),
    )


def _large_texts(repository: Repository, files: Iterable[FileDiff]) -> list[str]:
    """Those of the files that git takes for binary only since they are large."""
    binary = [item for item in files if item.binary and not item.submodule]
    sizes = repository.sizes([oid for item in binary for oid in (item.old_oid, item.new_oid) if oid])
    found = []
    for item in binary:
        oids = [oid for oid in (item.new_oid, item.old_oid) if sizes.get(oid, 0) > LARGEST_TEXT]
        # Of the working tree git names no object.
        on_disk = not item.new_oid and item.status != "D" and repository.size("", item.path) > LARGEST_TEXT
        if (oids and not is_binary(repository.beginning(oids[0]))) or (
            not oids and on_disk and not _looks_binary(repository.top / item.path)
        ):
            found.append(item.path)
    return found


def _patch(repository: Repository, patch: Patch) -> DiffSource:
    files = tuple(_as_pointer(replace(item, path=_inside(repository, item.path))) for item in patch.files)
    source = DiffSource(files, {}, {}, repository.head(), subject=patch.subject, body=patch.body, repository=repository)
    with repository.blobs() as reader:
        for item in _readable(files):
            if item.status == "A":
                source.after[item.path] = "\n".join(item.hunks[0].added if item.hunks else ()).encode()
                continue
            for text in _candidates(repository, reader, item):
                lines = text.decode("utf-8", "replace").split("\n")
                if (after := apply(lines, item.hunks)) is not None:
                    source.before[item.path], source.after[item.path] = text, "\n".join(after).encode()
                elif (earlier := apply(lines, reverse(item.hunks))) is not None:
                    # The patch has been applied already.
                    source.before[item.path], source.after[item.path] = "\n".join(earlier).encode(), text
                else:
                    continue
                break
    return source


def _inside(repository: Repository, path: str) -> str:
    """A path as the repository names it, where `diff -u` was given a whole one."""
    top = f"{repository.top.as_posix()}/"
    return path.removeprefix(top)


def _candidates(repository: Repository, reader: BlobReader, item: FileDiff) -> Iterable[bytes]:
    """Texts the patch may be against, the most likely first."""
    if item.old_oid and (text := reader.read(item.old_oid)) is not None:
        yield text
    if not repository.bare and (text := repository.work_tree_file(item.old_path or item.path)) is not None:
        yield text


def _readable(files: Iterable[FileDiff]) -> Iterable[FileDiff]:
    return (item for item in files if _is_read(item.path) and not (item.binary or item.pointer or item.submodule))


def _marked_as_conflicted(item: FileDiff) -> FileDiff:
    """A file that has both sides of a merge between its marks, as git tells one of which the index has several."""
    added = [line for hunk in item.hunks for line in hunk.added]
    both = all(any(line.startswith(mark) for line in added) for mark in ("<<<<<<< ", ">>>>>>> "))
    return replace(item, status="U") if both and item.status in ("A", "M") else item


def _as_pointer(item: FileDiff) -> FileDiff:
    """A file of Git LFS without the lines of its pointer, which nobody wrote."""
    if not are_of_pointers([line for hunk in item.hunks for line in (*hunk.removed, *hunk.added)]):
        return item
    return replace(item, added=0, removed=0, hunks=(), pointer=True)


def _keep(repository: Repository, texts: dict[str, bytes], item: FileDiff, text: bytes | None, oid: str) -> None:
    if text is not None and len(text) <= MAX_BLOB:
        texts[item.path] = text
    elif item.new_mode != _LINK:
        _unread(repository, item.path, oid)


def _unread(repository: Repository, path: str, oid: str = "") -> None:
    """Notes a file that is too large or cannot be read; one that a clone lacks is noted where it is asked for."""
    size = repository.size(oid, path)
    if size > MAX_BLOB:
        repository.gaps.add(GapKind.LARGE, path)
    elif size and not oid and not repository.is_link(path):
        repository.gaps.add(GapKind.UNREADABLE, path)


def _is_read(path: str) -> bool:
    """Whether a file's definitions, or other parts with names, can be told."""
    return has_outline(path) and category(path) is not Category.GENERATED
