"""`python -m benchmarks.bridge`: what the stdio bridge adds to a request, bridge and bare socket in turns."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

from tests.e2e.home import private_home
from tests.e2e.rawclient import RawClient

REQUESTS = 300


async def main() -> None:
    """Measures and prints."""
    with private_home() as home, tempfile.TemporaryDirectory() as folder:
        through = await RawClient.start(home, "--engine", "fake")
        await through.initialize(Path(folder))
        reader, writer = await asyncio.open_unix_connection(str(home.sockets[0]), limit=2**20)
        writer.write(json.dumps({"iquest-lsp": 1, "version": "0", "want": "serve"}).encode() + b"\n")
        await reader.readline()
        straight = RawClient(reader, writer)
        await straight.initialize(Path(folder))
        times: dict[str, list[float]] = {"through": [], "straight": []}
        for _ in range(REQUESTS):
            for name, client in (("through", through), ("straight", straight)):
                begin = time.perf_counter()
                await client.request("iquest/noSuchMethod", {})
                times[name].append((time.perf_counter() - begin) * 1000)
        straight.notify("exit", None)
        await through.leave()
    print(f"{platform.machine()}, {os.cpu_count()} cores; {REQUESTS} requests each way, in turns")
    for name, values in times.items():
        print(f"{name:9} median {median(values):.3f} ms, 95% within {quantiles(values, n=20)[-1]:.3f} ms")
    print(f"the bridge adds {median(times['through']) - median(times['straight']):.3f} ms (medians)")


if __name__ == "__main__":
    asyncio.run(main())
