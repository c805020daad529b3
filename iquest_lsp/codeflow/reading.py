"""The second face of code flow: texts read for their definitions and uses, for rooms that ask no question of a history.

`Sources` are the files of a repository at one moment, with other texts laid over them: what an editor shows and has not
saved, or what a patch makes of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, cast

from iquest_lsp.codeflow.diff.sources import DiffTarget, load
from iquest_lsp.codeflow.facts import Fact, Redact
from iquest_lsp.codeflow.gaps import Gap, GapKind, Gaps
from iquest_lsp.codeflow.git.blob_reader import BlobReader
from iquest_lsp.codeflow.git.commits import FileDiff, Hunk, commits
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.syntax.changes import SymbolChange, symbol_changes
from iquest_lsp.codeflow.syntax.definitions import ARGUMENTS, CLASSES, FUNCTIONS, MEMBERS, PARAMETERS, PATHS
from iquest_lsp.codeflow.syntax.imports import imported, imports, leads_to, reads_imports
from iquest_lsp.codeflow.syntax.linking.names import names_of
from iquest_lsp.codeflow.syntax.linking.references import references
from iquest_lsp.codeflow.syntax.linking.uses import Reference, is_meant, module_name
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.codeflow.syntax.signatures import breaks_callers, by_name_only, parameters
from iquest_lsp.codeflow.syntax.symbols import Symbol, at_line, symbols_of
from iquest_lsp.codeflow.wording.gaps import gap_words
from iquest_lsp.errors import RepositoryError

__all__ = [
    "ARGUMENTS",
    "CLASSES",
    "FUNCTIONS",
    "MEMBERS",
    "PARAMETERS",
    "PATHS",
    "Category",
    "ChangedText",
    "CommitTexts",
    "Fact",
    "FileDiff",
    "Gap",
    "GapKind",
    "Gaps",
    "Hunk",
    "Redact",
    "Reference",
    "Sources",
    "Symbol",
    "SymbolChange",
    "at_line",
    "breaks_callers",
    "by_name_only",
    "category",
    "changed_texts",
    "imported",
    "imports",
    "is_meant",
    "lacks",
    "leads_to",
    "lines_with",
    "module_name",
    "names_of",
    "parameters",
    "reads_imports",
    "references",
    "symbol_changes",
    "symbols_of",
    "texts_of_commits",
]

T = TypeVar("T")
#: Hits of one word in one file that are looked at, as `git grep` does.
MAX_HITS = 200
#: A commit with more files, and a file with more characters, is not taken apart into edits.
MAX_FILES, MAX_TEXT = 40, 300_000
_NOT_WRITTEN = (Category.GENERATED, Category.LOCK, Category.CHANGELOG)


#: Something to be searched for: "uses" with a name, its module and its owner, or "words" with some words.
Wanted = tuple[str, ...]


class NotLookedUpError(Exception):
    """What is asked for was not searched for yet; it stands on the list of what is wanted."""


class Sources:
    """The files of a repository in one commit (`revision`) or in the working tree, under the texts of `over`.

    A path of which `over` has None is gone. What was searched for and read is remembered, so an object is for one
    moment: `with_texts` is the same moment with other texts laid over.
    """

    def __init__(
        self,
        repository: Repository | None,
        revision: str | None = None,
        over: Mapping[str, str | None] | None = None,
        blobs: BlobReader | None = None,
    ) -> None:
        self._repository, self._revision, self._blobs = repository, revision, blobs
        self._over = dict(over or {})
        self._found: dict[str, list[tuple[str, int, str]]] = {}
        self._read: dict[str, bytes | None] = {}
        self._files: list[str] | None = None
        self._uses: dict[tuple[str, str, str], list[Reference]] = {}
        self._kept: dict[tuple[object, ...], object] = {}
        self._holders: dict[str, list[str]] = {}
        self._wanted: list[Wanted] | None = None
        self.gaps = repository.gaps if repository is not None else Gaps()

    @classmethod
    def of_work_tree(cls, root: Path, redact: Redact) -> tuple[Sources, str]:
        """The files of the repository that `root` lies in, and the path of `root` there, with a slash at its end.

        Files that git does not know yet are among them, unless it is to ignore them.

        Where there is none, or one without a working tree, there are only the texts laid over.
        """
        try:
            repository = Repository.open(root, redact)
        except RepositoryError:
            return cls(None), ""
        repository.with_new = True
        return cls(None if repository.bare else repository), repository.prefix

    def lacks(self) -> tuple[Gap, ...]:
        """What was not read so far."""
        return self._repository.lacks() if self._repository is not None else self.gaps.told()

    def with_texts(self, over: Mapping[str, str | None]) -> Sources:
        """The same files with other texts laid over; what is known of the files themselves stays known."""
        made = Sources(self._repository, self._revision, over, self._blobs)
        made._found, made._read, made._files, made._uses = self._found, self._read, self._files, self._uses
        made._kept, made._holders, made._wanted = self._kept, self._holders, self._wanted
        return made

    def impatient(self, wanted: list[Wanted]) -> Sources:
        """The same files, in which nothing is searched for that was not before.

        It goes onto the list of what is `wanted`, for `searched` and `learn`, and NotLookedUpError is raised.
        """
        made = self.with_texts(self._over)
        made._wanted = wanted
        return made

    def searched(self, wanted: Wanted) -> object:
        """What an impatient object wanted, for `learn`, here or in another process."""
        kind, *rest = wanted
        below = self.with_texts({})
        if kind == "uses":
            return below.uses(*rest)
        for _ in below.grep(rest):
            break
        return {word: self._found[word] for word in rest}

    def learn(self, wanted: Wanted, found: object) -> None:
        """Takes what `searched` found."""
        kind, *rest = wanted
        if kind == "uses":
            name, module, owner = rest
            self._uses[name, module, owner] = cast("list[Reference]", found)
        else:
            self._found |= cast("dict[str, list[tuple[str, int, str]]]", found)

    def _search(self, *wanted: str) -> None:
        if self._wanted is not None and self._repository is not None:
            if wanted not in self._wanted:
                self._wanted.append(wanted)
            raise NotLookedUpError(wanted)

    def kept(self, path: str, key: tuple[object, ...], make: Callable[[bytes], T]) -> T | None:
        """What is made of a file's bytes; remembered where no text lies over the file. None where there is no file."""
        whole = (path, *key)
        if path in self._over or whole not in self._kept:
            data = self.read(path)
            made = None if data is None else make(data)
            if path in self._over:
                return made
            self._kept[whole] = made
        return cast("T | None", self._kept[whole])

    def uses(self, name: str, module: str, owner: str = "") -> list[Reference]:
        """The uses of a name, the member of `owner` where it has one, and the imports of the module that defines it.

        They are as `references` finds them; those in files without a text over them are remembered.
        """
        key = name, module, owner
        names, owners, modules = [name, module], {name: owner} if owner else {}, {module} - {name}
        if key not in self._uses:
            self._search("uses", *key)
            below = self.with_texts({})
            self._uses[key] = references(below, names, below.read, owners=owners, modules=modules)
        over = Sources(None, over=self._over)
        fresh = references(over, names, over.read, owners=owners, modules=modules)
        return [*(use for use in self._uses[key] if use.path not in self._over), *fresh]

    def files(self) -> list[str]:
        """Paths of all files."""
        if self._files is None:
            self._files = self._repository.files(self._revision) if self._repository is not None else []
        gone = {path for path, text in self._over.items() if text is None}
        new = [path for path, text in self._over.items() if text is not None]
        return [*dict.fromkeys([*(path for path in self._files if path not in gone), *new])]

    def read(self, path: str) -> bytes | None:
        """A file's bytes; None where there is none."""
        if path in self._over:
            text = self._over[path]
            return None if text is None else text.encode("utf-8", "replace")
        if path not in self._read:
            if self._revision is None and self._repository is not None:
                self._read[path] = self._repository.work_tree_file(path)
            elif self._blobs is not None:
                self._read[path] = self._blobs.read(f"{self._revision}:{path}", path)
        return self._read.get(path)

    def holders(self, word: str) -> Iterator[str]:
        """The files that hold a word as a whole, each once."""
        if word not in self._holders:
            below = self.with_texts({})
            self._holders[word] = list(dict.fromkeys(path for path, _, _ in below.grep([word])))
        yield from (path for path in self._holders[word] if path not in self._over)
        yield from (path for path, over in self._over.items() if over is not None and lines_with(over, word))

    def grep(self, words: Sequence[str], revision: str | None = None) -> Iterator[tuple[str, int, str]]:
        """Lines that hold any of the words as whole words: path, 0-based line, text; at most MAX_HITS a file."""
        missing = [word for word in dict.fromkeys(words) if word not in self._found]
        if missing and self._repository is not None:
            self._search("words", *missing)
            for word in missing:
                self._found[word] = []
            pattern = {word: re.compile(rf"(?<!\w){re.escape(word)}(?!\w)") for word in missing}
            for path, line, text in self._repository.grep(missing, revision or self._revision):
                for word in missing:
                    if pattern[word].search(text):
                        self._found[word].append((path, line, text))
        seen: set[tuple[str, int]] = set()
        for word in words:
            for path, line, text in self._found.get(word, ()):
                if path not in self._over and (path, line) not in seen:
                    seen.add((path, line))
                    yield path, line, text
        for path, over in self._over.items():
            if over is not None:
                lines = over.split("\n")
                for at in sorted({at for word in words for at in lines_with(over, word)})[:MAX_HITS]:
                    yield path, at, lines[at]


