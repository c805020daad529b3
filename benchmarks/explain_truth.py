"""Does an explanation of a diff say what it must, and nothing that the diff refutes?

`python -m benchmarks.explain_truth FOLDER [NAME...]` explains the commits of `truth/explain.csv` in the clones
FOLDER/NAME and prints, for the commits that the sentences were mended with and for the others, how many of the points
are told that somebody who has read the diff asks for, and how many that it refutes or that tell nothing, with 95%
intervals (Wilson). The file holds facts only: names, and words of sentences, as a reader sees them.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

from benchmarks.suspects_truth import share_of
from iquest_lsp.codeflow import History
from iquest_lsp.errors import IQuestError

TRUTH = Path(__file__).parent / "truth" / "explain.csv"


def plain(text: str) -> str:
    """A text as it is read: without marks of markdown, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"[`*\\]", "", text))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the clones are, each under its repository's name")
    parser.add_argument("names", nargs="*", help="OWNER/NAME")
    given = parser.parse_args()
    points: defaultdict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
    with TRUTH.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if not given.names or row["repository"] in given.names:
                points[row["repository"], row["commit"], row["half"]].append((row["kind"], row["point"]))
    met: Counter[tuple[str, str]] = Counter()
    asked: Counter[tuple[str, str]] = Counter()
    for (name, commit, half), wanted in points.items():
        root = given.folder / name.rsplit("/", 1)[-1]
        if not root.exists():
            print(f"no clone of {name}", file=sys.stderr)
            continue
        try:
            told = plain(History(root, lambda _: False).explain_diff(commit).to_markdown())
        except IQuestError as error:
            print(f"{name} {commit}: {error}", file=sys.stderr)
            told = ""
        told = told.partition("## Related history")[0]
        whole = True
        for kind, point in wanted:
            is_told = plain(point).casefold() in told.casefold()
            good = is_told == (kind == "must")
            asked[half, kind] += 1
            met[half, kind] += is_told
            whole = whole and good
            if not good:
                print(f"{name} {commit} {kind}: {point}", file=sys.stderr)
        asked[half, "commit"] += 1
        met[half, "commit"] += whole
    rows = (("must", "points told"), ("must not", "wrong points told"), ("commit", "commits without fault"))
    for half in sorted({half for half, _ in asked}):
        for kind, what in rows:
            count = asked[half, kind]
            print(f"{half:9} {what:22} {share_of(met[half, kind], count)} of {count}", flush=True)


if __name__ == "__main__":
    main()
