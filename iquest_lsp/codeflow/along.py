"""Files that likely belong to a diff and are not in it: less surely so than what usually changes together.

The ranking is that of companions.py over the newest commits and over what files name of the changed lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from iquest_lsp.codeflow.companions import likely
from iquest_lsp.codeflow.mentions import Words, changed_words, mentions, weights_of
from iquest_lsp.codeflow.paths import Category, category

#: How many files, those that the history alone ranks first, are read for what they name.
MAX_READ = 300
#: Names told of a file, and how much shorter ones say too little.
MAX_NAMES, LEAST_NAME = 3, 4

#: Gives the words of a file in the state after the diff.
ReadWords = Callable[[str], Words]


@dataclass(frozen=True, slots=True)
class Recent:
    """The path lists of the newest commits without merges, newest first, and lines by path."""

    commits: Sequence[Sequence[str]] = ()
    sizes: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Likely:
    """A file, its share of the likelihood of all, and the telling names that it shares with the changed lines."""

    path: str
    share: float
    names: tuple[str, ...]


def likely_along(
    recent: Recent, given: Sequence[str], lines: Iterable[str], read: ReadWords, tracked: Set[str]
) -> list[Likely]:
    """Tracked files outside `given` that likely change along with these, likeliest first.

    `lines` are the changed lines of the given files.
    """
    def candidates(mentioned: Mapping[str, float] | None = None) -> list[tuple[str, float]]:
        ranked = likely(recent.commits, given, recent.sizes, mentioned)
        return [item for item in ranked if item[0] in tracked
                and category(item[0]) not in (Category.LOCK, Category.GENERATED)]

    changed = changed_words(lines)
    texts = {path: read(path) for path, _ in candidates()[:MAX_READ]} if changed else {}
    weights = weights_of(changed, texts)
    return [
        Likely(path, share, _telling(texts.get(path, frozenset()), weights))
        for path, share in candidates(mentions(weights, texts))
    ]


def _telling(words: Words, weights: Mapping[bytes, float]) -> tuple[str, ...]:
    shared = sorted((word for word in words & weights.keys() if len(word) >= LEAST_NAME),
                    key=lambda word: (-weights[word], word))
    return tuple(word.decode("utf-8", "replace") for word in shared[:MAX_NAMES])
