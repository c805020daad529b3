"""Speed of the index and the window on a generated workspace: 10,000 files, 1,000,000 lines.

    python -m benchmarks.window_speed [--files N] [--budget TOKENS] [--json]

Times depend on the machine, so nothing here asserts any; the counts (tokens, admitted files, tokenizer calls) do not.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import platform
import random
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from iquest_lsp.context.index import WorkspaceIndex
from iquest_lsp.context.inputs import WindowInputs
from iquest_lsp.context.layout import clean
from iquest_lsp.context.window import WindowAssembler
from iquest_lsp.datatypes import Document, Position
from iquest_lsp.workspace.admission import Gate
from iquest_lsp.workspace.documents import DocumentStore
from iquest_lsp.workspace.ignore import IgnoreRules
from iquest_lsp.workspace.secret_scan import has_secret
from iquest_lsp.workspace.tree import walk
from tests.unit.context.toys import SPM, ToyTokenizer, special_tokens

_WORDS = re.findall(
    r"\w+",
    """
    account address amount archive balance batch branch buffer bundle cache channel client cluster column commit
    config context cursor customer decoder device digest document driver encoder engine entry event field filter
    folder format frame gateway group handler header history index invoice item journal kernel ledger letter level
    limit listing lock login manager matrix message method metric module monitor network node notice number object
    offset option order packet page parser path payment pixel plugin policy portal profile project query queue range
    reader record region report request result route sample schema screen section sensor server session signal
    socket source stage status storage stream string switch symbol table target task template thread ticket token
    topic tracker tree trigger update user value vector version view volume window worker writer zone
    """,
)


def python_file(rng: random.Random, name: str, others: list[str], lines: int) -> str:
    """A module that imports some of `others` and calls what they define."""
    used = rng.sample(others, min(3, len(others)))
    text = [f'"""The {name.replace("_", " ")} of the system."""', "", "from __future__ import annotations", ""]
    text += [f"from workspace.{other.replace('/', '.')} import {other.rpartition('/')[2]}_run" for other in used]
    count = 0
    while len(text) < lines:
        verb, noun, other = rng.choice(_WORDS), rng.choice(_WORDS), rng.choice(_WORDS)
        text += ["", "", f"def {name}_{verb}_{noun}_{count}({noun}: int, {other}_size: int = {count}) -> int:"]
        text.append(f'    """Returns the {verb} of a {noun}, counted from its {other}."""')
        for step in range(rng.randint(3, 14)):
            left, right = rng.choice(_WORDS), rng.choice(_WORDS)
            text.append(f"    {left}_{step} = {noun} * {step + 1} + {other}_size - {right!r}.count({left[0]!r})")
        if used:
            text.append(f"    {noun} += {rng.choice(used).rpartition('/')[2]}_run({other}_size)")
        text.append(f"    return {noun}")
        count += 1
    text += ["", "", f"def {name}_run(value: int) -> int:", "    return value", ""]
    return "\n".join(text)


def generate(root: Path, files: int, lines_each: int, seed: int = 1) -> int:
    """Writes the workspace; returns its lines."""
    rng = random.Random(seed)
    names: list[str] = []
    total = 0
    for number in range(files):
        folder = f"{_WORDS[number // 100 % len(_WORDS)]}_{number // 100}/{_WORDS[number // 20 % 5]}"
        name = f"{rng.choice(_WORDS)}_{rng.choice(_WORDS)}_{number}"
        near = names[-40:]
        text = python_file(rng, name, near, rng.randint(lines_each // 2, lines_each * 3 // 2))
        file = root / "workspace" / folder / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        names.append(f"{folder}/{name}")
        total += text.count("\n")
    (root / ".gitignore").write_text("build/\n*.log\n")
    return total


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    begin = time.perf_counter()
    made = work()
    return made, time.perf_counter() - begin


def memory_mb() -> float:
    """The most memory this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


