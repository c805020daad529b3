"""What replayed next edits came to, setting by setting."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from iquest_lsp.bench.replay import wilson
from iquest_lsp.bench.report import percentile
from iquest_lsp.nextedit.gate import precision
from iquest_lsp.nextedit.sorts import Sort


@dataclass(slots=True)
class Tally:
    """What was shown for the commits of one setting, and what became of it."""

    setting: str
    commits: int = 0
    edits: int = 0
    later: int = 0
    shown: int = 0
    right: int = 0
    whole: int = 0
    found: int = 0
    #: Edits after the first that those before could have told, and how many of them were found.
    derivable: int = 0
    told: int = 0
    #: Places to look at that were told, those of them that the commit changes, and edits that only a place told.
    places: int = 0
    changed: int = 0
    placed: int = 0
    #: Commits at whose end a place was told that had not been told before.
    noisy: int = 0
    reversed: int = 0
    typed: int = 0
    saved: int = 0
    ended: int = 0
    quiet: int = 0
    ms: list[float] = field(default_factory=list)
    sorts: dict[Sort, list[float]] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """The row of the report; times are processor time."""
        ms = sorted(self.ms)
        return {
            "setting": self.setting,
            "commits": self.commits,
            "edits": self.edits,
            "shown": self.shown,
            "precision": _share(self.right, self.shown),
            "precision_interval": list(wilson(self.right, self.shown)),
            "recall": _share(self.found, self.later),
            "recall_interval": list(wilson(self.found, self.later)),
            "derivable": self.derivable,
            "derivable_recall": _share(self.told, self.derivable),
            "derivable_recall_interval": list(wilson(self.told, self.derivable)),
            "places": self.places,
            "places_precision": _share(self.changed, self.places),
            "places_precision_interval": list(wilson(self.changed, self.places)),
            "named_recall": _share(self.found + self.placed, self.later),
            "named_recall_interval": list(wilson(self.found + self.placed, self.later)),
            "quiet_places": _share(self.ended - self.noisy, self.ended),
            "quiet": _share(self.quiet, self.ended),
            "kept": _share(self.whole, self.shown),
            "reversed": _share(self.reversed, self.shown),
            "saved_characters": _share(self.saved, self.typed),
            "p50_ms": percentile(ms, 0.5) if ms else 0.0,
            "p95_ms": percentile(ms, 0.95) if ms else 0.0,
        }


def measured_sorts(tallies: Iterable[Tally]) -> dict[str, dict[str, float]]:
    """For each sort of suggestion how many were right, of how many, and what is assumed of it."""
    sorts: dict[Sort, list[float]] = {}
    for tally in tallies:
        for sort, (right, made) in tally.sorts.items():
            known = sorts.setdefault(sort, [0.0, 0.0])
            known[0] += right
            known[1] += made
    return {
        sort.key: {"right": round(right, 2), "made": made, "assumed": round(precision(sort), 3)}
        for sort, (right, made) in sorted(sorts.items(), key=lambda item: item[0].key)
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
