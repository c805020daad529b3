"""How much of a planted truth code flow finds: `python -m benchmarks.codeflow_truth [--seeds 1 2 3] [--commits 600]`.

Prints macro F1 over the kinds of commits (bots and merges aside), how many bug-introducing commits are among the first
three suspects for a log, a line and a file, and what was found of bots, splits and files that change together.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.codeflow_generator import Bug, Generator, Truth
from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow import History
from iquest_lsp.codeflow.diff.filters import Ground
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.flow_index import FlowIndex
from iquest_lsp.codeflow.syntax.symbols import symbols_of


@dataclass
class Found:
    """Counts over all generated histories."""

    pairs: list[tuple[str, str, bool]] = field(default_factory=list)
    ranks: dict[str, list[int]] = field(default_factory=lambda: {"log": [], "line": [], "file": []})
    bots: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    partners: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[str, str, str]] = field(default_factory=list)


def measure(seeds: Sequence[int], commits: int, bugs: int) -> Found:
    """Generates, indexes and compares."""
    found = Found()
    for seed in seeds:
        with tempfile.TemporaryDirectory() as name:
            root, store = Path(name) / "repository", Path(name) / "store"
            generator = Generator(seed)
            generator.make(commits, bugs)
            truth = generator.write(root)
            _history(root, store).update_index()
            _compare(root, store, truth, found)
            for bug in truth.bugs:
                _ask(root, store, truth, bug, found, random.Random(bug.commit))
    return found


def _history(root: Path, store: Path) -> History:
    return History(root, lambda text: False, store)


def macro_f1(pairs: Sequence[tuple[str, str]]) -> tuple[float, dict[str, float]]:
    """Mean F1 over the true kinds, and each of them; pairs are (truth, found)."""
    scores = {}
    for kind in sorted({truth for truth, _ in pairs}):
        hits = sum(truth == found == kind for truth, found in pairs)
        said = sum(found == kind for _, found in pairs)
        real = sum(truth == kind for truth, _ in pairs)
        scores[kind] = 2 * hits / (said + real)
    return sum(scores.values()) / len(scores), scores


def _compare(root: Path, store: Path, truth: Truth, found: Found) -> None:
    with FlowIndex.open(Repository.open(root, shows_all), store) as index:
        entries = {item.oid: item for item in index.entries(limit=1 << 30)}
        splits = {item.oid for item, pattern in index.patterns(1 << 30) if pattern.kind == "split"}
        for number, oid in enumerate(truth.oids):
            entry = entries[oid]
            bot = entry.objection is not None and entry.objection.kind is Ground.BOT
            if number in truth.bots:
                found.bots["found" if bot else "missed"] += 1
                continue
            found.bots["wrong"] += bot
            if number:
                found.pairs.append((truth.kinds[number], entry.kind, truth.vague[number]))
                if truth.kinds[number] != entry.kind:
                    found.wrong.append((truth.kinds[number], entry.kind, entry.subject))
            if number in truth.splits:
                found.splits["found" if oid in splits else "missed"] += 1
            else:
                found.splits["wrong"] += oid in splits
        for code, config in truth.pairs:
            partners = [item.path for item in index.partners([code])][:3]
            found.partners["found" if config in partners else "missed"] += 1


def _ask(root: Path, store: Path, truth: Truth, bug: Bug, found: Found, rng: random.Random) -> None:
    """Asks for suspects as of some commits after the bug."""
    at = min(bug.asked_at, len(truth.oids) - 1)
    subprocess.run(["git", "reset", "-q", "--hard", truth.oids[at]], cwd=root, check=True)
    file = root / bug.path
    symbol = next((item for item in symbols_of(bug.path, file.read_bytes()) if item.short == bug.function), None)
    if symbol is None:
        # Renamed or moved since: then only the file, if anything, can be asked about.
        return
    line = rng.randrange(symbol.head, symbol.end) + 1
    log = (
        f'Traceback (most recent call last):\n  File "/ci/tests/test_it.py", line 3, in test_it\n'
        f'  File "/ci/{bug.path}", line {line}, in {bug.function}\nValueError: wrong\n'
    )
    culprit = truth.oids[bug.commit]
    history = _history(root, store)
    answers = {
        "log": history.suspects_in_log(log),
        "line": history.suspects(f"{bug.path}:{line}"),
        "file": history.suspects(bug.path),
    }
    for name, answer in answers.items():
        oids = [item.commit for item in answer.items]
        found.ranks[name].append(oids.index(culprit) + 1 if culprit in oids else 99)


def report(found: Found) -> dict[str, object]:
    """The figures."""
    everything = [(truth, guess) for truth, guess, _ in found.pairs]
    f1, by_kind = macro_f1(everything)
    vague = [(truth, guess) for truth, guess, empty in found.pairs if empty]
    return {
        "commits": len(everything),
        "kinds_macro_f1": round(f1, 3),
        "kinds_f1": {kind: round(score, 3) for kind, score in by_kind.items()},
        "vague_macro_f1": round(macro_f1(vague)[0], 3),
        "vague_share": round(len(vague) / len(everything), 3),
        "suspects": {
            name: {"asked": len(ranks), "top1": _share(ranks, 1), "top3": _share(ranks, 3), "top5": _share(ranks, 5)}
            for name, ranks in found.ranks.items()
        },
        "bots": dict(found.bots),
        "splits": dict(found.splits),
        "partners": dict(found.partners),
    }


def _share(ranks: Sequence[int], within: int) -> float:
    return round(sum(rank <= within for rank in ranks) / max(1, len(ranks)), 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--commits", type=int, default=600)
    parser.add_argument("--bugs", type=int, default=30)
    parser.add_argument("--wrong", action="store_true", help="also list wrong kinds")
    options = parser.parse_args()
    started = time.monotonic()
    found = measure(options.seeds, options.commits, options.bugs)
    print(json.dumps(report(found) | {"seconds": round(time.monotonic() - started, 1)}, ensure_ascii=False, indent=2))
    if options.wrong:
        for (truth, guess), count in Counter((item[0], item[1]) for item in found.wrong).most_common(25):
            some = [item[2] for item in found.wrong if item[:2] == (truth, guess)][:6]
            print(count, truth, "taken for", guess, some)


if __name__ == "__main__":
    main()
