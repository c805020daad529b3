"""`make soak`: four editors type real code at real speed into one daemon, for as long as it is told.

    python -m tests.e2e.soak --minutes 60 [--engine llama|fake] [--speed 1]

Two editors share a workspace, two have one each. Each types the lines of files of this repository again, with a
person's pauses (median 180 ms a key, longer after a line), now and then deletes, jumps and saves, asks at every key and
withdraws what is not answered yet, as VS Code does. Prints one JSON object; exit code 1 when a promise is broken:
exactly one response per request id, no answer after a newer one was given, memory growth under 5% after the warm-up.

The warm-up is 30% of the time, and five minutes at least. Until then bounded caches fill, whatever the run's length:
the engine's KV cells and workspaces' memories (115, 129, 138, 142, 144 MB in minutes 1 to 5, then 1 MB a minute at
most), in the daemon the modules that the first request of a kind loads, token ids and the words of pieces (72, 76, 77,
80, 81 MB, then 0.3 MB a minute). A run under ten minutes has no time behind it that could be judged; each minute's
memory is told in any case.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from iquest_lsp.daemon import handshake
from tests.e2e.home import Home, private_home
from tests.e2e.rawclient import RawClient, close_all
from tests.waiting import PATIENCE_S

SOURCES = Path(__file__).resolve().parents[2] / "iquest_lsp"
WARM_UP, WARM_UP_S = 0.3, 300.0  # of the time, and seconds at least: the caches fill
MOST_GROWTH = 0.05
CANCELLED = -32800


@dataclass
class Tally:
    """What was seen, of all editors together."""

    requests: int = 0
    answered: int = 0
    empty: int = 0
    cancelled: int = 0
    failed: int = 0
    stale: int = 0
    times_ms: list[float] = field(default_factory=list)
    memory: list[tuple[float, int]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Typist:
    """One editor and the person at it."""

    def __init__(self, client: RawClient, root: Path, seed: int, speed: float, at_least: int, tally: Tally) -> None:
        self.client = client
        self._files = sorted(root.rglob("*.py"))
        self._random = random.Random(seed)
        self._speed = speed
        self._at_least = at_least
        self._tally = tally
        self._sent: dict[int, float] = {}
        self._newest = 0
        self._newest_answered = 0

    async def type_until(self, end: float) -> None:
        """Types until a time of the monotonic clock, and until enough was asked."""
        while not self._is_over(end):
            await self._one_file(self._random.choice(self._files), end)

    def _is_over(self, end: float) -> bool:
        return time.monotonic() >= end and self._tally.requests >= self._at_least

    async def _one_file(self, file: Path, end: float) -> None:
        lines = file.read_text("utf-8").splitlines()
        at = self._random.randrange(max(len(lines) - 12, 1))
        text = "\n".join(lines[:at]) + "\n\n" + "\n".join(lines[at + 12 :]) + "\n"
        uri = self.client.open(file, text)
        version, line, column = 1, at, 0
        for wanted in lines[at : at + 12]:
            for char in [*wanted, "\n"]:
                if self._is_over(end):
                    break
                version += 1
                self._change(uri, version, line, column, char)
                line, column = (line + 1, 0) if char == "\n" else (line, column + 1)
                self._ask(uri, line, column)
                if column > 3 and self._random.random() < 0.03:
                    version, column = version + 1, column - 1
                    self._change(uri, version, line, column, "", removed=1)
                    version, column = version + 1, column + 1
                    self._change(uri, version, line, column - 1, char)
                await self._pause(char)
        if self._is_over(end):
            await self._rest()
        if self._random.random() < 0.5:
            self.client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
        self.client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def _change(self, uri: str, version: int, line: int, column: int, text: str, removed: int = 0) -> None:
        start, stop = {"line": line, "character": column}, {"line": line, "character": column + removed}
        change = {"range": {"start": start, "end": stop}, "text": text}
        where = {"uri": uri, "version": version}
        self.client.notify("textDocument/didChange", {"textDocument": where, "contentChanges": [change]})

    def _ask(self, uri: str, line: int, column: int) -> None:
        if self._newest in self._sent:  # as editors do, once for each
            self.client.notify("$/cancelRequest", {"id": self._newest})
        params = {
            "textDocument": {"uri": uri},
            "position": {"line": line, "character": column},
            "context": {"triggerKind": 2},
        }
        self._newest = self.client.ask("textDocument/inlineCompletion", params)
        self._sent[self._newest] = time.monotonic()
        self._tally.requests += 1

    async def _pause(self, char: str) -> None:
        usual = self._random.lognormvariate(0, 0.5) * (0.8 if char == "\n" else 0.18)
        await asyncio.sleep(min(usual, 4.0) / self._speed)
        self.look()

    async def _rest(self) -> None:
        """Stops typing until the newest question is answered: what a slow machine answers, a fast typist withdraws."""
        newest = max(self._sent, default=None)
        await self.client.until(lambda: newest is None or newest in self.client.responses)
        self.look()

    def look(self) -> None:
        """Counts what was answered since the last look."""
        for number in sorted(number for number in self._sent if number in self.client.responses):
            asked, answers = self._sent.pop(number), self.client.responses[number]
            answer = answers[0]
            if "error" in answer:
                self._tally.cancelled += answer["error"]["code"] == CANCELLED
                self._tally.failed += answer["error"]["code"] != CANCELLED
                continue
            self._tally.times_ms.append((time.monotonic() - asked) * 1000)
            self._tally.answered += 1
            self._tally.empty += not answer["result"]["items"]
            if answer["result"]["items"]:
                self._tally.stale += number < self._newest_answered
                self._newest_answered = max(self._newest_answered, number)

    async def finish(self) -> None:
        """Waits for the last answers and checks that every id got exactly one."""
        end = time.monotonic() + PATIENCE_S
        while self._sent and time.monotonic() < end:
            self.look()
            await asyncio.sleep(0.02)
        if self._sent:
            self._tally.problems.append(f"{len(self._sent)} requests were never answered")
        twice = [number for number, answers in self.client.responses.items() if len(answers) != 1]
        if twice:
            self._tally.problems.append(f"{len(twice)} ids got several responses")


async def soak(home: Home, folder: Path, minutes: float, engine: str, speed: float, at_least: int) -> dict[str, Any]:
    """Runs it; returns the report, whose `problems` are empty when every promise held."""
    roots = [folder / name for name in ("one", "two", "three")]
    for root, part in zip(roots, ("context", "workspace", "codeflow"), strict=True):
        shutil.copytree(SOURCES / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        (root / "iquest.toml").write_text("")
    tally = Tally()
    typists = []
    for seed, root in enumerate([roots[0], roots[0], roots[1], roots[2]]):
        client = await RawClient.start(home, "--engine", engine)
        await client.initialize(root, deadline_ms=400)
        typists.append(Typist(client, root, seed, speed, at_least, tally))
    for typist in typists:
        await typist.client.until(lambda typist=typist: "ready" in typist.client.states())
    begin = time.monotonic()
    end = begin + minutes * 60
    watching = asyncio.create_task(_watch(home, tally, begin, max(minutes * 60 / 60, 0.5)))
    await asyncio.gather(*(typist.type_until(end) for typist in typists))
    for typist in typists:
        await typist.finish()
    watching.cancel()
    growth = _growth(tally.memory, minutes * 60)
    if tally.stale:
        tally.problems.append(f"{tally.stale} answers came after newer ones")
    if tally.failed:
        tally.problems.append(f"{tally.failed} requests failed")
    if not tally.answered:
        tally.problems.append("nothing was answered")
    if growth is not None and growth > MOST_GROWTH:
        tally.problems.append(f"memory grew by {growth:.1%}")
    if len(home.pids()) != 1:
        tally.problems.append("there is not one daemon")
    _, found, rest = home.log().partition("Traceback")
    if found:
        tally.problems.append(f"the log has a traceback: {rest[:2000]}")
    codes = await asyncio.gather(*(typist.client.leave() for typist in typists))
    if any(codes):
        tally.problems.append(f"exit codes {codes}")
    times = sorted(tally.times_ms)
    return {
        "minutes": minutes,
        "engine": engine,
        "clients": len(typists),
        "requests": tally.requests,
        "answered": tally.answered,
        "empty": tally.empty,
        "cancelled": tally.cancelled,
        "failed": tally.failed,
        "p50_ms": round(median(times), 1) if times else None,
        "p95_ms": round(times[int(len(times) * 0.95)], 1) if times else None,
        "memory_mb": [round(size / 2**20, 1) for _, size in tally.memory[:: max(len(tally.memory) // 12, 1)]],
        "memory_mb_by_minute": _by_minute(tally.memory),
        "growth": round(growth, 4) if growth is not None else None,
        "problems": tally.problems,
    }


def _growth(memory: list[tuple[float, int]], seconds: float) -> float | None:
    """How much more memory is held at the end than after the warm-up; None in runs too short to say."""
    if seconds < 2 * WARM_UP_S:
        return None
    warm = max(seconds * WARM_UP, WARM_UP_S)
    settled = [size for at, size in memory if warm <= at < warm + seconds * 0.2]
    last = [size for at, size in memory if at >= seconds * 0.8]
    return median(last) / median(settled) - 1 if settled and last else None


def _by_minute(memory: list[tuple[float, int]]) -> list[float]:
    """The median of each minute, in MB."""
    minutes: dict[int, list[int]] = {}
    for at, size in memory:
        minutes.setdefault(int(at // 60), []).append(size)
    return [round(median(sizes) / 2**20, 1) for sizes in minutes.values()]


async def _watch(home: Home, tally: Tally, begin: float, every: float) -> None:
    while True:
        reader, writer = await asyncio.open_unix_connection(str(home.sockets[0]))
        writer.write(handshake.hello("status"))
        said = json.loads(await reader.readline())
        writer.close()
        tally.memory.append((time.monotonic() - begin, said["status"]["memory_bytes"]))
        await asyncio.sleep(every)


async def run(minutes: float, engine: str, speed: float, at_least: int = 0) -> dict[str, Any]:
    """A soak in folders of its own; on a busy machine it lasts until `at_least` so many requests were made."""
    folder = Path(tempfile.mkdtemp(prefix="iq-soak-"))
    with private_home() as home:
        try:
            return await soak(home, folder, minutes, engine, speed, at_least)
        finally:
            await close_all()
            shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--engine", choices=["llama", "fake"], default="llama")
    parser.add_argument("--speed", type=float, default=1.0, help="times a person's")
    given = parser.parse_args()
    report = asyncio.run(run(given.minutes, given.engine, given.speed))
    print(json.dumps(report, indent=2))
    sys.exit(1 if report["problems"] else 0)


if __name__ == "__main__":
    main()
