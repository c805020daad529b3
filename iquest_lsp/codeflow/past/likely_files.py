"""Files that likely belong to a diff and are not in it: less surely so than what usually changes together.

The ranking is that of companions.py over the newest commits and over what files name of the changed lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from iquest_lsp.codeflow.past.likely_signals import ranked, signals
from iquest_lsp.codeflow.past.name_mentions import Words, changed_words, mentions, weights_of
from iquest_lsp.codeflow.syntax.paths import Category, category

#: How many files, those that the history alone ranks first, are read for what they name and ranked anew.
MAX_READ = 300
#: Commits over more files are sweeps (a first import, a reformat), which say nothing of what belongs together.
SWEEP = 1000
#: Names told of a file, and how much shorter ones say too little.
MAX_NAMES, LEAST_NAME = 3, 4
#: What code alone is called: several words in one. A plain word, a keyword among them, is in any text.
_NAME = re.compile(rb"[A-Za-z0-9]_[A-Za-z0-9]|[a-z0-9][A-Z]")

#: Gives the words of a file in the state after the diff.
ReadWords = Callable[[str], Words]


@dataclass(frozen=True, slots=True)
class Recent:
    """The path lists of the newest commits without merges and sweeps, newest first, and lines by path."""

    commits: Sequence[Sequence[str]] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)


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
    found = signals(recent.commits, given, recent.sizes, {})
    known = {
        path: values
        for path, values in found.items()
        if path in tracked and category(path) not in (Category.LOCK, Category.GENERATED)
    }
    first = [path for path, _ in ranked(known, has_texts=False)[:MAX_READ]]
    changed = changed_words(lines)
    texts = {path: read(path) for path in first} if changed else {}
    weights = weights_of(changed, texts)
    named = mentions(weights, texts)
    known = {path: (*known[path][:-1], named.get(path, 0.0)) for path in first}
    return [
        Likely(path, share, _telling(texts.get(path, frozenset()), weights))
        for path, share in ranked(known, has_texts=bool(named))
    ]


def _telling(words: Words, weights: Mapping[bytes, float]) -> tuple[str, ...]:
    named = (word for word in words & weights.keys() if len(word) >= LEAST_NAME and _NAME.search(word))
    shared = sorted(named, key=lambda word: (-weights[word], word))
    return tuple(word.decode("utf-8", "replace") for word in shared[:MAX_NAMES])
