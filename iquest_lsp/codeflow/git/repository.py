"""One git repository, read through GitPython; and asked by git's own commands.

A workspace is not trusted: no program that its configuration names is run (harmless_git), and nothing is written, the
index included. Walks over the
history are streamed from one git process each.

Paths that are no valid UTF-8 appear with their odd bytes escaped (`\\xff`); such files are listed but not read.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

from iquest_lsp.codeflow.facts import Redact
from iquest_lsp.codeflow.gaps import CONTENTS, Gap, GapKind, Gaps
from iquest_lsp.codeflow.git.blob_reader import BEGINNING, MAX_BLOB, BlobReader
from iquest_lsp.codeflow.git.no_repository import not_a_repository
from iquest_lsp.codeflow.git.parentage import ends
from iquest_lsp.codeflow.git.path_bytes import decode_path, encode_path
from iquest_lsp.codeflow.git.processes import GitProcesses, gitpython
from iquest_lsp.codeflow.git.revisions import Tag, commit_of, lost_commit, tags_of
from iquest_lsp.codeflow.git.told_lines import told_lines
from iquest_lsp.errors import BareRepositoryError, RepositoryError, RevisionError

if TYPE_CHECKING:
    import git

_DIFF = (
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--indent-heuristic",
    "--diff-algorithm=histogram",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--full-index",
    "--find-renames=50%",
    "--ignore-submodules=dirty",
)

# A record starts with NUL C NUL and ends with NUL E; neither a message nor a text diff holds NUL at a line's start.
_FORMAT = "--format=tformat:%x00C%x00%H%x00%P%x00%an%x00%ae%x00%at%x00%aI%x00%ct%x00%B%x00E"


class Walk(TypedDict, total=False):
    """Which commits are read, and how much of each.

    From `revisions`, or just `commits` in their given order; `merges` among them unless they are left out, at most
    `limit` (0: all). `paths` are repository paths that limit the walk; `full_diff` reports whole commits all the same,
    and `follow` goes on past renames of one path. `numbers` are counts of lines, `patch` the changed lines.
    """

    revisions: Sequence[str]
    commits: Iterable[str]
    paths: Sequence[str]
    limit: int
    patch: bool
    numbers: bool
    full_diff: bool
    merges: bool
    follow: bool


class Repository(GitProcesses):
    """Read access to the repository that holds a folder. Open with `Repository.open`."""

    def __init__(self, root: Path, repo: git.Repo, withhold: Redact) -> None:
        super().__init__(repo)
        self.root = root
        self.gaps = Gaps()
        #: Of which texts nothing is kept on disk.
        self.withhold = withhold
        #: Files of the working tree are also those that git does not know yet, but for ignored ones.
        self.with_new = False

    @classmethod
    def open(cls, root: Path, withhold: Redact) -> Repository:
        """The repository that `root` lies in; texts of which `withhold` says True are kept in no store.

        Raises NotARepositoryError when there is none, RepositoryError when it cannot be read or git is missing.
        """
        git = gitpython()
        try:
            resolved = root.resolve()
            if not resolved.is_dir():
                resolved = resolved.parent
            with contextlib.closing(git.Repo(resolved, search_parent_directories=True, expand_vars=False)) as repo:
                repository = cls(resolved, repo, withhold)
        except (git.InvalidGitRepositoryError, git.NoSuchPathError) as error:
            raise not_a_repository(root, resolved) from error
        except (OSError, ValueError, git.GitError) as error:
            raise RepositoryError(
                f"The repository of {root} cannot be read",
                why=str(error) or type(error).__name__,
                fix="Check it with `git fsck`",
            ) from error
        return repository

    #: Options that make a diff's form independent of configuration and free of programs.
    diff_form = _DIFF

    @property
    def prefix(self) -> str:
        """The workspace root's path inside the repository, with a final slash; empty when they are the same."""
        with contextlib.suppress(ValueError):
            relative = self.root.relative_to(self.top).as_posix()
            return "" if self.bare or relative == "." else relative + "/"
        return ""

    @property
    def shallow(self) -> bool:
        """True when the history is cut off."""
        return (self.common_dir / "shallow").exists()

    @property
    def is_partial(self) -> bool:
        """True for a clone that was made without some of the contents (`git clone --filter`)."""
        with contextlib.suppress(OSError):
            text = (self.common_dir / "config").read_bytes().lower()
            return b"promisor" in text or b"partialclone" in text
        return False

    def lacks(self) -> tuple[Gap, ...]:
        """What is missing from the answer for which this was opened."""
        if self.shallow and not self.gaps.has(GapKind.CUT_OFF):
            self.gaps.add(GapKind.SHALLOW)
        if self.is_partial and not self.gaps.has(*CONTENTS) and self._lacks_contents():
            self.gaps.add(GapKind.OLDER)
        return self.gaps.told()

    def _is_sparse(self) -> bool:
        """Whether files of the index are not on disk since nobody asked for them (`git sparse-checkout`)."""
        if not (self.git_dir / "info" / "sparse-checkout").exists():
            return False
        return self.run("config", "--type=bool", "core.sparseCheckout", ok=(0, 1)).strip() == b"true"

    def _lacks_contents(self) -> bool:
        """Whether the newest commits name objects that a clone does not have; asks for none of them."""
        asked = ["rev-list", "--objects", "--no-object-names", "--missing=print", "--max-count=100", "HEAD"]
        return b"?" in self.run(*asked, ok=(0, 128))

    @property
    def is_merging(self) -> bool:
        """Whether lines of other commits are in the working tree: of a merge, a rebase, a cherry-pick under way."""
        return any((self.git_dir / name).exists() for name in ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REBASE_HEAD"))

    def is_cut_off(self, oid: str) -> bool:
        """True for a commit whose parents this shallow clone lacks."""
        return oid in ends(self)

    # ------------------------------------------------------------------------------------------- revisions

    def head(self) -> str:
        """The commit HEAD points at; empty when there is none yet. Raises RepositoryError where it is lost."""
        found = self.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}", ok=(0, 1)).decode().strip()
        if not found and (lost := self.run("rev-parse", "--verify", "--quiet", "HEAD", ok=(0, 1, 128)).strip()):
            raise lost_commit("HEAD", lost.decode())
        return found

    def newest(self) -> str:
        """The commit HEAD points at. Raises RevisionError where there is none yet."""
        if not (oid := self.head()):
            raise RevisionError("There is no history", why="nothing is committed yet", fix="Make a commit first")
        return oid

    def branch(self) -> str:
        """The branch's short name; empty for a detached HEAD."""
        return self.run("symbolic-ref", "--quiet", "--short", "HEAD", ok=(0, 1)).decode(errors="replace").strip()

    def resolve(self, revision: str) -> str:
        """The commit id of `revision`. Raises RevisionError."""
        return commit_of(self, revision, is_shallow=self.shallow)

    def merge_base(self, one: str, other: str) -> str:
        """The best common ancestor of two commits. Raises RevisionError when there is none."""
        oid = self.run("merge-base", one, other, ok=(0, 1)).decode().strip()
        if not oid:
            raise RevisionError("The two revisions have no common ancestor", fix="Compare them with `A..B`")
        return oid

    def parents(self, oid: str) -> tuple[str, ...]:
        """The parents of a commit, first parent first."""
        return tuple(self.run("rev-list", "--no-walk", "--parents", oid).decode().split()[1:])

    def empty_tree(self) -> str:
        """The id of the tree without files, in this repository's hash."""
        return self.run("hash-object", "-t", "tree", "--stdin").decode().strip()

    def tags(self) -> list[Tag]:
        """All tags that point at commits, oldest first."""
        return tags_of(self, self.gaps)

    def reachable(self, revisions: Sequence[str], but_not: Sequence[str] = ()) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Commits reachable from `revisions`, parents after children, each with its parents."""
        wanted = "".join([f"{oid}\n" for oid in revisions] + [f"^{oid}\n" for oid in but_not])
        for line in self.lines("rev-list", "--topo-order", "--parents", "--stdin", stdin=wanted.encode()):
            oid, *parents = line.decode().split()
            yield oid, tuple(parents)

    def beyond(self, oids: Sequence[str], known: Sequence[str]) -> set[str]:
        """Those of some commits that none of the commits `known` reaches."""
        wanted = "".join([f"{oid}\n" for oid in oids] + [f"^{oid}\n" for oid in known])
        return {line.decode().strip() for line in self.lines("rev-list", "--stdin", stdin=wanted.encode())} & {*oids}

    def difference(self, old: str, new: str) -> tuple[list[str], list[str]]:
        """Commits that only `new` reaches, and those that only `old` reaches, parents after children.

        Raises RevisionError when one of them is gone.
        """
        sides: dict[bytes, list[str]] = {b">": [], b"<": []}
        for line in self.lines("rev-list", "--topo-order", "--left-right", f"{old}...{new}", "--"):
            sides[line[:1]].append(line[1:].decode().strip())
        return sides[b">"], sides[b"<"]

    def count(self, revision: str, but_not: str, most: int) -> int:
        """Commits reachable from `revision` and not from `but_not` (each empty for none), counted up to `most`."""
        if not revision:
            return 0
        bounds = [f"^{but_not}"] if but_not else []
        return int(self.run("rev-list", "--count", f"--max-count={most}", revision, *bounds))

    def has(self, oid: str) -> bool:
        """True when the commit is in the object store."""
        return bool(self.run("rev-parse", "--verify", "--quiet", f"{oid}^{{commit}}", ok=(0, 1, 128)))

    # ------------------------------------------------------------------------------------------- history

    def log(self, **walk: Unpack[Walk]) -> Iterator[bytes]:
        """Lines of a walk, for `commits.read_commits`: header records, raw lines, line counts and patches if asked."""
        args = ["log", _FORMAT, "--raw", "--no-abbrev", *_DIFF]
        args += ["--numstat"] if walk.get("numbers", True) else []
        args += ["--patch", "--unified=0"] if walk.get("patch") else []
        args += [f"--max-count={limit}"] if (limit := walk.get("limit", 0)) else []
        args += ["--full-diff"] if walk.get("full_diff") else []
        args += ["--follow"] if walk.get("follow") else []
        args += [] if walk.get("merges", True) else ["--no-merges"]
        stdin = None
        if (commits := walk.get("commits")) is not None:
            stdin = "".join(f"{oid}\n" for oid in commits).encode()
            if not stdin:
                return iter(())
            args += ["--no-walk=unsorted", "--stdin"]
        paths = walk.get("paths", ())
        # Patches name what they like, and git refuses a path that leads out of the repository.
        inside = [path for path in paths if not path.startswith(("/", "../"))]
        return (
            self._told(args, [*walk.get("revisions", ()), "--", *inside], stdin=stdin)
            if inside or not paths
            else iter(())
        )

    def diff(self, old: str, new: str | None, *, staged: bool = False, paths: Sequence[str] = ()) -> Iterator[bytes]:
        """Lines of the raw, numstat and patch output from `old` to `new`, to the index, or to the working tree."""
        args = ["diff", "--raw", "--numstat", "--patch", "--unified=0", "--no-abbrev", *_DIFF]
        if new is not None:
            return self._told(args, [old, new, "--", *paths])
        self._need_work_tree()
        cached = ["--cached"] if staged else []
        return self._told(args, [*cached, old, "--", *paths], overrides=self._no_filters())

    def _told(
        self,
        args: Sequence[str],
        about: Sequence[str],
        stdin: bytes | None = None,
        overrides: Sequence[tuple[str, str]] = (),
    ) -> Iterator[bytes]:
        return told_lines(self, self.gaps, args, about, stdin=stdin, overrides=overrides, is_partial=self.is_partial)

    def untracked(self) -> list[str]:
        """Paths of files that git neither tracks nor ignores."""
        self._need_work_tree()
        output = self.run("ls-files", "--others", "--exclude-standard", "-z", "--full-name", "--", ".")
        return [decode_path(path) for path in output.split(b"\0") if path]

    def files(self, revision: str | None = None) -> list[str]:
        """Paths of the files in a commit, or in the index, with those that it does not know where these count too."""
        here = ["ls-files", "--cached", *(["--others", "--exclude-standard"] if self.with_new else [])]
        command = here if revision is None else ["ls-tree", "-r", "--name-only", revision]
        return [decode_path(path) for path in self.run(*command, "-z").split(b"\0") if path]

    def grep(self, words: Sequence[str], revision: str | None = None) -> Iterator[tuple[str, int, str]]:
        """Lines that hold any of the `words` as whole words: path, 0-based line, text; at most 200 a file."""
        args = ["grep", "-z", "-n", "-I", "-w", "-F", "--max-count=200", "--no-color", "--full-name", "--no-textconv"]
        args += ["--untracked"] if self.with_new and revision is None else []
        for word in words:
            args += ["-e", word]
        if revision is None and self._is_sparse():
            self.gaps.add(GapKind.SPARSE)
        for line in self.lines(*args, *([revision] if revision else []), "--", ok=(0, 1)):
            parts = line.rstrip(b"\n").split(b"\0", 2)
            if len(parts) == 3 and parts[1].isdigit():
                name = parts[0].split(b":", 1)[1] if revision else parts[0]
                yield decode_path(name), int(parts[1]) - 1, parts[2].decode("utf-8", "replace")

    @contextlib.contextmanager
    def blobs(self) -> Iterator[BlobReader]:
        """A reader of file contents by object id, on one git process."""
        with contextlib.ExitStack() as stack:
            yield BlobReader(
                lambda: stack.enter_context(self.pipe("cat-file", "--batch")), self.gaps, is_partial=self.is_partial
            )

    def simplified(self, revision: str, paths: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
        """Commits from `revision` back that changed the paths, each with its nearest ancestors that did too.

        History is simplified as blame does: a merge that took a side's files as they are leads to that side alone.
        """
        for line in self.lines("rev-list", "--parents", revision, "--", *paths):
            oid, *parents = line.decode().split()
            yield oid, parents

    def size(self, oid: str, path: str) -> int:
        """Bytes of a blob, or of the file on disk where there is none yet; 0 when neither can be looked at."""
        if oid.strip("0"):
            size = self.run("cat-file", "-s", oid, ok=(0, 128)).strip()
            if size.isdigit():
                return int(size)
        try:
            return 0 if self.bare else (self.top / self._on_disk(path)).lstat().st_size
        except (OSError, ValueError):
            return 0

    def sizes(self, oids: Sequence[str]) -> dict[str, int]:
        """Bytes of those of the objects that are there."""
        asked = "".join(f"{oid}\n" for oid in oids).encode()
        told = (
            self.run("cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=asked, ok=(0, 128)) if oids else b""
        )
        rows = (line.decode().split() for line in told.splitlines())
        return {row[0]: int(row[1]) for row in rows if row[1].isdigit()}

    def beginning(self, oid: str) -> bytes:
        """What a blob begins with, enough to tell whether it is text."""
        with self.pipe("cat-file", "blob", oid) as process:
            assert process.stdout is not None
            return process.stdout.read(BEGINNING)

    def is_link(self, path: str) -> bool:
        """Whether a path of the work tree is a symbolic link."""
        return not self.bare and (self.top / self._on_disk(path)).is_symlink()

    def file_at(self, revision: str, path: str) -> bytes:
        """The file's bytes in a commit; nothing where it is not there."""
        return self.run("cat-file", "blob", f"{revision}:{path}", ok=(0, 128))

    def work_tree_file(self, path: str) -> bytes | None:
        """The file's bytes on disk; None when it is missing, too large, a link, or outside the work tree."""
        full = self.top / self._on_disk(path)
        try:
            if full.is_symlink() or not full.is_file() or full.stat().st_size > MAX_BLOB:
                return None
            if not full.resolve().is_relative_to(self.top):
                return None
            return full.read_bytes()
        except (OSError, ValueError):
            return None

    def _on_disk(self, path: str) -> str:
        """The path as the operating system takes it; a name with a real backslash goes first."""
        return encode_path(path) if "\\x" in path and not (self.top / path).exists() else path

    def _no_filters(self) -> list[tuple[str, str]]:
        """Configuration that switches off every clean and smudge program: files are compared by their own bytes."""
        found = {}
        for item in os.fsdecode(self.run("config", "--list", "-z")).split("\0"):
            name = item.partition("\n")[0]
            if name.startswith("filter.") and name.endswith((".clean", ".smudge", ".process", ".required")):
                found[name] = "false" if name.endswith(".required") else ""
        return sorted(found.items())

    def _need_work_tree(self) -> None:
        if self.bare:
            raise BareRepositoryError(
                "A bare repository has no working tree",
                why=f"{self.top} holds history only",
                fix="Ask about a commit, a range or a patch",
            )
