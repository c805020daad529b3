"""Whether a file that is missing from a diff is told: one file of each past commit is hidden from its explanation.

`python -m benchmarks.hidden_files FOLDER/CLONE... [--commits N] [--store FOLDER]` prints for each place in the list of
missing files how often the file there is the hidden one. Commits over two to eight files are drawn evenly from the
newest 900; of each, up to two changed files are hidden in turn. That nothing is told is counted apart.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow import History
from iquest_lsp.codeflow.answers.explain import explain_diff
from iquest_lsp.codeflow.diff.sources import DiffTarget, load
from iquest_lsp.codeflow.past.index_access import evidence_until
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.codeflow.wording.explanation import told_as_missing

NEWEST, EVERY = 900, 7
_NEVER = (Category.LOCK, Category.GENERATED)


def hidden(root: Path, store: Path, count: int) -> Iterator[list[bool]]:
    """For each hidden file: of each file that is told as missing, whether it is that one."""
    listed = ["git", "-C", str(root), "rev-list", "--no-merges", f"-n{NEWEST}", "HEAD"]
    commits = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split()[::EVERY]
    with evidence_until(store) as evidence:
        for commit in commits:
            target = DiffTarget.parse(commit)
            source = load(root, target, shows_all)
            if not 2 <= len(source.files) <= 8:
                continue
            changed = [item for item in source.files if item.status == "M" and category(item.path) not in _NEVER]
            for left_out in changed[:2]:
                rest = tuple(item for item in source.files if item is not left_out)
                known = explain_diff(replace(source, files=rest), target, evidence=evidence, redact=shows_all)
                yield [item.path == left_out.path for item in told_as_missing(known.missing)]
            count -= bool(changed)
            if not count:
                return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clones", nargs="+", type=Path)
    parser.add_argument("--commits", type=int, default=40)
    parser.add_argument("--store", type=Path, default=Path(tempfile.gettempdir()) / "hidden-files")
    options = parser.parse_args()
    places: defaultdict[int, list[bool]] = defaultdict(list)
    silent = 0
    for root in options.clones:
        store = options.store / root.name
        while not History(root, lambda text: False, store).update_index().complete:
            pass
        for found in hidden(root, store, options.commits):
            silent += not found
            for place, hit in enumerate(found):
                places[place].append(hit)
    for place, hits in sorted(places.items()):
        print(f"place {place + 1}: {sum(hits)} of {len(hits)} are the hidden file ({sum(hits) / len(hits):.0%})")
    print(f"nothing told: {silent}")


if __name__ == "__main__":
    main()
