"""Files that change together, counted over commits, with support and confidence."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iquest_lsp.codeflow.paths import Category, category, stem

# A commit over more files than this is a sweep (a licence header, a reformat) and says nothing about pairs.
MAX_FILES = 30
# A commit over at most so many other files speaks in full for its pairs; so much in all is asked of a usual partner.
CLOSE, LEAST_WEIGHT = 4, 2.0
# For ranking, where wide commits weigh little instead: in how many commits the weight of pairs and of activity halves,
# and how much the activity of a file counts against what it did together with others.
WIDE, HALF_LIFE, RECENT, PRIOR = 100, 60, 10, 0.3


@dataclass(frozen=True, slots=True)
class Partner:
    """A file that usually changes with `of`: in `support` of the `total` commits that touch `of`.

    `confidence` is support / total. `weight` and `mass` are the same two counts, with a commit counted the less, the
    more files it touches (what changes with everything belongs to nothing); `bound` is the lower end of the 90% Wilson
    interval of their share, by which partners are ranked.
    """

    path: str
    of: str
    support: int
    total: int
    weight: float
    mass: float

    @property
    def confidence(self) -> float:
        """Share of the commits that touch `of` which touch this file too."""
        return self.support / self.total if self.total else 0.0

    @property
    def bound(self) -> float:
        """What that share is at least, given how few telling commits there are."""
        return wilson_bound(self.weight, self.mass)


def wilson_bound(hits: float, total: float, z: float = 1.2816) -> float:
    """Lower end of the Wilson score interval of a proportion (E. B. Wilson, 1927); z = 1.2816 leaves 10% below."""
    if total <= 0:
        return 0.0
    share = hits / total
    centre = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return max(0.0, (centre - spread) / (1 + z * z / total))


def partners(commits: Iterable[Sequence[str]], of: Sequence[str]) -> list[Partner]:
    """For every file of `of`, the files that changed with it; `commits` are the path lists of the commits."""
    wanted = set(of)
    totals: Counter[str] = Counter()
    together: defaultdict[str, Counter[str]] = defaultdict(Counter)
    weights: defaultdict[tuple[str, str], float] = defaultdict(float)
    mass: defaultdict[str, float] = defaultdict(float)
    for paths in commits:
        distinct = set(paths)
        if not distinct or len(distinct) > MAX_FILES:
            continue
        weight = min(1.0, CLOSE / max(1, len(distinct) - 1))
        for path in distinct & wanted:
            totals[path] += 1
            mass[path] += weight
            together[path].update(distinct - {path})
            for other in distinct - {path}:
                weights[path, other] += weight
    found = [
        Partner(other, path, count, totals[path], weights[path, other], mass[path])
        for path, counts in together.items() for other, count in counts.items()
    ]  # fmt: skip
    return sorted(found, key=lambda item: (-item.bound, -item.support, item.path))


def usual(found: Iterable[Partner], present: Iterable[str]) -> list[Partner]:
    """The partners worth naming: seen often enough, not `present` already, best for each path, no lock files."""
    seen = set(present)
    kept = []
    for item in found:
        if item.path in seen or category(item.path) in (Category.LOCK, Category.GENERATED):
            continue
        sure = item.support >= 5 or item.confidence >= 0.8  # few commits must nearly all agree
        often = item.support >= 3 and sure and (item.bound >= 0.4 or (item.support >= 8 and item.bound >= 0.3))
        if often and item.weight >= LEAST_WEIGHT:
            kept.append(item)
            seen.add(item.path)
    return kept


def likely(commits: Sequence[Sequence[str]], given: Sequence[str]) -> list[tuple[str, float]]:
    """Files that likely change with all of `given`, likeliest first; `commits` are path lists, newest first.

    What is told apart: how active a file is, ever and lately; the share of commits on a given file that touch it,
    shrunk towards how active it is, newer and smaller commits counting more; and, without any history, a common
    folder, a common kind of file, and the name that a test has of what it tests. The weights are those of a conditional
    logit (McFadden, 1974) fitted to hidden files of this project's history and of click's releases; scores are its
    probabilities.
    """
    seen = _Activity.of(commits, set(given))
    if not given or not seen.ever:
        return []
    near = _Near.of(given, seen.ever)
    scores = {path: seen.score(path, given) + near.score(path) for path in seen.ever if path not in seen.wanted}
    most = max(scores.values(), default=0.0)
    shares = {path: math.exp(score - most) for path, score in scores.items()}
    total = sum(shares.values())
    ordered = sorted(shares.items(), key=lambda item: (-item[1], item[0]))
    return [(path, share / total) for path, share in ordered]


@dataclass(frozen=True, slots=True)
class _Activity:
    """How often files changed, and with what. `mass` is the weight of all commits in `lately`."""

    wanted: set[str]
    ever: Counter[str]
    lately: dict[str, float]
    last: dict[str, int]
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
        last: dict[str, int] = {}
        mass, count = 0.0, 0
        for age, paths in enumerate(commits):
            distinct = set(paths)
            if not distinct:
                continue
            recent = 0.5 ** (age / RECENT)
            mass, count = mass + recent, count + 1
            ever.update(distinct)
            for path in distinct:
                lately[path] += recent
                last.setdefault(path, age)
            weight = 0.5 ** (age / HALF_LIFE) / math.sqrt(len(distinct))
            for path in distinct & wanted if len(distinct) <= WIDE else ():
                totals[path] += weight
                for other in distinct - wanted:
                    together[other][path] += weight
        return cls(wanted, ever, lately, last, together, totals, mass, count)

    def score(self, path: str, given: Sequence[str]) -> float:
        """The part of a file's score that history speaks for."""
        active = 0.5 * self.lately[path] / self.mass + 0.5 * self.ever[path] / self.count
        along = self.together.get(path, {})
        shares = [(along.get(item, 0.0) + PRIOR * active) / (self.totals.get(item, 0.0) + PRIOR) for item in given]
        age = self.last[path]
        return (
            0.32 * math.log((self.ever[path] + 0.5) / (self.count + 1))
            + 0.19 * math.log((self.lately[path] + 0.1) / (self.mass + 0.1))
            + 1.04 * math.log(sum(shares) / len(shares) + 0.005) + 0.06 * math.log(max(shares) + 0.005)
            + 1.14 * (age == 0) + 0.32 * math.log1p(age)
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Near:
    """What names and folders say."""

    count: int
    stems: frozenset[str]
    folders: Counter[str]
    sizes: Counter[str]
    kinds: Counter[str]

    @classmethod
    def of(cls, given: Sequence[str], known: Iterable[str]) -> _Near:
        return cls(len(given), frozenset(map(stem, given)), Counter(map(_folder, given)), Counter(map(_folder, known)),
                   Counter(map(_extension, given)))  # fmt: skip

    def score(self, path: str) -> float:
        """The part of a file's score that needs no history."""
        here = self.folders[_folder(path)]
        size = max(1, self.sizes[_folder(path)])
        return (
            0.74 * (stem(path) in self.stems) + 0.28 * here / self.count + 0.21 * here / size
            + 1.51 * math.log1p(here) - 1.20 * math.log1p(size) + 0.25 * self.kinds[_extension(path)] / self.count
        )  # fmt: skip


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _extension(path: str) -> str:
    name = path.rpartition("/")[2]
    return name.rpartition(".")[2] if "." in name else ""
