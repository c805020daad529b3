"""How many of the names that a real change needs from other files are in the pieces that are shown of them.

    python -m benchmarks.window_names [REPOSITORY] [--commits 100] [--room 4000 12000 40000] [--likeness 0 2]

For every file that one of the newest commits changed, in the state before it and with the cursor where its first change
begins: of the names in the lines added that the file does not hold yet and some other file does, the share that stands
in the best pieces of at most so many characters. No model is asked. Intervals are of the difference to the first weight
of likeness, paired by file.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.unredacted import shows_all
from iquest_lsp import grammars
from iquest_lsp.codeflow.git.commits import FileDiff, commits
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.cochange import partners, usual
from iquest_lsp.context import ranking
from iquest_lsp.context.budget import by_value
from iquest_lsp.context.chunks import words_of
from iquest_lsp.context.index import FileEntry, WorkspaceIndex, look
from iquest_lsp.datatypes import Document
from iquest_lsp.dropped import Dropped

#: Commits over more files are sweeps; longer files and shorter names tell nothing.
WIDE, LONG, SHORT = 20, 400_000, 4
CHARACTERS_PER_TOKEN = 3.0
RESAMPLED = 1000


@dataclass(frozen=True)
class Question:
    """A file before its change: the cursor's offset, the names that are wanted, what usually changes along."""

    document: Document
    offset: int
    wanted: frozenset[str]
    cochange: dict[str, float]


class States:
    """The files of a history, one commit after the other, indexed when they are asked for."""

    def __init__(self, root: Path, count: int) -> None:
        self._repository = Repository.open(root, shows_all)
        walk = commits(self._repository, revisions=[self._repository.head()], merges=False, patch=True)
        self._commits = [commit.files for commit in walk][::-1]
        self._first = max(5, len(self._commits) - count)
        self._texts: dict[str, tuple[str, str]] = {}
        self._known: dict[tuple[str, str], FileEntry | Dropped] = {}

    def questions(self) -> Iterator[tuple[WorkspaceIndex, dict[str, str], Question]]:
        """The index and the texts before each commit, and what one of its files asks of them."""
        past: list[list[str]] = []
        with self._repository.blobs() as reader:
            for at, files in enumerate(self._commits):
                changed = [
                    item
                    for item in files
                    if item.status == "M"
                    and grammars.language_of(item.path)
                    and item.path in self._texts
                    and item.hunks
                ]
                if at >= self._first and 2 <= len(files) <= WIDE and changed:
                    index, texts = self._index(), {path: text for path, (text, _) in self._texts.items()}
                    for item in changed:
                        question = _question(item, texts, past)
                        if question.wanted:
                            yield index, texts, question
                self._advance(files, reader.read)
                past.append([item.path for item in files])

    def _index(self) -> WorkspaceIndex:
        index = WorkspaceIndex()
        for path, (text, oid) in self._texts.items():
            if (path, oid) not in self._known:
                self._known[path, oid] = look(path, partial(Document, text=text))
            index.put(path, self._known[path, oid])
        return index

    def _advance(self, files: Sequence[FileDiff], read: Callable[[str], bytes | None]) -> None:
        for item in files:
            if item.status in "DR":
                self._texts.pop(item.old_path or item.path, None)
            if item.status != "D" and not item.binary and not item.submodule:
                text = (read(item.new_oid) or b"").decode("utf-8", "replace")
                if len(text) <= LONG:
                    self._texts[item.path] = (text, item.new_oid)


def _question(item: FileDiff, texts: dict[str, str], past: list[list[str]]) -> Question:
    text = texts[item.path]
    first = max(0, item.hunks[0].old_start - 1)
    offset = sum(len(line) + 1 for line in text.split("\n")[:first])
    added = "\n".join(line for hunk in item.hunks for line in hunk.added)
    new = {name for name in words_of(added) - words_of(text) if len(name) >= SHORT}
    elsewhere = frozenset().union(*(words_of(other) for path, other in texts.items() if path != item.path))
    found = usual((one for one in partners(past, [item.path]) if one.path in texts), [item.path])
    cochange = {one.path: one.bound for one in found}
    return Question(Document(item.path, text), offset, frozenset(new & elsewhere), cochange)


def shares(index: WorkspaceIndex, texts: dict[str, str], question: Question, rooms: list[int]) -> list[float]:
    """The share of the wanted names that the best pieces show, by how many characters there is room for."""
    found = ranking.related(
        question.document,
        question.offset,
        index,
        (),
        question.cochange,
        lambda path: texts.get(path, ""),
        max_characters=max(rooms) * 3 // 2,
    )
    ordered = by_value(found, {item.key: round(len(item.text) / CHARACTERS_PER_TOKEN) for item in found})
    answers = []
    for room in rooms:
        left, seen = room, set[str]()
        for item in ordered:
            if len(item.text) <= left:
                left -= len(item.text)
                seen |= words_of(item.text)
        answers.append(len(question.wanted & seen) / len(question.wanted))
    return answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository", type=Path, nargs="?", default=Path.cwd())
    parser.add_argument("--commits", type=int, default=100)
    parser.add_argument("--room", type=int, nargs="+", default=[4000, 12_000, 40_000])
    parser.add_argument("--likeness", type=float, nargs="+", default=[0.0, ranking.LIKENESS])
    options = parser.parse_args()
    found: dict[float, list[list[float]]] = defaultdict(list)
    for index, texts, question in States(options.repository, options.commits).questions():
        for weight in options.likeness:
            ranking.LIKENESS = weight
            found[weight].append(shares(index, texts, question, options.room))
    first = np.array(found[options.likeness[0]])
    draw = np.random.default_rng(0)
    picks = draw.integers(0, len(first), (RESAMPLED, len(first)))
    print(f"{len(first)} files changed by the newest {options.commits} commits\n")
    print("| characters | weight of likeness | names shown | more than with the first |\n|---|---|---|---|")
    for at, room in enumerate(options.room):
        for weight in options.likeness:
            values = np.array(found[weight])[:, at]
            low, high = np.percentile((values - first[:, at])[picks].mean(axis=1), [2.5, 97.5])
            print(
                f"| {room} | {weight:g} | {values.mean():.1%} | {values.mean() - first[:, at].mean():+.1%} "
                f"[{low:+.1%}, {high:+.1%}] |"
            )


if __name__ == "__main__":
    main()