def spread(times: list[float]) -> dict[str, float]:
    """Milliseconds."""
    found = sorted(value * 1000 for value in times)
    return {
        "p50_ms": round(found[len(found) // 2], 2),
        "p95_ms": round(found[min(int(len(found) * 0.95), len(found) - 1)], 2),
        "max_ms": round(found[-1], 2),
        "count": len(found),
    }


def measure(root: Path, files: int, lines_each: int, budget: int) -> dict[str, Any]:
    """All figures of one run."""
    lines, made_s = timed(lambda: generate(root, files, lines_each))
    before = memory_mb()
    rules = IgnoreRules(root)
    tree, walk_s = timed(lambda: walk(root, rules))
    gate, index = Gate(root, rules), WorkspaceIndex()
    cpu = time.process_time()
    _, build_s = timed(lambda: index.build(tree.paths, gate.load))
    cpu = time.process_time() - cpu
    after = memory_mb()
    packed, pack_s = timed(lambda: pickle.dumps(index, pickle.HIGHEST_PROTOCOL))
    _, unpack_s = timed(lambda: pickle.loads(packed))
    result: dict[str, Any] = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "files": len(tree.paths),
        "lines": lines,
        "generate_s": round(made_s, 1),
        "walk_s": round(walk_s, 2),
        "index_s": round(build_s, 1),
        "index_cpu_s": round(cpu, 1),
        "index_memory_mb": round(after - before),
        "process_memory_mb": round(after),
        "admitted": len(index),
        "pickle_mb": round(len(packed) / 2**20, 1),
        "pickle_s": round(pack_s, 2),
        "unpickle_s": round(unpack_s, 2),
        "budget": budget,
    }
    result |= windows(root, gate, index, budget)
    return result


def windows(root: Path, gate: Gate, index: WorkspaceIndex, budget: int) -> dict[str, Any]:
    """Times of assembling, by what the user did."""
    documents, tokenizer = DocumentStore(root), ToyTokenizer()

    def read(path: str) -> str:
        loaded = gate.load(path)
        return clean(loaded.text) if isinstance(loaded, Document) else ""

    sources = WindowInputs(
        index=index,
        read=read,
        current=gate.current,
        open_reason=gate.open_reason,
        is_secret=has_secret,
        repository=root.name,
    )
    assert SPM.tokens is not None
    assembler = WindowAssembler(tokenizer, SPM, special_tokens(SPM.tokens), budget)
    paths = [path for path in index.paths if path.endswith(".py")]
    opened = paths[len(paths) // 2 : len(paths) // 2 + 8]
    texts = {path: documents.get(path).text for path in opened}
    for path in opened:
        documents.open(path, texts[path], 0)
    times: dict[str, list[float]] = {"cold": [], "key": [], "newline": [], "jump": [], "switch": [], "refresh": []}
    worked: dict[str, list[float]] = {kind: [] for kind in times}
    version, calls, sizes = 0, 0, []

    def ask(kind: str, path: str, line: int, character: int, refresh: bool = False) -> None:
        snapshot = documents.snapshot(path, Position(line, character))
        cpu = time.thread_time()
        window, seconds = timed(lambda: assembler.assemble(snapshot, sources, refresh=refresh))
        worked[kind].append(time.thread_time() - cpu)
        times[kind].append(seconds)
        sizes.append(len(window.tokens))

    ask("cold", opened[0], 40, 0)
    for turn in range(24):
        path = opened[turn % len(opened)]
        row = min(20 + 7 * (turn % 9), texts[path].count("\n") - 6)
        ask("switch", path, row, 0) if turn else None
        ask("jump", path, row + 5, 0)
        ask("refresh", path, row + 5, 0, refresh=True)
        lines = texts[path].split("\n")
        lines.insert(row + 5, "    ")
        before = tokenizer.calls
        for typed in "total = compute(first, second)":
            version += 1
            lines[row + 5] += typed
            documents.change(path, [(None, "\n".join(lines))], version)
            ask("key", path, row + 5, len(lines[row + 5]))
        lines.insert(row + 6, "    ")
        version += 1
        documents.change(path, [(None, "\n".join(lines))], version)
        ask("newline", path, row + 6, 4)
        calls = max(calls, tokenizer.calls - before)
        texts[path] = "\n".join(lines)
    return {
        "window_tokens": max(sizes),
        "most_tokenizer_calls_for_31_keys": calls,
        "assemble": {kind: spread(found) for kind, found in times.items()},
        "assemble_cpu": {kind: spread(found) for kind, found in worked.items()},
        "requests": spread([each for kind in ("key", "newline", "jump", "switch") for each in times[kind]]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--lines", type=int, default=100, help="lines a file, on average")
    parser.add_argument("--budget", type=int, default=131_072)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), options.files, options.lines, options.budget)
    if options.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
