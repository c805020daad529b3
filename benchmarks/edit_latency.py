"""Processor time from a key to the next edits that it asks for, in one repository.

    python -m benchmarks.edit_latency REPOSITORY [--sessions N]

A session opens a source file and types another name over that of a function, key by key; after each key the
suggestions are worked out as they are for an editor (`nextedit/worker.py`). Times are processor time of this process
and of the git processes that it started; the first key of a session in a file is apart, and so are the searches through
the repository that it leaves out, which are done behind it, with the answer that then knows of them. `--profile` prints
where the time goes.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import random
import re
import resource
import sys
from pathlib import Path

from iquest_lsp.bench.report import percentile
from iquest_lsp.codeflow.reading import ChangedText, symbols_of
from iquest_lsp.nextedit import worker

KEYS = "renamed_so"


def cpu_ms() -> float:
    """Processor time so far, children's too, in milliseconds."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return 1000 * (own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime)


def session(root: Path, path: str, rng: random.Random) -> tuple[list[float], list[float], list[float]] | None:
    """Milliseconds of each key, of each search behind them, and of each answer that knows of these.

    None where the file has no function to rename.
    """
    before = (root / path).read_text("utf-8", "replace")
    symbols = [item for item in symbols_of(path, before.encode()) if item.kind in ("function", "method")]
    symbols = [item for item in symbols if len(item.short) > 4 and not item.short.startswith("__")]
    if not symbols:
        return None
    symbol = rng.choice(symbols)
    lines = before.split("\n")
    row = next(
        (
            at
            for at in range(symbol.start, min(symbol.head + 1, len(lines)))
            if re.search(rf"\b{symbol.short}\b", lines[at])
        ),
        None,
    )
    if row is None:
        return None
    found = []
    searches, answers = [], []
    for count in range(1, len(KEYS) + 1):
        line = re.sub(rf"\b{symbol.short}\b", KEYS[:count], lines[row], count=1)
        after = "\n".join([*lines[:row], line, *lines[row + 1 :]])
        ask = (root, 0, (), [ChangedText(path, before, after)], {path: after}, (path, row))
        begin = cpu_ms()
        _, wanted = worker.suggest(*ask)
        found.append(cpu_ms() - begin)
        while wanted:
            for each in wanted:
                begin = cpu_ms()
                result = worker.search(*ask[:3], each)
                searches.append(cpu_ms() - begin)
                worker.learn(*ask[:3], each, result)
            begin = cpu_ms()
            _, wanted = worker.suggest(*ask)
            answers.append(cpu_ms() - begin)
    return found, searches, answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository", type=Path)
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    rng = random.Random(19)
    files = sorted(
        str(path.relative_to(given.repository))
        for path in given.repository.rglob("*")
        if path.suffix in (".py", ".ts", ".go", ".rs", ".c", ".js") and path.stat().st_size > 2000
    )
    profile = cProfile.Profile() if given.profile else None
    first: list[float] = []
    later: list[float] = []
    behind: list[float] = []
    known: list[float] = []
    while len(first) < given.sessions:
        path = rng.choice(files)
        if profile is not None:
            profile.enable()
        found = session(given.repository, path, rng)
        if profile is not None:
            profile.disable()
        if found:
            first.append(found[0][0])
            later += found[0][1:]
            behind += found[1]
            known += found[2]
    cases = {"first key": first, "later keys": later, "searches behind": behind, "answers after them": known}
    rows = [
        {"case": name, "keys": len(ms), "p50_ms": percentile(sorted(ms), 0.5), "p95_ms": percentile(sorted(ms), 0.95)}
        for name, ms in cases.items()
    ]
    print(json.dumps({"repository": given.repository.name, "files": len(files), "rows": rows}, indent=1))
    if profile is not None:
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(30)
        pstats.Stats(profile, stream=sys.stderr).sort_stats("cumtime").print_stats(50)


if __name__ == "__main__":
    main()
