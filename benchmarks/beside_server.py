"""Completions in a workspace beside llama-cpp-python's own server, the same prompts in the same run.

    python -m benchmarks.beside_server WORKSPACE MODEL --package FOLDER [--places 8] [--keys 6] [--window 2048]

FOLDER holds a llama_cpp package with its server, and its libraries in FOLDER/lib. At each place of some files lines are
begun again, one after the other. Each is completed by this program's assistant, from the document to the text; then the
server gets the prompt that the model was asked with, and as many tokens to write. Both are warm: the first request at a
place is not counted. The server has its cache on, and its threads sleep while they wait, as ours do: on a busy machine
they would take a hundred times as long. Prints one JSON object: milliseconds by the clock.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from iquest_lsp.assistant import Assistant, CompletionRequest, Session
from iquest_lsp.bench.latency import typed_files
from iquest_lsp.bench.report import machine, percentile
from iquest_lsp.datatypes import AnswerSource, Finish, Generation, Limits, Position, Prompt
from iquest_lsp.runtime.client.child import SLEEPING_THREADS
from iquest_lsp.runtime.client.process import ProcessEngine
from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.settings import Configuration

PORT = 18741
START_S = 120.0
#: Between two requests, and until what is worked out ahead is done.
PAUSE_S, SETTLE_S = 0.2, 0.6
#: Characters of a line that are there.
BEGUN = 3


@contextlib.contextmanager
def recorded() -> Iterator[list[tuple[Prompt, Generation]]]:
    """What the engine is asked by anybody inside, with its answers."""
    seen: list[tuple[Prompt, Generation]] = []
    original = ProcessEngine.complete

    async def complete(
        self: ProcessEngine, prompt: Prompt, limits: Limits, on_text: Callable[[str], None] | None = None
    ) -> Generation:
        made = await original(self, prompt, limits, on_text)
        seen.append((prompt, made))
        return made

    ProcessEngine.complete = complete  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        ProcessEngine.complete = original  # type: ignore[method-assign]


@contextlib.contextmanager
def serving(model: Path, package: Path, cells: int, threads: int) -> Iterator[None]:
    """llama-cpp-python's server with the model, ready."""
    environment = {**os.environ, **SLEEPING_THREADS}
    environment |= {"PYTHONPATH": str(package), "LLAMA_CPP_LIB_PATH": str(package / "lib")}
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(model), "--n_ctx", str(cells)]
    command += ["--n_threads", str(threads), "--n_threads_batch", str(threads), "--cache", "true"]
    command += ["--host", "127.0.0.1", "--port", str(PORT), "--verbose", "false"]
    # in the folder of the libraries, where llama.cpp looks for those that it loads while it runs
    process = subprocess.Popen(
        command, env=environment, cwd=package / "lib", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        end = time.monotonic() + START_S
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{PORT}/v1/models", timeout=5):
                break
            if process.poll() is not None or time.monotonic() > end:
                assert process.stderr is not None
                raise SystemExit(process.stderr.read().decode()[-2000:])
            time.sleep(0.2)
        yield
    finally:
        process.terminate()
        process.wait(20)


def ask_server(text: str, tokens: int) -> tuple[float, dict[str, Any]]:
    """Milliseconds until the server wrote so many tokens after a text, and its answer."""
    body = json.dumps({"prompt": text, "max_tokens": tokens, "temperature": 0.0}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{PORT}/v1/completions", body, {"Content-Type": "application/json"}
    )
    begin = time.perf_counter()
    with urllib.request.urlopen(request, timeout=300) as answer:
        said: dict[str, Any] = json.loads(answer.read())
    return (time.perf_counter() - begin) * 1000, said


class Bench:
    """One run: what was asked of both, and how long each took."""

    def __init__(self, vocabulary: Model, seen: list[tuple[Prompt, Generation]], seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._vocabulary = vocabulary
        self._seen = seen
        self._is_warm = False  # whether the server was asked at this place before
        self.pairs: list[dict[str, Any]] = []

    async def place(self, session: Session, file: Path, line: int, keys: int) -> None:
        """Begins some lines of a file again, one after the other, with the rest of the file around each."""
        lines = file.read_text("utf-8").split("\n")
        session.buffers.open(file, "\n".join(lines), 1, "")
        self._is_warm = False
        begun = [at for at in range(line, len(lines)) if len(lines[at].strip()) > BEGUN][: keys + 1]
        for number, at in enumerate(begun):
            if time.monotonic() > self._end:
                break
            column = len(lines[at]) - len(lines[at].lstrip()) + BEGUN
            text = "\n".join([*lines[:at], lines[at][:column], *lines[at + 1 :]])
            session.buffers.change(file, [(None, text)], number + 2)
            if number == 0:
                await session.warm(file, Position(at, column), refresh=True)
            await self._key(session, CompletionRequest(file, Position(at, column)))
            await asyncio.sleep(PAUSE_S)
        session.buffers.close(file)

    async def _key(self, session: Session, request: CompletionRequest) -> None:
        self._seen.clear()
        begin = time.perf_counter()
        made = await session.complete(request)
        took = (time.perf_counter() - begin) * 1000
        if made.source is not AnswerSource.MODEL or not self._seen:
            return
        prompt, answer = self._seen[0]
        await asyncio.sleep(SETTLE_S)
        text = b"".join(self._vocabulary.piece(token, special=True) for token in prompt.tokens).decode(
            "utf-8", "replace"
        )
        tokens = max(len(answer.tokens), 1)
        theirs, said = await asyncio.to_thread(ask_server, text, tokens)
        if self._is_warm:
            self.pairs.append(
                {
                    "ours_ms": took,
                    "server_ms": theirs,
                    "prompt": len(prompt.tokens),
                    "prefilled": answer.counts.prefilled,
                    "prefill_ms": answer.timings.prefill_ms,
                    "decode_ms": answer.timings.decode_ms,
                    "tokens": tokens,
                    "deadline": answer.finish is Finish.DEADLINE,
                    "has_text": bool(answer.text.strip()),
                    "server_prompt": said["usage"]["prompt_tokens"],
                    "server_tokens": said["usage"]["completion_tokens"],
                }
            )
        self._is_warm = True


async def measure(given: argparse.Namespace) -> dict[str, Any]:
    """The figures of one workspace and model."""
    threads = given.threads or len(os.sched_getaffinity(0))
    vocabulary = Model.load(given.model, vocab_only=True)
    overrides = {"model": str(given.model), "saved_kv_mb": 0, "window_tokens": given.window, "threads": threads}
    with recorded() as seen, serving(given.model, given.package, given.window + 1024, threads):
        assistant = Assistant(Configuration(overrides), watch=False)
        bench = Bench(vocabulary, seen, given.seconds)
        try:
            await assistant.engine.ready()
            session = assistant.session()
            project = session.add_workspace(given.workspace)
            await project.index()
            files = typed_files(given.workspace)
            for number in range(given.first, given.first + given.places):
                file = files[number % len(files)]
                await bench.place(session, file, place_in(file, number), given.keys)
            info = assistant.engine.model
        finally:
            await assistant.close()
    vocabulary.close()
    return {
        "machine": machine(),
        "model": info.name if info is not None else "",
        "window": info.window if info is not None else 0,
        **figures(bench.pairs),
        "pairs": bench.pairs,
    }


def place_in(file: Path, number: int) -> int:
    """A line with something to type in it, another one for each number."""
    lines = file.read_text("utf-8").split("\n")
    long = [at for at, line in enumerate(lines) if len(line.strip()) > 24]
    return long[(len(long) * (2 * number + 1) // 31) % len(long)]


def figures(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    """Percentiles of both, and of how many times as long the server took."""
    ours, theirs = (sorted(pair[name] for pair in pairs) for name in ("ours_ms", "server_ms"))
    return {
        "requests": len(pairs),
        "ours_p50": percentile(ours, 0.5),
        "ours_p95": percentile(ours, 0.95),
        "server_p50": percentile(theirs, 0.5),
        "server_p95": percentile(theirs, 0.95),
        "ratio_of_medians": percentile(theirs, 0.5) / percentile(ours, 0.5),
        "median_ratio": statistics.median(pair["server_ms"] / pair["ours_ms"] for pair in pairs),
        "text_by_the_deadline": sum(pair["has_text"] for pair in pairs) / len(pairs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--places", type=int, default=8)
    parser.add_argument("--keys", type=int, default=6, help="lines at a place")
    parser.add_argument("--window", type=int, default=2048)
    parser.add_argument("--first", type=int, default=0, help="number of the first place")
    parser.add_argument("--seconds", type=float, default=600.0, help="no request is begun after them")
    parser.add_argument("--threads", type=int, default=0, help="of both; 0: all processors")
    print(json.dumps(asyncio.run(measure(parser.parse_args())), indent=1))


if __name__ == "__main__":
    main()
