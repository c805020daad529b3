"""What two editors and the command line see while they share a daemon: `python -m benchmarks.sharing [--engine fake]`.

Prints a transcript as Markdown. The figures are of this machine at this moment; what matters is what is shared.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.e2e.home import Home, private_home
from tests.e2e.rawclient import RawClient

LISTENS = {"experimental": {"iquest": {"answers": True}}}
PAUSE_S = 10.0
OPTIONS: dict[str, Any] = {"deadline_ms": 20_000}


class Transcript:
    """Prints what is seen, one row each."""

    def __init__(self, home: Home, arguments: tuple[str, ...]) -> None:
        self._home = home
        self._arguments = arguments
        print("| who | what | seen |\n| --- | --- | --- |")

    def row(self, who: str, what: str, seen: str) -> None:
        """One thing seen."""
        print(f"| {who} | {what} | {seen} |", flush=True)

    def status(self) -> None:
        """What the command line says of the daemon."""
        said = self._home.status(*self._arguments)
        spaces = "; ".join(
            f"{Path(item['root']).name}: window {item['window_tokens']}, warm {item['warm_tokens']}"
            for item in said["workspaces"]
        )
        self.row(
            "command line",
            "`daemon status`",
            f"clients: {said['clients']}, one model ({said['model']}), {said['memory_bytes'] / 1e6:.0f} MB; {spaces}",
        )


async def answer(client: RawClient, uri: str, line: int, character: int) -> str:
    """What a completion cost this client."""
    before = len(_answers(client))
    await client.inline(uri, line, character)
    await client.until(lambda: len(_answers(client)) > before)
    return _cost(_answers(client)[-1])


async def command(home: Home, file: Path, place: tuple[int, int], arguments: tuple[str, ...]) -> str:
    """What `iquest-lsp complete` costs at a place."""
    where = f"{file}:{place[0] + 1}:{place[1] + 1}"
    options = (*arguments, "--json", "--deadline-ms", "20000")
    done = await asyncio.to_thread(lambda: home.command("complete", where, *options))
    assert done.returncode == 0, done.stderr
    return _cost(json.loads(done.stdout))


def _cost(told: dict[str, Any]) -> str:
    tokens = told["tokens"]
    return (
        f"{tokens['window']} tokens in the window: {tokens['reused']} in the cache, {tokens['prefilled']} evaluated;"
        f" {told['timings']['total_ms']:.0f} ms ({told['source']})"
    )


def _answers(client: RawClient) -> list[dict[str, Any]]:
    return [item["params"] for item in client.notifications if item["method"] == "iquest/answered"]


async def join(home: Home, root: Path, arguments: tuple[str, ...]) -> tuple[RawClient, float]:
    """An editor, and how long it took until the model was there for it."""
    begin = time.monotonic()
    client = await RawClient.start(home, *arguments)
    await client.initialize(root, capabilities=LISTENS, **OPTIONS)
    await client.ready()
    return client, time.monotonic() - begin


async def rest(told: Transcript) -> None:
    """A pause of everybody."""
    await asyncio.sleep(PAUSE_S)
    told.row("everybody", "rests", f"{PAUSE_S:.0f} s, in which windows take in what was read meanwhile")


def half_typed(file: Path, mark: str) -> tuple[str, list[tuple[int, int]]]:
    """The text with some lines cut behind a mark, and the places there."""
    lines = file.read_text().split("\n")
    found = [number for number, line in enumerate(lines) if mark in line and line.startswith("    ")]
    places = []
    for number in found[1:4]:
        lines[number] = lines[number][: lines[number].index(mark) + len(mark)]
        places.append((number, len(lines[number])))
    return "\n".join(lines), places


async def record(arguments: tuple[str, ...]) -> None:
    """The whole scene."""
    here = Path(__file__).resolve().parents[1]
    with private_home() as home, tempfile.TemporaryDirectory(prefix="iq-ws-") as folder:
        roots = [Path(folder) / name for name in ("alpha", "beta")]
        for root, part in zip(roots, ("runtime", "codeflow"), strict=True):
            shutil.copytree(here / "iquest_lsp" / part, root, ignore=shutil.ignore_patterns("port", "__pycache__"))
            (root / "iquest.toml").write_text("")
        files = [roots[0] / "scheduler.py", roots[1] / "impacts.py"]
        told = Transcript(home, arguments)
        first, took = await join(home, roots[0], arguments)
        told.row("editor 1", "starts in alpha", f"daemon and model ready after {took:.1f} s")
        told.status()
        second, took = await join(home, roots[0], arguments)
        told.row("editor 2", "joins in alpha", f"ready after {took:.1f} s: the model is there")
        told.status()
        text, places = half_typed(files[0], " = ")
        uris = [client.open(files[0], text) for client in (first, second)]
        told.row("editor 1", "completes", await answer(first, uris[0], *places[0]))
        await rest(told)
        told.row("editor 2", "completes at the same place", await answer(second, uris[1], *places[0]))
        told.row("editor 2", "completes at another place", await answer(second, uris[1], *places[1]))
        said = await command(home, files[0], places[1], arguments)
        told.row("command line", "`complete` there, in what the editors have typed and not saved", said)
        told.row("command line", "`complete` at a third place", await command(home, files[0], places[2], arguments))
        third, took = await join(home, roots[1], arguments)
        text, there = half_typed(files[1], "return ")
        other = third.open(files[1], text)
        told.row("editor 3", "joins in beta, completes", await answer(third, other, *there[0]))
        await rest(told)
        told.status()
        told.row("editor 1", "completes in alpha again", await answer(first, uris[0], *places[1]))
        told.row("editor 3", "completes in beta again", await answer(third, other, *there[1]))
        await third.leave()
        await second.leave()
        told.row("editor 2, 3", "leave", "exit codes 0")
        told.row("editor 1", "goes on", await answer(first, uris[0], *places[2]))
        told.status()
        await first.leave()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", default="llama")
    asked = parser.parse_args()
    asyncio.run(record(() if asked.engine == "llama" else ("--engine", asked.engine)))


if __name__ == "__main__":
    main()
