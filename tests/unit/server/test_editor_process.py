"""The watch over the editor's process."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time

import pytest

from iquest_lsp.server import editor_process
from iquest_lsp.server.editor_process import EditorProcess
from tests.waiting import until


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])


@pytest.mark.parametrize("way", ["told by the system", "looked for"])
async def test_a_process_that_ends_is_noticed(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "looked for":
        monkeypatch.setattr(EditorProcess, "_follow", lambda self, pid: False)
        monkeypatch.setattr(editor_process, "LOOK_EVERY_S", 0.01)
    gone: list[str] = []
    with sleeper() as process:
        watch = EditorProcess(lambda: gone.append("gone"), time.monotonic)
        watch.watch(process.pid)
        await asyncio.sleep(0.1)
        assert gone == []
        process.kill()
        if way == "looked for":
            process.wait()  # the system tells of one that nobody has waited for, too
        await until(lambda: gone)
        await asyncio.sleep(0.05)
        assert gone == ["gone"]


async def test_one_that_was_never_seen_ends_it_only_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client may live in a container, where its number means another process."""
    monkeypatch.setattr(editor_process, "SILENCE_S", 0.2)
    process = sleeper()
    process.kill()
    process.wait()
    gone: list[str] = []
    heard_at = [time.monotonic() + 3600]  # it goes on talking
    watch = EditorProcess(lambda: gone.append("gone"), lambda: heard_at[0])
    watch.watch(process.pid)
    await asyncio.sleep(0.3)
    assert gone == []
    heard_at[0] = time.monotonic() - 1
    watch.watch(process.pid)
    await until(lambda: gone)
    assert gone == ["gone"]


async def test_no_process_is_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editor_process, "SILENCE_S", 0.01)
    monkeypatch.setattr(editor_process, "LOOK_EVERY_S", 0.01)
    gone: list[str] = []
    watch = EditorProcess(lambda: gone.append("gone"), lambda: 0.0)
    for pid in (None, 0, -1, 2**31, 2**70, os.getpid()):
        watch.watch(pid)
        await asyncio.sleep(0.05)
    with sleeper() as process:
        watch.watch(process.pid)
        watch.stop()  # the client left in good order
        process.kill()
    await asyncio.sleep(0.1)
    assert gone == []
