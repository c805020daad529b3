"""Fits `iquest_lsp/nextedit/precision.json`: how often each sort of next edit is right, by its parts.

    python -m benchmarks.edit_fit FOLDER [--commits N] [--seconds S] [--write]

For each repository of FITTED that lies in FOLDER the last commits that change a name or a signature are made again edit
by edit, definitions' heads first; after each edit all that the predictors think of is judged, sure or not, each
suggestion once. A commit counts for MOST_OF_ONE suggestions of a sort, and MOST_OF_ALL of a predictor, at most. Printed
is how the fit does in each repository when it is fitted to the others alone; HELD_OUT are for `replay --edits --names`
and were never looked at.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from iquest_lsp.bench.next_edits import MOST_OF_ONE, Session
from iquest_lsp.codeflow.reading import texts_of_commits
from iquest_lsp.nextedit import gate

FITTED = ("axios", "black", "express", "flask", "gin", "ripgrep", "tokio")
#: Suggestions of one predictor that a commit counts for at most.
MOST_OF_ALL = 10.0
HELD_OUT = ("core", "curl", "pytest", "cobra")

_NUMBERS = re.compile(r"\[([^][{}\"]*)\]")


@dataclass(slots=True)
class Outcomes:
    """What was thought of in one repository: for each commit and sort how many were right, of how many."""

    name: str
    commits: list[dict[str, tuple[int, int]]] = field(default_factory=list)

    def sorts(self) -> dict[str, tuple[float, float]]:
        """All commits together, each counted for a few of a sort, and of a predictor, only: a sweep is one opinion."""
        found: dict[str, tuple[float, float]] = {}
        for commit in self.commits:
            whole = Counter[str]()
            for sort, (_, made) in commit.items():
                whole[gate.parts_of(sort)[0]] += min(made, MOST_OF_ONE)
            for sort, (right, made) in commit.items():
                weight = min(made, MOST_OF_ONE) * min(1.0, MOST_OF_ALL / whole[gate.parts_of(sort)[0]])
                known = found.get(sort, (0.0, 0.0))
                found[sort] = (known[0] + weight * right / made, known[1] + weight)
        return found


def outcomes(root: Path, commits: int, seconds: float) -> Outcomes:
    """What the predictors think of while the commits of a repository are made again."""
    found = Outcomes(root.name)
    begin = time.process_time()
    for commit in texts_of_commits(root, commits):
        if time.process_time() - begin > seconds:
            break
        session = Session(commit, "human")
        if session.is_by_hand and session.names_change:
            found.commits.append(played(session))
    return found


def played(session: Session) -> dict[str, tuple[int, int]]:
    """What is thought of after each edit of a commit: for each sort how many were right, of how many."""
    seen: set[tuple[object, ...]] = set()
    found: dict[str, tuple[int, int]] = {}
    for path, at in session.edits:
        session.make(path, at)
        for item in session.possible():
            key = (item.path, session.place_of(item), item.old, item.new, item.sort)
            if key not in seen:
                seen.add(key)
                right, made = found.get(item.sort, (0, 0))
                found[item.sort] = (right + (session.judged(item) is not None), made + 1)
    return found


def merged(several: Sequence[Outcomes]) -> dict[str, tuple[float, float]]:
    """The sorts of several repositories together."""
    found: dict[str, tuple[float, float]] = {}
    for item in several:
        for sort, (right, made) in item.sorts().items():
            known = found.get(sort, (0.0, 0.0))
            found[sort] = (known[0] + right, known[1] + made)
    return found


def table(several: Sequence[Outcomes]) -> dict[str, object]:
    """What `precision.json` holds."""
    sorts = merged(several)
    return {
        "repositories": [item.name for item in several],
        "commits": sum(len(item.commits) for item in several),
        "sorts": {name: [round(right, 2), round(made, 2)] for name, (right, made) in sorted(sorts.items())},
        "parts": gate.fitted(sorts),
    }


def rows(several: Sequence[Outcomes]) -> Iterator[tuple[str, int, float, float]]:
    """For each repository, fitted to the others: what passes, which share is right, which share of what is right."""
    for item in several:
        others = [other for other in several if other is not item]
        known = merged(others)
        parts = gate.fitted(known)
        passed = [it for it in item.sorts().items() if gate.estimate(it[0], known, parts) >= gate.LEAST]
        right, made = sum(pair[0] for _, pair in passed), sum(pair[1] for _, pair in passed)
        every = sum(pair[0] for pair in item.sorts().values())
        yield item.name, round(made), right / max(made, 1), right / max(every, 1)


def from_json(data: Sequence[Mapping[str, object]]) -> list[Outcomes]:
    """Outcomes as `--keep` wrote them."""
    return [Outcomes(str(item["name"]), list(item["commits"])) for item in data]  # type: ignore[call-overload]


def laid_out(fit: Mapping[str, object]) -> str:
    """The table as JSON, in which a list of numbers stands on one line."""
    return _NUMBERS.sub(lambda row: f"[{' '.join(row[1].split())}]", json.dumps(fit, indent=2)) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--commits", type=int, default=4000)
    parser.add_argument("--seconds", type=float, default=60.0, help="processor time for each repository")
    parser.add_argument("--outcomes", type=Path, help="read what was collected here, or write it")
    parser.add_argument("--write", action="store_true", help="write precision.json")
    given = parser.parse_args()
    if given.outcomes and given.outcomes.exists():
        several = from_json(json.loads(given.outcomes.read_text("utf-8")))
    else:
        names = [name for name in FITTED if (given.folder / name).exists()]
        several = [outcomes(given.folder / name, given.commits, given.seconds) for name in names]
        if given.outcomes:
            given.outcomes.write_text(json.dumps([{"name": it.name, "commits": it.commits} for it in several]), "utf-8")
    for name, made, right, found in rows(several):
        print(f"{name:10} {made:5} pass, {right:.1%} right, {found:.1%} of what is right")
    fit = table(several)
    if given.write:
        gate.TABLE.write_text(laid_out(fit), "utf-8")
    else:
        print(json.dumps(fit, indent=2))


if __name__ == "__main__":
    main()
