"""Does co-change find a hidden file? `python -m benchmarks.codeflow_recall [--packages click pluggy] [REPOSITORY...]`.

From every commit of 2 to 100 files one file after the other is hidden; the rest and the history before that commit are
given. Printed: recall@5 of `likely_signals.likely` and of two baselines, the files that changed most and those in the
same folders. A package's history is built by committing its successive releases (wheels, got through pip).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clones import git
from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.git.blob_reader import BlobReader
from iquest_lsp.codeflow.git.commits import FileDiff, commits
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.likely_signals import WIDE, likely
from iquest_lsp.codeflow.past.name_mentions import Words, changed_words, mentions, weights_of, words_of
from iquest_lsp.codeflow.past.unindexed import sizes_of

Past = Sequence[Sequence[str]]
WARM = 5
RELEASES = 40


@dataclass(frozen=True)
class Question:
    """One hidden file: the commits before, newest first, the other files of its commit; lines by path and what files
    mention, both before it.
    """

    past: Past
    given: Sequence[str]
    hidden: str
    sizes: Mapping[str, int]
    mentioned: Mapping[str, float]


class Texts:
    """The words of a history's files as of one commit after the other."""

    def __init__(self, reader: BlobReader) -> None:
        self._reader = reader
        self._known: dict[str, Words] = {}
        self.now: dict[str, Words] = {}

    def mentioned(self, files: Sequence[FileDiff], hidden: str) -> dict[str, float]:
        """What files mention of the lines that a commit changes, those of the hidden file left out."""
        lines = (
            line
            for item in files
            if item.path != hidden
            for hunk in item.hunks
            for line in (*hunk.removed, *hunk.added)
        )
        return mentions(weights_of(changed_words(lines), self.now), self.now)

    def advance(self, files: Sequence[FileDiff]) -> None:
        """Makes `now` the state after a commit."""
        for item in files:
            if item.status in "DR":
                self.now.pop(item.old_path or item.path, None)
            if item.status != "D" and not item.binary and not item.submodule:
                if item.new_oid not in self._known:
                    self._known[item.new_oid] = words_of(self._reader.read(item.new_oid) or b"")
                self.now[item.path] = self._known[item.new_oid]


def questions(walk: Sequence[Sequence[FileDiff]], texts: Texts) -> Iterator[Question]:
    """What is asked of a history, whose commits come oldest first."""
    sizes: Counter[str] = Counter()
    paths = [[item.path for item in files] for files in walk]
    for at, (files, changed) in enumerate(zip(walk, paths, strict=True)):
        if at >= WARM and 2 <= len(changed) <= WIDE:
            past = list(reversed(paths[:at]))
            known = {path for item in past for path in item}
            for hidden in changed:
                if hidden in known:
                    yield Question(
                        past,
                        [path for path in changed if path != hidden],
                        hidden,
                        Counter(sizes),
                        texts.mentioned(files, hidden),
                    )
        texts.advance(files)
        sizes.update(sizes_of(files))


def ours(question: Question) -> list[str]:
    return [path for path, _ in likely(question.past, question.given, question.sizes, question.mentioned)]


def most_changed(question: Question) -> list[str]:
    counts = Counter(path for item in question.past for path in item)
    return [path for path, _ in counts.most_common() if path not in question.given]


def same_folder(question: Question) -> list[str]:
    """Files in the folders of the given ones, the most changed first."""
    folders = {path.rpartition("/")[0] for path in question.given}
    return [path for path in most_changed(question) if path.rpartition("/")[0] in folders]


def history(root: Path) -> list[tuple[FileDiff, ...]]:
    """The files of each commit without merges, oldest first."""
    repository = Repository.open(root, shows_all)
    walk = commits(repository, revisions=[repository.head()], merges=False, patch=True)
    return [commit.files for commit in walk][::-1]


def evaluate(root: Path) -> dict[str, object]:
    """The figures for one history."""
    walk = history(root)
    hits: Counter[str] = Counter()
    asked = 0
    with Repository.open(root, shows_all).blobs() as reader:
        for question in questions(walk, Texts(reader)):
            asked += 1
            for guess in (ours, most_changed, same_folder):
                hits[guess.__name__] += question.hidden in guess(question)[:5]
    shares = {
        guess.__name__: round(hits[guess.__name__] / max(1, asked), 3) for guess in (ours, most_changed, same_folder)
    }
    best = max(shares["most_changed"], shares["same_folder"])
    ratio = round(shares["ours"] / best, 2) if best else None
    return {"commits": len(walk), "questions": asked, **shares, "ratio": ratio}


def build(package: str, root: Path, work: Path) -> None:
    """A history of the package's releases, the oldest first."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "index", "versions", package], capture_output=True, text=True, check=True
    ).stdout
    versions = listed.split("Available versions: ")[1].split("\n")[0].split(", ")[:RELEASES][::-1]
    git(root, "init", "-q")
    for version in versions:
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", str(work)]
        subprocess.run([*pip, f"{package}=={version}"], capture_output=True, check=False)
        wheel = next(iter(work.glob(f"*-{version}-*.whl")), None)
        if wheel is None:
            continue
        git(root, "rm", "-rqf", "--ignore-unmatch", ".")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(root, [name for name in archive.namelist() if ".dist-info/" not in name])
        git(root, "add", "-A")
        git(root, "-c", "user.name=A", "-c", "user.email=a@x.org", "commit", "-q", "--allow-empty", "-m", version)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repositories", nargs="*", type=Path)
    parser.add_argument("--packages", nargs="*", default=[])
    options = parser.parse_args()
    found = {str(path): evaluate(path) for path in options.repositories}
    for package in options.packages:
        with tempfile.TemporaryDirectory() as name:
            root, work = Path(name) / "repository", Path(name) / "wheels"
            root.mkdir()
            work.mkdir()
            build(package, root, work)
            found[package] = evaluate(root)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