def lines_with(text: str, word: str) -> list[int]:
    """The 0-based lines of a text that hold a word as a whole."""
    found: list[int] = []
    line, counted, at = 0, 0, text.find(word) if word else -1
    while at >= 0:
        end = at + len(word)
        if not (at and _is_inner(text[at - 1])) and not (end < len(text) and _is_inner(text[end])):
            line += text.count("\n", counted, at)
            counted = at
            found.append(line)
            end = text.find("\n", end)
            if end < 0:
                break
        at = text.find(word, end)
    return found


def _is_inner(char: str) -> bool:
    """Whether a character belongs to a word."""
    return char.isalnum() or char == "_"


@dataclass(frozen=True, slots=True)
class ChangedText:
    """A file before and after a change; `old_path` is its path before, where it was another one."""

    path: str
    before: str
    after: str
    old_path: str = ""


@contextmanager
def changed_texts(
    root: Path, target: str = "", patch: bytes | None = None, *, redact: Redact
) -> Iterator[tuple[list[ChangedText], Sources]]:
    """What a diff, named as for `History.explain_diff`, changes, and the files as they are after it.

    Files without a grammar that are no configuration either are left out, as are new and removed ones. Raises
    NotARepositoryError, RepositoryError, RevisionError, UsageError.
    """
    repository = Repository.open(root, redact)
    source = load(root, DiffTarget.parse(target, patch), redact)
    if source.repository is not None:
        repository.gaps = source.repository.gaps
    found = [
        ChangedText(
            item.path,
            _text(source.before[item.path]),
            _text(source.after[item.path]),
            item.old_path if item.status == "R" else "",
        )
        for item in source.files
        if item.path in source.before and item.path in source.after and item.status in ("M", "R")
    ]
    over: dict[str, str | None] = {path: _text(text) for path, text in source.after.items()}
    over |= {item.old_path: None for item in source.files if item.status == "R"}
    over |= {item.path: None for item in source.files if item.status == "D"}
    with repository.blobs() as blobs:
        bare = repository.bare and not source.revision
        repository.with_new = not source.revision
        yield found, Sources(None if bare else repository, source.revision or None, over, blobs)


