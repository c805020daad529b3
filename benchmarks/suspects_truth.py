"""Which change brought the bug, on real pairs: a fix whose message names the commit that it mends.

`python -m benchmarks.suspects_truth collect FOLDER NAME...` looks through the histories of the clones FOLDER/NAME and
prints the pairs as the rows of `truth/suspects.csv`: facts only, no code. `python -m benchmarks.suspects_truth score
FOLDER [NAME...]` checks out the parent of each fix in those clones (nothing else may use them), asks for suspects by
file and by line, and prints how often the culprit is first, and among the first three, with 95% intervals (Wilson).

By file the question is the source file of which the fix changes most lines, by line the first line of it that the fix
takes away, or before which it adds: what somebody knows who has found the place but not the reason. By log it is a
traceback that ends in a line, drawn by chance, of the definition around that line. Reverts are the easier half, since
they come soon and undo exactly what was done, and stand in a row of their own.
"""

from __future__ import annotations

import argparse
import csv
import random
import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from itertools import groupby, islice
from pathlib import Path

from benchmarks.clones import git
from iquest_lsp.bench.replay import wilson
from iquest_lsp.codeflow import History
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.codeflow.syntax.symbols import at_line, symbols_of
from iquest_lsp.errors import IQuestError

TRUTH = Path(__file__).parent / "truth" / "suspects.csv"
#: Weights are fitted to the pairs of these repositories, and to no others.
FITTED = frozenset(
    {
        "axios/axios",
        "curl/curl",
        "haproxy/haproxy",
        "mesonbuild/meson",
        "nodejs/undici",
        "numpy/numpy",
        "pallets/werkzeug",
        "pydantic/pydantic",
        "pytest-dev/pytest",
        "sindresorhus/got",
        "vuejs/core",
    }
)
MAX_FILES = 10
MOST = 90  # pairs of one repository
_BLAMES = r"(?:regress\w*|introduced|broke\w*|caused|culprit|bisect\w*|bug (?:in|from|since))[^.\n]{0,50}?"
_NAMES_COMMIT = re.compile(_BLAMES + r"\b([0-9a-f]{7,40})\b", re.IGNORECASE)
#: As the kernel's trailer has it, and the sentence.
_FIXES = re.compile(r"\bfix(?:es)?:? (?:commit )?([0-9a-f]{7,40})\b", re.IGNORECASE)
_NAMES_REQUEST = re.compile(_BLAMES + r"#(\d+)", re.IGNORECASE)
_REVERTS = re.compile(r"This reverts commit ([0-9a-f]{40})")
_SQUASHED = re.compile(r"\(#(\d+)\)\s*$")


@dataclass(frozen=True, slots=True)
class Pair:
    """A fix, the commit whose bug it mends, and where; `how` is "commit", "request" or "revert"; `line` from 1."""

    repository: str
    fix: str
    culprit: str
    how: str
    path: str
    line: int


