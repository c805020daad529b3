"""Does `why` name the commit that `git blame` names, with an index and without one?

`python -m benchmarks.why_truth draw FOLDER NAME...` draws random lines of the clones FOLDER/NAME and prints the rows of
`truth/why.csv`: facts only (repository, commit, path, line from 1, and the commit that `git blame` names), no code.
`python -m benchmarks.why_truth score FOLDER [NAME...]` asks `why` about them in those clones, which have to be at the
commits of the rows, and prints how often the last change of the line is that commit, with 95% intervals (Wilson), and
the processor time of a question. With `--indexed` the histories are indexed first.
"""

from __future__ import annotations

import argparse
import csv
import random
import resource
import sys
import tempfile
from collections import defaultdict
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from benchmarks.clones import git
from benchmarks.suspects_truth import share_of
from iquest_lsp.codeflow import History
from iquest_lsp.codeflow.wording.story import StoryEventKind
from iquest_lsp.errors import IQuestError

TRUTH = Path(__file__).parent / "truth" / "why.csv"
LINES = 50
ENDINGS = (".py", ".ts", ".tsx", ".rs", ".js", ".go", ".c", ".h", ".java", ".md", ".toml", ".json", ".yml", ".html")
_OF_LINES = frozenset({StoryEventKind.LINE_BORN, StoryEventKind.LINE_CHANGED})


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a repository at a commit, and the commit that changed it last."""

    repository: str
    commit: str
    path: str
    line: int
    blamed: str


def draw(root: Path, name: str) -> list[Line]:
    """Random lines of random files, by the files' kinds as likely as they are."""
    head = git(root, "rev-parse", "HEAD").strip()
    paths = [path for path in git(root, "ls-tree", "-r", "-z", "--name-only", head).split("\0") if path]
    chance, found = random.Random(f"why {name}"), list[Line]()
    paths = [path for path in paths if path.endswith(ENDINGS) and "," not in path]
    while len(found) < LINES:
        path = chance.choice(paths)
        count = git(root, "cat-file", "blob", f"{head}:{path}").count("\n")
        if count:
            at = chance.randrange(count) + 1
            told = git(root, "blame", "--porcelain", "--root", f"-L{at},{at}", head, "--", path)
            found.append(Line(name, head, path, at, told.split()[0]))
    return found


def last_change(history: History, item: Line) -> str:
    """The newest commit of the story that changed the line; empty where it names none."""
    try:
        story = history.why(f"{item.path}:{item.line}").story
    except IQuestError as error:
        print(f"{item.path}:{item.line}: {error}", file=sys.stderr)
        return ""
    return next((step.commit for step in reversed(story) if any(event.kind in _OF_LINES for event in step.events)), "")


def read(names: list[str]) -> list[Line]:
    """The committed lines, of some repositories or of all."""
    with TRUTH.open(encoding="utf-8", newline="") as file:
        rows = [
            Line(name, commit, path, int(line), blamed) for name, commit, path, line, blamed in [*csv.reader(file)][1:]
        ]
    return [row for row in rows if not names or row.repository in names]


def _processor_seconds() -> float:
    uses = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in uses)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=("draw", "score"))
    parser.add_argument("folder", type=Path, help="where the clones are, each under its repository's name")
    parser.add_argument("names", nargs="*", help="OWNER/NAME")
    parser.add_argument("--indexed", action="store_true", help="index the histories first")
    parser.add_argument("--most", type=int, default=LINES, help="lines of one repository")
    given = parser.parse_args()
    if given.task == "draw":
        out = csv.writer(sys.stdout, lineterminator="\n")
        out.writerow([field.name for field in fields(Line)])
        for name in given.names:
            out.writerows(astuple(item) for item in draw(given.folder / name.rsplit("/", 1)[-1], name))
        return
    rows: defaultdict[str, list[Line]] = defaultdict(list)
    for item in read(given.names):
        rows[item.repository].append(item)
    right = asked = 0
    with tempfile.TemporaryDirectory() as store:
        for name, items in rows.items():
            short = name.rsplit("/", 1)[-1]
            history = History(given.folder / short, lambda _: False, Path(store) / short, include_filtered=True)
            if given.indexed:
                history.update_index()
            began, hits = _processor_seconds(), 0
            for item in items[: given.most]:
                found = last_change(history, item)
                hits += found == item.blamed
                if found != item.blamed:
                    print(f"{name} {item.path}:{item.line} blame {item.blamed[:10]} why {found[:10]}", file=sys.stderr)
            count = len(items[: given.most])
            right, asked = right + hits, asked + count
            spent = (_processor_seconds() - began) / count
            print(f"{name:22} {hits:3} of {count:3}, {spent:.2f} s of processor time each", flush=True)
    print("all", asked, share_of(right, asked))


if __name__ == "__main__":
    main()
