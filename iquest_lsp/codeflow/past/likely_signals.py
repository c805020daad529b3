"""Files that likely change with all of some given files: a few signals of the history and of names, fixed weights.

The weights are those of a conditional logit (McFadden, 1974), fitted to hidden files of many commits of this project's
and of several packages' histories; `python -m benchmarks.codeflow_fit` fits them, and measures them on each history
with weights that it had no part in.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from iquest_lsp.codeflow.syntax.paths import stem

#: Wider commits say nothing about pairs; in how many commits the weight of pairs and of activity halves; how much the
#: activity of a file counts against what it did together with others.
WIDE, HALF_LIFE, RECENT, PRIOR = 100, 60, 10, 0.3

Signals = tuple[float, ...]
SIGNALS = (
    "share of the commits on a given file that touch it (logarithm of the mean)",
    "likeness of its commits to those of the nearest given file (cosine)",
    "changed by the newest commit",
    "size in lines, by how many files are given (logarithms)",
    "a test and what it tests, by name",
    "share of the given files in its folder",
    "share of its folder's files that are given",
    "given files in its folder (logarithm)",
    "files in its folder (logarithm)",
    "how densely it names what the changed lines of the given files name (where texts are known)",
)
WEIGHTS: Signals = (0.68, 1.56, 0.71, 0.1, 0.56, 0.19, 1.56, 0.63, -0.84, 0.0)
#: The same where texts are known.
TEXT_WEIGHTS: Signals = (0.72, 1.26, 0.6, 0.0, 0.55, -0.01, 1.59, 0.5, -0.86, 1.43)


def likely(
    commits: Sequence[Sequence[str]],
    given: Sequence[str],
    sizes: Mapping[str, int] | None = None,
    mentioned: Mapping[str, float] | None = None,
) -> list[tuple[str, float]]:
    """Files that likely change with all of `given`, likeliest first, with a probability that only ranks.

    `commits` are path lists, newest first; `sizes` are lines by path and `mentioned` comes from `mentions`, where they
    are known.
    """
    return ranked(signals(commits, given, sizes or {}, mentioned or {}), has_texts=bool(mentioned))


def ranked(found: Mapping[str, Signals], *, has_texts: bool) -> list[tuple[str, float]]:
    """The same of signals that are known already."""
    weights = TEXT_WEIGHTS if has_texts else WEIGHTS
    scores = {path: sum(map(float.__mul__, weights, values)) for path, values in found.items()}
    most = max(scores.values(), default=0.0)
    shares = {path: math.exp(score - most) for path, score in scores.items()}
    total = sum(shares.values())
    ordered = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    return [(path, share / total) for path, share in ordered]


def signals(
    commits: Sequence[Sequence[str]], given: Sequence[str], sizes: Mapping[str, int], mentioned: Mapping[str, float]
) -> dict[str, Signals]:
    """The SIGNALS of every file of the history that is not given."""
    seen = _Activity.of(commits, set(given))
    if not given or not seen.ever:
        return {}
    near = _Near.of(given, seen.ever)
    wide = math.log(len(given) + 1)
    return {
        path: (
            *seen.signals(path, given),
            wide * math.log1p(max(0, sizes.get(path, 0))),
            *near.signals(path),
            mentioned.get(path, 0.0),
        )
        for path in seen.ever
        if path not in seen.wanted
    }


@dataclass(frozen=True, slots=True)
class _Activity:
    """How often files changed, and with what; newer and smaller commits count more in all but `ever`.

    `mass` is the weight of all commits in `lately`.
    """

    wanted: set[str]
    ever: Counter[str]
    lately: dict[str, float]
    newest: frozenset[str]
    together: dict[str, dict[str, float]]
    totals: dict[str, float]
    mass: float
    count: int

    @classmethod
    def of(cls, commits: Sequence[Sequence[str]], wanted: set[str]) -> _Activity:
        ever: Counter[str] = Counter()
        lately: defaultdict[str, float] = defaultdict(float)
        together: defaultdict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        totals: defaultdict[str, float] = defaultdict(float)
        newest: frozenset[str] = frozenset()
        mass, count = 0.0, 0
        for age, paths in enumerate(commits):
            distinct = set(paths)
            if not distinct:
                continue
            newest = newest if age else frozenset(distinct)
            recent = 0.5 ** (age / RECENT)
            mass, count = mass + recent, count + 1
            ever.update(distinct)
            weight = 0.5 ** (age / HALF_LIFE) / math.sqrt(len(distinct))
            for path in distinct:
                lately[path] += recent
                totals[path] += weight
            for path in distinct & wanted if len(distinct) <= WIDE else ():
                for other in distinct - wanted:
                    together[other][path] += weight
        return cls(wanted, ever, lately, newest, together, totals, mass, count)

    def signals(self, path: str, given: Sequence[str]) -> tuple[float, float, float]:
        """Share, likeness, and whether it is in the newest commit."""
        active = 0.5 * self.lately[path] / self.mass + 0.5 * self.ever[path] / self.count
        along = self.together.get(path, {})
        shares = [(along.get(item, 0.0) + PRIOR * active) / (self.totals.get(item, 0.0) + PRIOR) for item in given]
        own = self.totals[path] + 0.1
        alike = [along.get(item, 0.0) / math.sqrt((self.totals.get(item, 0.0) + 0.1) * own) for item in given]
        return math.log(sum(shares) / len(shares) + 0.005), max(alike), float(path in self.newest)


@dataclass(frozen=True, slots=True)
class _Near:
    """What names and folders say."""

    count: int
    stems: frozenset[str]
    folders: Counter[str]
    sizes: Counter[str]

    @classmethod
    def of(cls, given: Sequence[str], known: Iterable[str]) -> _Near:
        return cls(len(given), frozenset(map(stem, given)), Counter(map(_folder, given)), Counter(map(_folder, known)))

    def signals(self, path: str) -> tuple[float, float, float, float, float]:
        """The last five of SIGNALS."""
        here, size = self.folders[_folder(path)], max(1, self.sizes[_folder(path)])
        return (float(stem(path) in self.stems), here / self.count, here / size, math.log1p(here), math.log1p(size))


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
