"""How fast code flow is on a long history: `python -m benchmarks.codeflow_speed [--commits 10000]`.

Prints, for one machine and one run: the first index (commits and paths; then definitions of the newest 2,000), one new
commit, every query on what is indexed (median and worst of many), and the memory of the indexing process. Without a
repository it generates one.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.codeflow_generator import Generator
from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.answers.flow_records import flow_records_of
from iquest_lsp.codeflow.answers.suspects import suspects_of_target
from iquest_lsp.codeflow.answers.targets import find_target
from iquest_lsp.codeflow.answers.why import tell
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.flow_index import FlowIndex
from iquest_lsp.codeflow.past.unindexed import LiveEvidence


def measure(root: Path, store: Path, deep: int) -> dict[str, object]:
    """The figures for one repository, whose store is made anew."""
    repository = Repository.open(root, shows_all)
    figures: dict[str, object] = {"machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"}
    with FlowIndex.open(repository, store) as index:
        began = time.perf_counter()
        spent = _processor_seconds()
        first = index.update(deep=0)
        figures["commits"] = first.commits
        figures["paths_seconds"] = round(time.perf_counter() - began, 1)
        figures["paths_processor_seconds"] = round(_processor_seconds() - spent, 1)
        began, spent = time.perf_counter(), _processor_seconds()
        figures["deep_commits"] = index.update(deep=deep).deep
        figures["symbols_seconds"] = round(time.perf_counter() - began, 1)
        figures["symbols_processor_seconds"] = round(_processor_seconds() - spent, 1)
        figures["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        figures["store_mb"] = round(sum(path.stat().st_size for path in store.iterdir()) / 1e6, 1)
        figures["unchanged_ms"] = _times(lambda: index.update(deep=deep), 5)
        figures["new_commit_ms"] = _new_commits(root, index, deep)
        figures["queries_ms"] = _queries(repository, index)
    return figures


def _new_commits(root: Path, index: FlowIndex, deep: int) -> dict[str, float]:
    path = next(path for path in index.repository.files() if path.endswith((".py", ".c", ".js")))
    taken = []
    for number in range(5):
        with (root / path).open("a") as file:
            file.write(f"\n# {number}\n")
        identity = ("-c", "user.name=A", "-c", "user.email=a@x.org")
        subprocess.run(["git", *identity, "commit", "-qam", f"Note {number}"], cwd=root, check=True)
        began = time.perf_counter()
        assert index.update(deep=deep).commits == 1
        taken.append((time.perf_counter() - began) * 1000)
    return _spread(taken)


def _queries(repository: Repository, index: FlowIndex) -> dict[str, dict[str, float]]:
    """The questions as they reach the store, on the files that change most, which are the slowest."""
    entries = index.entries(limit=2000)
    counts: dict[str, int] = {}
    for paths in index.paths_of([item.key for item in entries]).values():
        for path in paths:
            counts[path] = counts.get(path, 0) + 1
    there = set(repository.files())
    busy = [path for path in sorted(counts, key=lambda path: -counts[path]) if path in there][:8]
    code = [path for path in busy if path.endswith((".py", ".c", ".js", ".ts", ".go", ".rs", ".java", ".cpp"))] or busy
    targets = [find_target(repository, f"{path}:{20}") for path in code]
    index.deepen(code)
    questions: dict[str, list[Callable[[], object]]] = {
        "partners": [lambda path=path: index.partners([path]) for path in busy],  # type: ignore[misc]
        "records": [lambda path=path: flow_records_of(index, [path], 20, redact=shows_all) for path in code],  # type: ignore[misc]
        "symbols": [lambda path=path: index.symbols_on([path]) for path in code],  # type: ignore[misc]
        "habits": [index.habits],
        "story": [lambda target=target: tell(index, target, redact=shows_all) for target in targets],  # type: ignore[misc]
        "suspects": [lambda target=target: suspects_of_target(index, target, redact=shows_all) for target in targets],  # type: ignore[misc]
    }
    answers = {name: _times_all(calls) for name, calls in questions.items()}
    began = time.perf_counter()
    LiveEvidence(repository, repository.head()).partners(busy[:3])
    answers["(git, no store) partners"] = {"once": round((time.perf_counter() - began) * 1000, 1)}
    return answers


def _processor_seconds() -> float:
    """Processor time of this process and of the git processes it has waited for: what other work cannot change."""
    uses = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in uses)


def _times(call: Callable[[], object], count: int) -> dict[str, float]:
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        call()
        taken.append((time.perf_counter() - began) * 1000)
    return _spread(taken)


def _times_all(calls: list[Callable[[], object]]) -> dict[str, float]:
    taken, spent = [], []
    for call in calls * 3:
        began, used = time.perf_counter(), _processor_seconds()
        call()
        taken.append((time.perf_counter() - began) * 1000)
        spent.append((_processor_seconds() - used) * 1000)
    return _spread(taken) | {"processor_median": round(statistics.median(spent), 1)}


def _spread(taken: list[float]) -> dict[str, float]:
    return {"median": round(statistics.median(taken), 1), "worst": round(max(taken), 1)}


def _generate(root: Path, commits: int) -> None:
    generator = Generator(7, modules=20)
    generator.make(commits)
    generator.write(root)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commits", type=int, default=10_000)
    parser.add_argument("--deep", type=int, default=2000)
    parser.add_argument("--repository", type=Path, help="a clone to measure on; commits are added to it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = options.repository
        if root is None:
            root = Path(name) / "repository"
            # In a process of its own, or its memory would count as the index's.
            maker = multiprocessing.get_context("spawn").Process(target=_generate, args=(root, options.commits))
            maker.start()
            maker.join()
            if maker.exitcode:
                raise SystemExit("The repository could not be generated")
        print(json.dumps(measure(root, Path(name) / "store", options.deep), indent=2))


if __name__ == "__main__":
    main()