@dataclass(frozen=True, slots=True)
class CommitTexts:
    """One commit: the files that it changed, and all files as they were before it.

    `others` are the texts of the files that came with it, and None for those that went.
    """

    oid: str
    subject: str
    changed: tuple[ChangedText, ...]
    sources: Sources
    others: Mapping[str, str | None] = field(default_factory=dict)


def texts_of_commits(root: Path, count: int, *, redact: Redact, most: int = MAX_FILES) -> Iterator[CommitTexts]:
    """The last `count` commits that are no merges, newest first, those with more than `most` changed files left out.

    Changed are the files that were there before and after. Raises NotARepositoryError, RepositoryError.
    """
    repository = Repository.open(root, redact)
    with repository.blobs() as blobs:
        for commit in commits(
            repository, revisions=(repository.newest(),), limit=count, patch=True, numbers=False, merges=False
        ):
            if not commit.parents or len(commit.files) > most or not repository.has(commit.parents[0]):
                continue
            found: list[ChangedText] = []
            others: dict[str, str | None] = {item.path: None for item in commit.files if item.status == "D"}
            for item in commit.files:
                if item.status not in ("A", "M", "R") or item.submodule or category(item.path) in _NOT_WRITTEN:
                    continue
                if item.status == "A":
                    new = blobs.read(item.new_oid)
                    if new is not None and b"\0" not in new and len(new) <= MAX_TEXT:
                        others[item.path] = _text(new)
                    continue
                texts = blobs.read(item.old_oid), blobs.read(item.new_oid)
                before, after = (None if text is None or b"\0" in text else _text(text) for text in texts)
                if before is not None and after is not None and max(len(before), len(after)) <= MAX_TEXT:
                    found.append(ChangedText(item.path, before, after, item.old_path if item.status == "R" else ""))
            if found:
                sources = Sources(repository, commit.parents[0], blobs=blobs)
                yield CommitTexts(commit.oid, commit.subject, tuple(found), sources, others)


def lacks(sources: Sources) -> tuple[str, ...]:
    """What was not read while the files were searched, a sentence each."""
    return tuple(gap_words(sources.lacks()))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
