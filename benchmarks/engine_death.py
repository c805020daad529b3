"""`python -m benchmarks.engine_death`: kill -9 of the engine during a completion, as an editor sees it.

Prints what was answered and shown, and how long until the next answer, over several deaths (median and range).
"""

from __future__ import annotations

import asyncio
import os
import platform
import signal
import statistics
import time
from pathlib import Path

from tests.e2e.editor import Editor, connected

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "iquest_lsp" / "runtime" / "kv" / "prefix_cache.py"
DEATHS = 5


def engine_of(daemon: int) -> int:
    """The engine process below the daemon."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                command = (entry / "cmdline").read_bytes()
            except (OSError, ValueError, IndexError):
                continue
            if parent == daemon and b"iquest_lsp.runtime.client.worker" in command:
                return int(entry.name)
    raise RuntimeError("the daemon has no engine")


async def one(editor: Editor, uri: str, line: int, column: int) -> tuple[float, list[str]]:
    """Kills the engine during a request; returns seconds until the next answer, and the messages shown."""
    shown = len(editor.messages)
    request = asyncio.create_task(editor.inline(uri, line, column))
    await asyncio.sleep(0.005)
    os.kill(engine_of(editor.daemon_pid()), signal.SIGKILL)
    begin = time.perf_counter()
    await request
    states = len(editor.statuses)
    await editor.wait_for("ready", lambda: any(item["state"] == "ready" for item in editor.statuses[states - 1 :]))
    await editor.inline(uri, line, column)
    return time.perf_counter() - begin, [message.message for message in editor.messages[shown:]]


async def main() -> None:
    """Runs and prints."""
    lines = FILE.read_text("utf-8").split("\n")
    line = next(number for number, text in enumerate(lines) if "n = min(len(a), len(b))" in text)
    lines[line] = "    n = min("
    async with connected(ROOT, options={"deadlineMs": 2000}) as editor:
        await editor.wait_until_ready()
        uri = editor.open(FILE, "\n".join(lines))
        await editor.inline(uri, line, len(lines[line]))
        results = [await one(editor, uri, line, len(lines[line])) for _ in range(DEATHS)]
    times = [seconds for seconds, _ in results]
    print(f"{platform.machine()}, {os.cpu_count()} cores; {DEATHS} deaths of the engine during a completion")
    low, middle, high = min(times), statistics.median(times), max(times)
    print(f"next answer of the model after {middle:.2f} s (from {low:.2f} to {high:.2f})")
    for text in results[0][1]:
        print("shown:", text)


if __name__ == "__main__":
    asyncio.run(main())
