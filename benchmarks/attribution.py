"""How much of what changes is told by name: the hunks of past commits that belong to a change an explanation names.

`python -m benchmarks.attribution FOLDER/CLONE... [--commits N] [--unnamed M]` explains the newest N commits of each
clone that are no merges, and prints for each clone and each language the share of changed hunks that lie in something
named: a definition, a test, a key, a section. Counted are hunks of files that exist before and after; those of blank
lines, of binary and of generated files are not. M unnamed hunks are printed.
"""

from __future__ import annotations

import argparse
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from benchmarks.unredacted import shows_all
from iquest_lsp import grammars
from iquest_lsp.codeflow.answers.explain import told_changes
from iquest_lsp.codeflow.diff.sources import DiffTarget, load
from iquest_lsp.codeflow.git.commits import FileDiff, Hunk
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.paths import Category, category


def is_named(hunk: Hunk, changes: Sequence[SymbolChange]) -> bool:
    """Whether any line of a hunk, on either side, lies in a change that has a name."""
    return any(
        _overlap(hunk.new_start, hunk.new_count, item.span) or _overlap(hunk.old_start, hunk.old_count, item.old_span)
        for item in changes
    )


def _overlap(start: int, count: int, span: tuple[int, int]) -> bool:
    return start < span[1] and span[0] < start + count


def hunks(root: Path, count: int) -> Iterator[tuple[str, FileDiff, Hunk, bool]]:
    """Commit, file, hunk and whether it is named, over the newest commits."""
    listed = ["git", "-C", str(root), "rev-list", "--no-merges", f"-n{count}", "HEAD"]
    for commit in subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split():
        source = load(root, DiffTarget.parse(commit), shows_all)
        told = told_changes(source)
        for item in source.files:
            if item.status not in ("M", "R") or item.submodule or category(item.path) is Category.GENERATED:
                continue
            mine = [change for change in told if change.path == item.path]
            for hunk in item.hunks:
                if any(line.strip() for line in (*hunk.removed, *hunk.added)):
                    yield commit, item, hunk, is_named(hunk, mine)


def language(path: str) -> str:
    """What a file is written in: a grammar's name, or its suffix."""
    return grammars.language_of(path) or PurePosixPath(path).suffix or PurePosixPath(path).name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clones", nargs="+", type=Path)
    parser.add_argument("--commits", type=int, default=60)
    parser.add_argument("--unnamed", type=int, default=0)
    options = parser.parse_args()
    known: Counter[str] = Counter()
    all_of: Counter[str] = Counter()
    for root in options.clones:
        named = total = 0
        shown = options.unnamed
        for commit, item, hunk, is_told in hunks(root, options.commits):
            total += 1
            named += is_told
            all_of[language(item.path)] += 1
            known[language(item.path)] += is_told
            if not is_told and shown:
                shown -= 1
                line = next(iter((*hunk.added, *hunk.removed)), "")
                print(f"  {commit[:9]} {item.path}:{hunk.new_start + 1} {line.strip()[:90]}")
        print(f"{root.name}: {named} of {total} ({named / max(total, 1):.3f})", flush=True)
    for name, count in all_of.most_common():
        print(f"{name:>14} {known[name]:>5} of {count:>5} ({known[name] / count:.3f})")
    print(f"{'all':>14} {known.total():>5} of {all_of.total():>5} ({known.total() / max(all_of.total(), 1):.3f})")


if __name__ == "__main__":
    main()
