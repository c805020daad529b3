"""Files that change together, counted over commits, with support and confidence."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iquest_lsp.codeflow.syntax.paths import Category, category

# A commit over more files than this is a sweep (a licence header, a reformat) and says nothing about pairs.
MAX_FILES = 30
# A commit over at most so many other files speaks in full for its pairs; so much in all is asked of a usual partner.
CLOSE, LEAST_WEIGHT = 4, 2.0


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
        for path, counts in together.items()
        for other, count in counts.items()
    ]
    return sorted(found, key=lambda item: (-item.bound, -item.support, item.path, item.of))


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
