"""When suggestions are worked out while somebody types."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from iquest_lsp.nextedit.live import Live


class Counted:
    """Stands for the process that works suggestions out, and counts how often it is asked."""

    def __init__(self) -> None:
        self.calls = 0

    async def work(self, *args: object) -> list[object]:
        self.calls += 1
        return []


async def test_nothing_is_worked_out_for_a_client_that_never_asks() -> None:
    shared = Counted()
    documents = SimpleNamespace(open_documents=lambda client: [])
    view = SimpleNamespace(
        root=Path("/"),
        client="",
        settings=SimpleNamespace(exclude=()),
        project=SimpleNamespace(documents=documents),
    )
    live = Live(cast(Any, shared), cast(Any, view))
    for text in ("a = 1", "ab = 1", "abc = 1"):
        live.changed("a.py", " = 1", text)
        await asyncio.sleep(0)
    assert shared.calls == 0
    await live.ask("a.py")
    assert shared.calls == 1
    live.changed("a.py", "abc = 1", "abcd = 1")  # from now on ahead of the question
    for _ in range(5):
        await asyncio.sleep(0)
    assert shared.calls == 2
