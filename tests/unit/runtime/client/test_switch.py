"""From the server to the local model and back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from iquest_lsp.datatypes import Limits, Prompt
from iquest_lsp.engines import without_secrets
from iquest_lsp.errors import EngineError, RequestCancelledError
from iquest_lsp.runtime.backends.fake import FakeBackend
from iquest_lsp.runtime.base.engine import EngineState, EngineStatus
from iquest_lsp.runtime.client.switch import EngineSwitch
from iquest_lsp.runtime.remote.engine import RemoteOptions
from tests.unit.runtime.scripted_server import Asked, Reply, model_server, piece, serving, streams
from tests.waiting import PATIENCE_S


class Local:
    """The fake backend as a local engine."""

    def __init__(self) -> None:
        self.backend = FakeBackend({"responses": ["local"] * 999})
        self.info: Any = None
        self.listeners: list[Callable[[EngineStatus], None]] = []
        self.status = EngineStatus(EngineState.STOPPED)

    async def start(self) -> Any:
        if self.info is None:
            self.info = self.backend.load(lambda share: None)
            self.status = EngineStatus(EngineState.READY)
            for listener in self.listeners:
                listener(self.status)
        return self.info

    async def tokenize(self, texts: Any) -> list[list[int]]:
        return self.backend.tokenize(texts)

    async def complete(self, asked: Prompt, limits: Limits, on_text: Any = None) -> Any:
        return self.backend.complete(asked, limits, lambda: False, on_text)

    def on_status(self, listener: Any) -> Any:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    async def close(self) -> None:
        self.backend.close()


async def ask(switch: EngineSwitch) -> str:
    await switch.start()
    ids = (await switch.tokenize(["x = "]))[0]
    return (await switch.complete(Prompt(tuple(ids)), Limits(8))).text


async def test_a_server_that_fails_hands_over_to_the_local_model_with_one_message() -> None:
    clock = [0.0]
    replies: list[Reply] = [Reply(events=[piece("remote")])]
    broken = Reply(400, {"error": "broken"})

    def complete(asked: Asked) -> Reply:
        return replies.pop(0) if replies else broken

    with serving(model_server(complete)) as server:
        switch = EngineSwitch(Local(), lambda: RemoteOptions(server.url), without_secrets, clock=lambda: clock[0])  # type: ignore[arg-type]
        told: list[EngineStatus] = []
        switch.on_status(told.append)
        try:
            assert await ask(switch) == "remote"
            with pytest.raises(RequestCancelledError):
                await ask(switch)
            assert [await ask(switch) for _ in range(3)] == ["local"] * 3
            errors = [str(status.error) for status in told if status.error is not None]
            assert len(errors) == 1
            assert "local model answers" in errors[0]
            assert switch.info is not None
            assert switch.info.name == "fake"
            # Back again: asked in the background after a while, without a word to the user.
            clock[0] += 60
            replies += [Reply(events=[piece("remote again")])] * 2
            async with asyncio.timeout(PATIENCE_S):
                while switch.remote is None:
                    assert await ask(switch) == "local"
                    await asyncio.sleep(0.01)
            assert await ask(switch) == "remote again"
            assert len([status for status in told if status.error is not None]) == 1
        finally:
            await switch.close()


async def test_a_server_that_is_not_there_hands_over_at_the_start() -> None:
    nobody = RemoteOptions("http://127.0.0.1:9/v1")
    switch = EngineSwitch(Local(), lambda: nobody, without_secrets)  # type: ignore[arg-type]
    told: list[EngineStatus] = []
    switch.on_status(told.append)
    assert [await ask(switch) for _ in range(2)] == ["local"] * 2
    assert len([status for status in told if status.error is not None]) == 1
    await switch.close()


async def test_a_prompt_is_read_only_by_the_engine_it_was_made_for() -> None:
    with serving(model_server(streams(piece("x")))) as server:
        chosen: list[RemoteOptions | None] = [RemoteOptions(server.url)]
        switch = EngineSwitch(Local(), lambda: chosen[0], without_secrets)  # type: ignore[arg-type]
        await switch.start()
        ids = (await switch.tokenize(["abc"]))[0]
        chosen[0] = None
        await switch.start()
        with pytest.raises(RequestCancelledError):
            await switch.complete(Prompt(tuple(ids)), Limits(4))
        assert await ask(switch) == "local"
        await switch.close()


async def test_no_server_no_chat() -> None:
    switch = EngineSwitch(Local(), lambda: None, without_secrets)  # type: ignore[arg-type]
    with pytest.raises(EngineError, match="No server"):
        async for _ in switch.chat([], max_tokens=1, temperature=0):
            pass
    await switch.close()