def collect(root: Path, repository: str) -> list[Pair]:
    """The pairs of one history that can be asked about, at most MOST, drawn evenly."""
    pairs = []
    for how, fix, culprit in _named(root):
        place = _place(root, fix)
        if place is not None and _changed(root, f"{fix}^", place[0], culprit):
            pairs.append(Pair(repository, fix, culprit, how, *place))
    named = [pair for pair in pairs if pair.how != "revert"]
    undone = [pair for pair in pairs if pair.how == "revert"]
    chance = random.Random(repository)
    some = chance.sample(named, min(len(named), MOST)) + chance.sample(undone, min(len(undone), MOST // 3))
    return sorted(some, key=lambda pair: (pair.how, pair.fix))


def _named(root: Path) -> Iterator[tuple[str, str, str]]:
    """(how, fix, culprit) by what messages say; a message that blames several commits is left out."""
    records = git(root, "log", "--no-merges", "--format=%H%x1f%s%x1f%b%x1e").split("\x1e")
    commits = [record.strip("\n").split("\x1f") for record in records if "\x1f" in record]
    order = {commit[0]: at for at, commit in enumerate(commits)}
    short = {commit[0][:7]: commit[0] for commit in commits}
    requests = {found[1]: commit[0] for commit in commits if (found := _SQUASHED.search(commit[1]))}
    for fix, subject, body in commits:
        text = f"{subject}\n{body}"
        if found := _REVERTS.search(text):
            if order.get(found[1], -1) > order[fix]:
                yield "revert", fix, found[1]
            continue
        blamed = {
            (short.get(name[:7].lower(), ""), name.lower())
            for name in (*_NAMES_COMMIT.findall(text), *_FIXES.findall(text))
        }
        culprits = {oid for oid, name in blamed if oid.startswith(name)}
        how = "commit"
        if not culprits:
            culprits, how = {requests[name] for name in _NAMES_REQUEST.findall(text) if name in requests}, "request"
        if len(culprits) == 1 and order[culprit := culprits.pop()] > order[fix]:
            yield how, fix, culprit


def _place(root: Path, fix: str) -> tuple[str, int] | None:
    """The source file that the fix changes most, and the line of it before the fix; None where there is none."""
    files: dict[str, tuple[int, int]] = {}
    diff = git(root, "diff-tree", "-p", "-U0", "-r", "--no-renames", "--diff-filter=M", fix)
    path, count = "", 0
    for line in diff.splitlines():
        if line.startswith("--- a/"):
            path, count = line[6:], 0
        elif found := re.match(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@", line):
            count += int(found[2] or 1) + int(found[3] or 1)
            first = files[path][1] if path in files else max(int(found[1]), 1)
            files[path] = (count, first)
    touched = git(root, "diff-tree", "--name-only", "-r", "--no-commit-id", fix).splitlines()
    sources = {name: value for name, value in files.items() if category(name) is Category.SOURCE}
    if not sources or len(touched) > MAX_FILES:
        return None
    name = max(sources, key=lambda item: (sources[item][0], item))
    return name, sources[name][1]


def _changed(root: Path, revision: str, path: str, culprit: str) -> bool:
    """Whether a commit changed a file under one of its names: of another one no question about the file can tell."""
    return culprit in git(root, "log", "--follow", "--format=%H", revision, f"^{culprit}^@", "--", path)


# ---------------------------------------------------------------------------------------------------- score


def score(folder: Path, pairs: list[Pair], store: Path) -> None:
    """Asks about all pairs and prints the figures as it goes."""
    ranks: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    for name in dict.fromkeys(pair.repository for pair in pairs):
        root = folder / name.rsplit("/", 1)[-1]
        check_out(root, "origin/HEAD")
        history = History(root, lambda text: False, folder=store / name.replace("/", "+"))
        started = time.monotonic()
        for pair in (pair for pair in pairs if pair.repository == name):
            check_out(root, f"{pair.fix}^")
            half = "fitted" if name in FITTED else "held out"
            how = "revert" if pair.how == "revert" else "named"
            asked = {"file": pair.path, "line": f"{pair.path}:{pair.line}", "log": log_of(root, pair)}
            for question, target in asked.items():
                rank = rank_of(history, target, pair.culprit)
                ranks[half, how, question].append(rank)
                ranks[name, how, question].append(rank)
        print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr)
    for (where, how, question), found in sorted(ranks.items()):
        first, three = sum(rank == 1 for rank in found), sum(0 < rank <= 3 for rank in found)
        print(
            f"{where:20} {how:7} by {question:5} n={len(found):4}  first {share_of(first, len(found))}  "
            f"among three {share_of(three, len(found))}  not listed {sum(rank == 0 for rank in found)}"
        )


def log_of(root: Path, pair: Pair) -> str:
    """A traceback that ends in the definition which the fix changes."""
    symbol = at_line(symbols_of(pair.path, (root / pair.path).read_bytes()), pair.line - 1)
    chance = random.Random(pair.fix)
    line = chance.randrange(symbol.start, symbol.end) + 1 if symbol is not None else pair.line
    name = symbol.short if symbol is not None else "run"
    return (
        'Traceback (most recent call last):\n  File "/ci/tests/test_it.py", line 3, in test_it\n'
        f'  File "/ci/{pair.path}", line {line}, in {name}\nError: wrong\n'
    )


def rank_of(history: History, target: str, culprit: str) -> int:
    """Where the culprit stands among the suspects, from 1; 0 where it is not listed."""
    try:
        found = history.suspects_in_log(target) if "\n" in target else history.suspects(target)
        items = found.items
    except IQuestError as error:
        print(f"{target}: {error}", file=sys.stderr)
        return 0
    return next((at for at, item in enumerate(items, 1) if item.commit == culprit), 0)


def share_of(part: int, whole: int) -> str:
    """A share with its 95% interval, in words."""
    low, high = wilson(part, whole)
    return f"{part / whole:4.0%} [{low:.0%}, {high:.0%}]"


def check_out(root: Path, revision: str) -> None:
    """Puts a clone's files into the state of a revision, whatever they are."""
    git(root, "checkout", "-q", "--force", "--detach", revision)


def pairs_of(file: Path | None, names: list[str]) -> list[Pair]:
    """The pairs of a file, or the committed ones, of some repositories or of all."""
    with (file or TRUTH).open(encoding="utf-8", newline="") as opened:
        table = list(csv.reader(opened))[1:]
    rows = [Pair(repository, fix, culprit, how, path, int(line)) for repository, fix, culprit, how, path, line in table]
    return [pair for pair in rows if not names or pair.repository in names]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=("collect", "score"))
    parser.add_argument("folder", type=Path, help="where the clones are, each under its repository's name")
    parser.add_argument("names", nargs="*", help="OWNER/NAME")
    parser.add_argument("--store", type=Path, help="where the indexes are kept; a folder that goes, if not given")
    parser.add_argument("--most", type=int, default=0, help="pairs of one repository")
    parser.add_argument("--pairs", type=Path, help="the pairs, where they are not those of truth/suspects.csv")
    given = parser.parse_args()
    if given.task == "collect":
        out = csv.writer(sys.stdout, lineterminator="\n")
        out.writerow([field.name for field in fields(Pair)])
        for name in given.names:
            out.writerows(astuple(pair) for pair in collect(given.folder / name.rsplit("/", 1)[-1], name))
        return
    pairs = pairs_of(given.pairs, given.names)
    if given.most:
        groups = groupby(pairs, key=lambda pair: pair.repository)
        pairs = [pair for _, group in groups for pair in islice(group, given.most)]
    with tempfile.TemporaryDirectory() as temporary:
        score(given.folder, pairs, given.store or Path(temporary))


if __name__ == "__main__":
    main()
