"""Does `why` name the release that a definition came with, and the one that deprecated it?

`python -m benchmarks.releases_truth draw since|deprecated FOLDER HALF NAME...` draws definitions of the clones
FOLDER/NAME and prints rows of `truth/since.csv` or `truth/deprecated.csv`: facts only (repository, commit, path, name,
half, and the release, `unreleased` where no tag has it, `-` where there is none), no code. What they say is found
without the programs that are measured: the tags' trees are searched for the line that defines the name, oldest first;
a definition that is deprecated has to have its mark there too. Names that a tree defines twice are not drawn, and tags
of other packages and of what came before a release do not count.
`python -m benchmarks.releases_truth score since|deprecated FOLDER [NAME...]` asks `why` in those clones, which have to
be at the commits of the rows, and prints how often it says the same, by half, with 95% intervals (Wilson).
"""

from __future__ import annotations

import argparse
import csv
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from benchmarks.clones import git
from benchmarks.suspects_truth import share_of
from iquest_lsp.codeflow import History
from iquest_lsp.errors import IQuestError

TRUTH = Path(__file__).parent / "truth"
UNRELEASED, NONE = "unreleased", "-"
OF_ONE = 5
HEAD_WORDS = r"(def|class|fn|struct|enum|trait|func|function|interface|type|const|abstract class)"
#: The line that defines a name, as git's extended expressions have it; Go's methods have a receiver.
DEFINES = r"(^|[^[:alnum:]_.#/*])" + HEAD_WORDS + r"[[:space:]]+(\([^)]*\)[[:space:]]*)?{}([^[:alnum:]_]|$)"
_DRAWN = re.compile(rf"^\s*(?:export |pub |async |declare )*{HEAD_WORDS}\s+(?:\([^)]*\)\s*)?([A-Za-z]\w{{7,}})\b")
_COMPOUND = re.compile(r"[a-z0-9]_[a-z0-9]|[a-z][A-Z]")
#: What marks a definition as deprecated above its first line, and in its first lines.
_ABOVE = re.compile(r"@deprecated|#\[deprecated|^\s*(?://|\*)\s*Deprecated:", re.IGNORECASE | re.MULTILINE)
_INSIDE = re.compile(r"\.\. deprecated::|DeprecationWarning")
ENDINGS = ("*.py", "*.rs", "*.go", "*.ts", "*.cts", "*.mts", "*.js")


@dataclass(frozen=True, slots=True)
class Row:
    """A definition and a release."""

    repository: str
    commit: str
    path: str
    name: str
    half: str
    release: str


def tags(root: Path) -> list[str]:
    """The releases, oldest first, those of other branches too."""
    told = git(root, "tag", "--sort=creatordate", "--format=%(refname:short)")
    return [tag for tag in told.split("\n") if re.fullmatch(rf"(?:v|{re.escape(root.name)}-v?)?\d+(?:\.\d+)*", tag)]


def defining(root: Path, tree: str, name: str) -> list[tuple[str, int]]:
    """The files and lines (from 1) of a tree that define a name."""
    given = ["git", "grep", "-n", "-E", DEFINES.format(re.escape(name)), tree, "--", *ENDINGS]
    done = subprocess.run(given, cwd=root, capture_output=True, check=False)
    found = []
    for line in done.stdout.decode("utf-8", "replace").split("\n"):
        if line:
            path, number, _ = line.removeprefix(f"{tree}:").split(":", 2)
            found.append((path, int(number)))
    return found


def is_marked(text: str, path: str, line: int) -> bool:
    """Whether the definition on a line is deprecated: its comment, its decorators or its first lines say so."""
    lines = text.split("\n")
    first = line - 1
    while first > 0 and re.match(r"\s*(?:///|//|\*|/\*|#\[|@|\"|\)|$)", lines[first - 1]) and lines[first - 1].strip():
        first -= 1
    until = next(
        (at for at in range(line, min(line + 25, len(lines))) if re.match(r"\s*(?:def|class)\s", lines[at])), line + 25
    )
    inside = "\n".join(lines[line:until]) if path.endswith(".py") else ""
    return bool(_ABOVE.search("\n".join(lines[first : line - 1])) or _INSIDE.search(inside))


