"""Does `impact` name the files that use a definition?

`python -m benchmarks.impact_truth draw FOLDER HALF NAME...` draws definitions of the clones FOLDER/NAME and prints rows
of `truth/impact.csv`: facts only (repository, commit, path and name of the definition, half, and a file that uses it),
no code. What uses it is found by jedi, in the way of `callers_oracle`. `python -m benchmarks.impact_truth score FOLDER
[NAME...]` asks `impact` in those clones, which have to be at the commits of the rows, and prints precision and recall
of the files that it names as callers or tests, by half, with 95% intervals (Wilson).
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from benchmarks.callers_oracle import LEAST, MOST, drawn, jedi_oracle
from benchmarks.clones import git
from benchmarks.suspects_truth import share_of
from iquest_lsp.codeflow import History
from iquest_lsp.errors import IQuestError

TRUTH = Path(__file__).parent / "truth" / "impact.csv"
COLUMNS = ("repository", "commit", "path", "name", "half", "user")
OF_ONE = 10
Asked = tuple[str, str, str, str]


def draw(root: Path, name: str, half: str) -> Iterator[tuple[str, ...]]:
    """The files that use some definitions of one repository, beside the files that define them."""
    head = git(root, "rev-parse", "HEAD").strip()
    files = [path for path in git(root, "ls-files").split("\n") if path.endswith((".py", ".pyi"))]
    oracle, left = jedi_oracle(root), OF_ONE
    for path, symbol, line, column in drawn(root, files, 3):
        answer = oracle(path, line, column, False)
        users = sorted({user for user, _ in answer or () if user != path})
        if answer is None or not LEAST <= len([*answer]) <= MOST or not users:
            continue
        yield from ((name, head, path, symbol.name, half, user) for user in users)
        left -= 1
        if not left:
            return


def told(history: History, path: str, name: str) -> set[str]:
    """The files that `impact` says use a definition."""
    try:
        items = history.impact(f"{path}::{name}").items
    except IQuestError as error:
        print(f"{path}::{name}: {error}", file=sys.stderr)
        return set()
    uses = {item.path for item in items if item.kind in ("caller", "test") and item.use.kind.value in ("calls", "uses")}
    return uses - {path}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=("draw", "score"))
    parser.add_argument("folder", type=Path, help="where the clones are, each under its repository's name")
    parser.add_argument("names", nargs="*", help="OWNER/NAME; for draw the half comes first")
    given = parser.parse_args()
    if given.task == "draw":
        out = csv.writer(sys.stdout, lineterminator="\n")
        out.writerow(COLUMNS)
        half, *names = given.names
        for name in names:
            for row in draw(given.folder / name.rsplit("/", 1)[-1], name, half):
                out.writerow(row)
                sys.stdout.flush()
        return
    users: defaultdict[Asked, set[str]] = defaultdict(set)
    with TRUTH.open(encoding="utf-8", newline="") as file:
        for fact in csv.DictReader(file):
            if not given.names or fact["repository"] in given.names:
                users[fact["repository"], fact["path"], fact["name"], fact["half"]].add(fact["user"])
    both, ours, theirs = Counter[str](), Counter[str](), Counter[str]()
    for (name, path, symbol, half), wanted in users.items():
        root = given.folder / name.rsplit("/", 1)[-1]
        found = told(History(root, lambda _: False, Path(tempfile.mkdtemp())), path, symbol)
        both[half] += len(found & wanted)
        ours[half] += len(found)
        theirs[half] += len(wanted)
        for mark, some in (("+", found - wanted), ("-", wanted - found)):
            for user in sorted(some):
                print(f"{mark} {name} {path}::{symbol} {user}", file=sys.stderr)
    for half in sorted(theirs):
        print(f"{half:9} precision {share_of(both[half], ours[half])} of {ours[half]}", end=", ")
        print(f"recall {share_of(both[half], theirs[half])} of {theirs[half]}", flush=True)


if __name__ == "__main__":
    main()
