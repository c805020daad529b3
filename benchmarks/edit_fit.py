"""Fits `iquest_lsp/nextedit/precision.json`: how often each sort of next edit is right, by its parts.

    python -m benchmarks.edit_fit FOLDER [--commits N] [--seconds S] [--outcomes KEPT] [--write]
    python -m benchmarks.edit_fit FOLDER --mended [--seconds S] [--outcomes KEPT] [--write]

For each repository of FITTED that lies in FOLDER the last commits that change a name or a signature are made again edit
by edit, definitions' heads first; after each edit all that the predictors think of is judged, sure or not, each
suggestion once: whether the commit does just that (`edits`), and whether it changes these lines in any way (`places`).
With --mended only what the mended predictors think of is measured anew, in all commits; the rest of the table stays.
A commit counts for MOST_OF_ONE suggestions of a sort, and MOST_OF_ALL of a predictor, at most. Printed is how the fit
does in each repository when it is fitted to three quarters of them, without it, and why the edits that it did not find
were not found; HELD_OUT are for `replay --edits --names` and were never looked at.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from benchmarks.unredacted import shows_all
from iquest_lsp.bench import edit_shapes
from iquest_lsp.bench.next_edits import MOST_OF_ONE, EditSession
from iquest_lsp.codeflow.reading import category, texts_of_commits
from iquest_lsp.nextedit import gate
from iquest_lsp.nextedit.predict import PLACES, PREDICTORS, PlacePredictor, Predictor
from iquest_lsp.nextedit.predictors import awaits, imports
from iquest_lsp.nextedit.predictors.places.parts import predict as parts_of_types
from iquest_lsp.nextedit.records import Place
from iquest_lsp.nextedit.sorts import PredictorKind, Sort

FITTED = (
    "aiohttp",
    "attrs",
    "axios",
    "bat",
    "chi",
    "clap",
    "click",
    "echo",
    "execa",
    "fastify",
    "fiber",
    "flask",
    "fmt",
    "gin",
    "gson",
    "hono",
    "hyper",
    "libuv",
    "lipgloss",
    "marshmallow",
    "redis",
    "ripgrep",
    "starlette",
    "tokio",
    "viper",
    "zod",
)
#: Parts of the repositories: each is judged by a fit to the other parts.
PARTS = 4
#: The scales of weights that are tried, and the least weight that is kept.
SCALES = [round(0.8 + 0.1 * step, 1) for step in range(7)]
LEAST_WEIGHT = 0.02
#: The share of what is shown that is to be right in repositories that were not fitted to: a little more than is told,
#: since the scale is chosen by them.
AIM = 0.91
#: Suggestions of one predictor that a commit counts for at most.
MOST_OF_ALL = 10.0
#: Sorts of predictors that were mended since they were measured, of which that says nothing any more.
MENDED = re.compile(r"import-")
#: These predictors, and the parts of sorts that are theirs alone.
MENDING = (imports.predict,)
MENDED_PARTS = re.compile(r"import(?: |$)")
#: Predictors that think of little, and are measured in more commits than the others.
RARE = (imports.predict, awaits.predict)
RARE_PLACES = (parts_of_types,)
HELD_OUT = (
    "Catch2",
    "axum",
    "cachetools",
    "commons-io",
    "fasthttp",
    "hiredis",
    "jose",
    "negroni",
    "node-lru-cache",
    "uvicorn",
)

_NUMBERS = re.compile(r"\[([^][{}\"]*)\]")


What = Literal["edits", "places"]
KINDS: tuple[What, ...] = ("edits", "places")


@dataclass(frozen=True, slots=True)
class Thought:
    """A suggestion that came up when edit `step` was made.

    `replacement` numbers what it replaces by what, in its commit, -1 for a place alone; `line` numbers the line it is
    at; `edit` is the one there, if any, which it makes where it is `right`.
    """

    step: int
    replacement: int
    sort: Sort
    edit: int
    right: bool
    line: int

    @classmethod
    def read(cls, row: Sequence[Any]) -> Thought:
        """As `row` wrote it."""
        step, replacement, key, *rest = row
        return cls(step, replacement, Sort.read(key), *rest)

    def row(self) -> tuple[object, ...]:
        """It as JSON has it."""
        return self.step, self.replacement, self.sort.key, self.edit, self.right, self.line

    def counts(self, what: What) -> bool | None:
        """Whether it was right as an edit, or as a place; None where it was none."""
        if what == "places":
            return self.edit >= 0 if gate.is_placed(self.sort) else None
        return self.right if self.replacement >= 0 else None


@dataclass(slots=True)
class Played:
    """A commit made again: its edits in their order (category of the file, shape), and what was thought of."""

    edits: list[tuple[str, str]]
    thoughts: list[Thought] = field(default_factory=list)

    def sorts(self, what: What) -> dict[Sort, tuple[int, int]]:
        """For each sort how many were right, of how many."""
        found: dict[Sort, tuple[int, int]] = {}
        for item in self.thoughts:
            if (is_right := item.counts(what)) is not None:
                right, made = found.get(item.sort, (0, 0))
                found[item.sort] = right + is_right, made + 1
        return found


@dataclass(slots=True)
class Outcomes:
    """What was thought of in one repository."""

    name: str
    commits: list[Played] = field(default_factory=list)
    #: Commits that count for what was thought of alone: played for the rare predictors.
    rare: list[Played] = field(default_factory=list)

    def sorts(self, what: What) -> dict[Sort, tuple[float, float]]:
        """All commits together, each counted for a few of a sort, and of a predictor, only: a sweep is one opinion."""
        found: dict[Sort, tuple[float, float]] = {}
        for commit in (*self.commits, *self.rare):
            sorts = commit.sorts(what)
            whole = Counter[frozenset[PredictorKind]]()
            for sort, (_, made) in sorts.items():
                whole[_predictors(sort)] += min(made, MOST_OF_ONE)
            for sort, (right, made) in sorts.items():
                weight = min(made, MOST_OF_ONE) * min(1.0, MOST_OF_ALL / whole[_predictors(sort)])
                known = found.get(sort, (0.0, 0.0))
                found[sort] = (known[0] + weight * right / made, known[1] + weight)
        return found


def _predictors(sort: Sort) -> frozenset[PredictorKind]:
    return frozenset(sort.predictors)


def _sessions(root: Path, commits: int, seconds: float) -> Iterator[EditSession]:
    """The commits of a repository that people made, to be made again, as many as there is processor time for."""
    begin = time.process_time()
    for commit in texts_of_commits(root, commits, redact=shows_all):
        if time.process_time() - begin > seconds:
            break
        session = EditSession(commit, "human")
        if session.is_by_hand:
            yield session


def rare_outcomes(root: Path, commits: int, seconds: float) -> list[Played]:
    """What the rare predictors think of in the commits that change neither a name nor a signature."""
    others = (session for session in _sessions(root, commits, seconds) if not session.names_change)
    return [one for session in others if (one := played(session, RARE, RARE_PLACES)).thoughts]


def mended_outcomes(root: Path, commits: int, seconds: float) -> Outcomes:
    """What the mended predictors think of in all commits."""
    found = Outcomes(root.name)
    for session in _sessions(root, commits, seconds):
        if (one := played(session, MENDING, ())).thoughts:
            found.commits.append(one)
    return found


def mended(several: Sequence[Outcomes]) -> dict[str, Any]:
    """The table with what was measured of mended sorts in the place of what it had of them.

    Printed is what would be shown in each repository by what was measured in the others.
    """
    table: dict[str, Any] = json.loads(gate.TABLE.read_text("utf-8"))
    old = table["edits"]
    held = {part: weight for part, weight in old["parts"].items() if not MENDED_PARTS.match(part)}
    # Parts of others that weigh too little to be kept weigh nothing here either.
    fits = []
    for item in several:
        known = merged((other for other in several if other is not item), "edits")
        fits.append((known, {**held, **gate.fitted(known, _all_held(known, held))}))
    report(results(several, fits, 1.0, "edits"))
    sorts = merged(several, "edits")
    parts = {part: round(weight, 3) for part, weight in gate.fitted(sorts, _all_held(sorts, held)).items()}
    kept = {key: value for key, value in old["sorts"].items() if not MENDED.search(key)}
    kept |= {sort.key: [round(right, 2), round(made, 2)] for sort, (right, made) in sorts.items() if made > 1}
    old["sorts"] = dict(sorted(kept.items()))
    old["parts"] = dict(sorted({**held, **{part: it for part, it in parts.items() if abs(it) >= LEAST_WEIGHT}}.items()))
    return table


def _all_held(sorts: Mapping[Sort, tuple[float, float]], held: Mapping[str, float]) -> dict[str, float]:
    """The weights of all parts that are not those of mended predictors alone."""
    others = {part for sort in sorts for part in gate.parts_of(sort) if not MENDED_PARTS.match(part)}
    return {part: held.get(part, 0.0) for part in others}


def outcomes(root: Path, commits: int, seconds: float) -> Outcomes:
    """What the predictors think of while the commits of a repository are made again."""
    found = Outcomes(root.name)
    for session in _sessions(root, commits, seconds):
        if session.names_change:
            found.commits.append(played(session))
    return found


def played(
    session: EditSession,
    predictors: Sequence[Predictor] = PREDICTORS,
    places: Sequence[PlacePredictor] = PLACES,
) -> Played:
    """What is thought of after each edit of a commit, each suggestion once."""
    numbers = {edit: at for at, edit in enumerate(session.edits)}
    found = Played(shapes(session))
    seen: set[tuple[object, ...]] = set()
    kinds: dict[tuple[str, str], int] = {}
    lines: dict[str, int] = {}

    def note(step: int, place: Place, replacement: int, judged: tuple[int, bool] | None) -> None:
        at = session.before_line(place.path, place.line) if place.path in session.changes else place.line
        line = lines.setdefault(f"{place.path}:{at}", len(lines))
        if (key := (line, place.sort, replacement)) not in seen:
            seen.add(key)
            hit = judged[0] if judged is not None else session.edit_in(place)
            number = numbers[place.path, hit] if hit is not None else -1
            found.thoughts.append(Thought(step, replacement, place.sort, number, judged is not None, line))

    for step, (path, at) in enumerate(session.edits):
        session.make(path, at)
        for item in gate.joined(session.possible(predictors)):
            note(step, Place.of(item), kinds.setdefault((item.old, item.new), len(kinds)), session.judged(item))
        for place in session.places(places):
            note(step, place, -1, None)
    return found


def shapes(session: EditSession) -> list[tuple[str, str]]:
    """For each edit the category of its file, and what sort of edit it is."""
    sorts = edit_shapes.shapes([session.changes[path].edits[at] for path, at in session.edits])
    return [(category(path).value, shape) for (path, _), shape in zip(session.edits, sorts, strict=True)]


def merged(several: Iterable[Outcomes], what: What) -> dict[Sort, tuple[float, float]]:
    """The sorts of several repositories together."""
    found: dict[Sort, tuple[float, float]] = {}
    for item in several:
        for sort, (right, made) in item.sorts(what).items():
            known = found.get(sort, (0.0, 0.0))
            found[sort] = (known[0] + right, known[1] + made)
    return found


def table(several: Sequence[Outcomes], scales: Mapping[What, float]) -> dict[str, object]:
    """What `precision.json` holds; the weights of parts are drawn towards 0 by a scale."""
    found: dict[str, object] = {
        "repositories": sorted(item.name for item in several),
        "commits": sum(len(item.commits) for item in several),
    }
    for what, scale in scales.items():
        sorts = merged(several, what)
        parts = {part: round(weight * scale, 3) for part, weight in gate.fitted(sorts).items()}
        found[what] = {
            "scale": scale,
            "sorts": {
                sort.key: [round(right, 2), round(made, 2)]
                for sort, (right, made) in sorted(sorts.items(), key=lambda item: item[0].key)
                if made > 1
            },
            "parts": {part: weight for part, weight in parts.items() if abs(weight) >= LEAST_WEIGHT},
        }
    return found


@dataclass(slots=True)
class Result:
    """What would be shown in one repository: how many, how many of them right, edits after the first, and causes."""

    name: str
    commits: int = 0
    shown: float = 0
    right: float = 0
    later: int = 0
    causes: Counter[str] = field(default_factory=Counter)


Fit = tuple[dict[Sort, tuple[float, float]], dict[str, float]]


def fits_to_others(several: Sequence[Outcomes], what: What) -> list[Fit]:
    """For each repository what was measured in others, and the weights that fit it: those outside its part of all."""
    fits: list[Fit] = []
    for part in range(min(PARTS, len(several))):
        known = merged((item for at, item in enumerate(several) if at % PARTS != part), what)
        fits.append((known, gate.fitted(known)))
    return [fits[at % PARTS] for at in range(len(several))]


def results(several: Sequence[Outcomes], fits: Sequence[Fit], scale: float, what: What) -> list[Result]:
    """What would be shown in each repository by its fit, about as `replay --edits --names` counts it.

    A wrong suggestion is put away, and after two of them so is its replacement; at most one is wrong at each edit. A
    place is told once.
    """
    found = []
    for item, (known, parts) in zip(several, fits, strict=True):
        drawn = {part: weight * scale for part, weight in parts.items()}
        estimates = {sort: gate.estimate(sort, known, drawn) for sort in item.sorts(what)}
        result = Result(item.name, len(item.commits))
        for commit in item.commits:
            (_count if what == "edits" else _count_places)(commit, estimates, gate.LEAST, result)
        found.append(result)
    return found


def honest(several: Sequence[Outcomes], what: What) -> tuple[float, list[Result]]:
    """The scale of weights by which most is found while what is shown is right as often as said.

    It is judged in repositories that were not fitted to; where no scale does it, it is the least.
    """
    fits = fits_to_others(several, what)
    tried = [(scale, results(several, fits, scale, what)) for scale in SCALES]
    good = [(scale, found) for scale, found in tried if _right(found) >= AIM]
    return max(good, key=lambda one: sum(item.right for item in one[1])) if good else tried[0]


def _right(found: Sequence[Result]) -> float:
    return sum(item.right for item in found) / max(sum(item.shown for item in found), 1)


def _count(commit: Played, estimates: Mapping[Sort, float], least: float, result: Result) -> None:
    found: set[int] = set()
    refused, stopped = Counter[int](), set[int]()
    for thought in sorted(commit.thoughts, key=lambda thought: thought.step):
        if (
            estimates.get(thought.sort, 0) < least
            or thought.replacement < 0
            or refused[thought.replacement] >= gate.TWICE
            or thought.edit in found
        ):
            continue
        if thought.right:
            found.add(thought.edit)
        elif thought.step not in stopped:
            stopped.add(thought.step)
            refused[thought.replacement] += 1
    right = {thought.edit for thought in commit.thoughts if thought.right}
    wrong = {thought.edit for thought in commit.thoughts} - right
    result.shown += len(found) + refused.total()
    result.right += len(found)
    result.later += len(commit.edits) - 1
    for at, (kind, shape) in enumerate(commit.edits):
        if at:
            missed = "below the gate" if at in right else "another text" if at in wrong else "not thought of"
            cause = "found" if at in found else missed
            result.causes[f"{cause}: {shape}"] += 1
            result.causes[f"{cause} in {kind}"] += 1


def _count_places(commit: Played, estimates: Mapping[Sort, float], least: float, result: Result) -> None:
    told: set[int] = set()
    hit: set[int] = set()
    right = 0
    for thought in sorted(commit.thoughts, key=lambda thought: thought.step):
        if estimates.get(thought.sort, 0) >= least and thought.line not in told:
            told.add(thought.line)
            right += thought.edit >= 0
            hit |= {thought.edit} - {-1}
    result.shown += len(told)
    result.right += right
    result.later += len(commit.edits) - 1
    result.causes["named by a place"] += len(hit)


def from_json(data: Sequence[Mapping[str, Any]]) -> list[Outcomes]:
    """Outcomes as `to_json` wrote them."""
    return [
        Outcomes(
            item["name"],
            *(
                [
                    Played(
                        [(kind, shape) for kind, shape in one["edits"]],
                        [Thought.read(each) for each in one["thoughts"]],
                    )
                    for one in item.get(which, ())
                ]
                for which in ("commits", "rare")
            ),
        )
        for item in data
    ]


def to_json(several: Sequence[Outcomes]) -> list[dict[str, Any]]:
    """Outcomes as JSON."""
    return [
        {
            "name": item.name,
            **{
                which: [{"edits": one.edits, "thoughts": [thought.row() for thought in one.thoughts]} for one in played]
                for which, played in (("commits", item.commits), ("rare", item.rare))
            },
        }
        for item in several
    ]


def laid_out(fit: Mapping[str, object]) -> str:
    """The table as JSON, in which a list of numbers stands on one line."""
    return _NUMBERS.sub(lambda row: f"[{' '.join(row[1].split())}]", json.dumps(fit, indent=2)) + "\n"


def collected(root: Path, commits: int, seconds: float, folder: Path | None, *, mended: bool) -> Outcomes:
    """The outcomes of a repository, from the folder where they are kept."""
    kept = folder / f"{root.name}.json" if folder is not None else None
    if kept is not None and kept.exists():
        return from_json(json.loads(kept.read_text("utf-8")))[0]
    if mended:
        found = mended_outcomes(root, commits, seconds)
    else:
        found = outcomes(root, commits, seconds)
        found.rare = rare_outcomes(root, commits, seconds / 2)
    if kept is not None:
        kept.write_text(json.dumps(to_json([found])), "utf-8")
    return found


def report(every: Sequence[Result]) -> None:
    """Prints what came of each repository, and of all together."""
    causes = Counter[str]()
    for result in every:
        causes += result.causes
        print(
            f"{result.name:10} {result.commits:4} commits, {result.shown:4.0f} shown,"
            f" {result.right / max(result.shown, 1):.1%} right, {result.right / max(result.later, 1):.1%} found"
        )
    shown, right = sum(item.shown for item in every), sum(item.right for item in every)
    print(f"together {shown:.0f} shown, {right / max(shown, 1):.1%} right", end=", ")
    print(f"{right / max(sum(item.later for item in every), 1):.1%} found")
    for cause, count in causes.most_common():
        print(f"{count:5} {cause}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--commits", type=int, default=4000)
    parser.add_argument("--seconds", type=float, default=60.0, help="processor time for each repository")
    parser.add_argument("--outcomes", type=Path, help="a folder that keeps what was collected, for each repository")
    parser.add_argument("--mended", action="store_true", help="measure mended predictors alone")
    parser.add_argument("--only", action="append", help="collect this repository alone (may be repeated)")
    parser.add_argument("--write", action="store_true", help="write precision.json")
    given = parser.parse_args()
    several = [
        collected(given.folder / name, given.commits, given.seconds, given.outcomes, mended=given.mended)
        for name in given.only or FITTED
        if (given.folder / name).exists()
    ]
    if given.only:
        return
    if given.mended:
        fit = mended(several)
        if given.write:
            gate.TABLE.write_text(laid_out(fit), "utf-8")
        return
    scales: dict[What, float] = {}
    for what in KINDS:
        scales[what], every = honest(several, what)
        print(f"{what}: weights are drawn to {scales[what]} of what they were fitted to")
        report(every)
    fit = table(several, scales)
    if given.write:
        gate.TABLE.write_text(laid_out(fit), "utf-8")
    else:
        print(json.dumps(fit, indent=2))


if __name__ == "__main__":
    main()