def release_of(root: Path, name: str, *, marked: bool) -> str:
    """The oldest release that defines the name."""
    for tag in tags(root):
        places = defining(root, tag, name)
        if any(not marked or is_marked(git(root, "show", f"{tag}:{path}"), path, line) for path, line in places):
            return tag
    return UNRELEASED


def drawn(root: Path, chance: random.Random) -> Iterator[tuple[str, str, int, str]]:
    """Definitions whose names the files define once, in a random order: path, name, line from 1, the file's text."""
    paths = [path for path in git(root, "ls-files", "-z", *ENDINGS).split("\0") if path]
    paths = [path for path in paths if not re.search(r"test|spec|example|bench|fixture|\.min\.", path, re.IGNORECASE)]
    texts = {path: (root / path).read_text("utf-8", "replace") for path in paths}
    found = [
        (path, match[2], at, text)
        for path, text in texts.items()
        for at, line in enumerate(text.split("\n"), 1)
        if (match := _DRAWN.match(line)) and _COMPOUND.search(match[2])
    ]
    counts = Counter(name for _, name, _, _ in found)
    chance.shuffle(found)
    yield from (item for item in found if counts[item[1]] == 1)


def draw(root: Path, name: str, half: str, what: str) -> Iterator[Row]:
    """Rows of one repository; of the deprecated one in three is not, though its file speaks of it."""
    head = git(root, "rev-parse", "HEAD").strip()
    left = {True: OF_ONE - OF_ONE // 3, False: OF_ONE // 3} if what == "deprecated" else {False: OF_ONE}
    for path, symbol, line, text in drawn(root, random.Random(f"{what} {name}")):
        marked = what == "deprecated" and is_marked(text, path, line)
        speaks = what == "since" or "deprecat" in text.lower()
        if left.get(marked) and speaks and len(defining(root, "HEAD", symbol)) == 1:
            left[marked] -= 1
            there = what == "since" or marked
            yield Row(name, head, path, symbol, half, release_of(root, symbol, marked=marked) if there else NONE)
        if not any(left.values()):
            return


def told(history: History, row: Row, what: str) -> str:
    """The release that `why` names."""
    try:
        story = history.why(f"{row.path}::{row.name}")
    except IQuestError as error:
        return str(error)
    if what == "since":
        # Of a renamed definition both are told, and either is what somebody may ask for.
        return row.release if row.release in (story.since, story.named_since) else story.since or UNRELEASED
    return {None: NONE, "unreleased": UNRELEASED}.get(story.deprecated_in, story.deprecated_in or "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=("draw", "score"))
    parser.add_argument("what", choices=("since", "deprecated"))
    parser.add_argument("folder", type=Path, help="where the clones are, each under its repository's name")
    parser.add_argument("names", nargs="*", help="OWNER/NAME; for draw the half comes first")
    given = parser.parse_args()
    if given.task == "draw":
        out = csv.writer(sys.stdout, lineterminator="\n")
        out.writerow([field.name for field in fields(Row)])
        half, *names = given.names
        for name in names:
            for row in draw(given.folder / name.rsplit("/", 1)[-1], name, half, given.what):
                out.writerow(astuple(row))
                sys.stdout.flush()
        return
    with (TRUTH / f"{given.what}.csv").open(encoding="utf-8", newline="") as file:
        rows = [Row(**row) for row in csv.DictReader(file)]
    asked, right = Counter[str](), Counter[str]()
    histories: dict[str, History] = {}
    for row in rows:
        if given.names and row.repository not in given.names:
            continue
        short = row.repository.rsplit("/", 1)[-1]
        history = histories.setdefault(short, History(given.folder / short, lambda _: False))
        found = told(history, row, given.what)
        asked[row.half] += 1
        right[row.half] += found == row.release
        if found != row.release:
            print(f"{row.repository} {row.path}::{row.name}: {row.release}, told {found}", file=sys.stderr)
    for half, count in sorted(asked.items()):
        print(f"{given.what} {half:9} {share_of(right[half], count)} of {count}", flush=True)


if __name__ == "__main__":
    main()
