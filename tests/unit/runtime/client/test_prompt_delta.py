"""Long prompts on their way to the engine: only what is new is sent, and never the wrong prompt arrives."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iquest_lsp.datatypes import Limits, Prompt
from iquest_lsp.errors import EngineCrashedError, EngineError
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.client import child, messages
from iquest_lsp.runtime.client.process import ProcessEngine
from iquest_lsp.runtime.client.prompt_delta import PromptDelta, PromptLostError, ReceivedPrompts, SentPrompts
from iquest_lsp.token_ids import TokenIds

pytestmark = pytest.mark.slow  # engines, daemons or long sessions

WINDOW = 131_072
TEXT = b"def area(width, height):\n    return width * height\n\n"
LONG = (TEXT * (WINDOW // len(TEXT))).rjust(WINDOW - 9) + b"def area("


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[ProcessEngine]:
    engine = ProcessEngine(EngineOptions(kind="fake", context_tokens=2 * WINDOW))
    try:
        yield engine
    finally:
        await engine.close()


@pytest.fixture
def sent_bytes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lengths of what is written to the engine process, in order."""
    lengths: list[int] = []
    write = asyncio.StreamWriter.write

    def count(self: asyncio.StreamWriter, data: bytes) -> None:
        lengths.append(len(data))
        write(self, data)

    monkeypatch.setattr(asyncio.StreamWriter, "write", count)
    return lengths


async def answer(engine: ProcessEngine, text: bytes, sequence: int = 0) -> str:
    return (await engine.complete(Prompt(TokenIds(text), max_lines=1, sequence=sequence), Limits())).text


async def test_a_typed_token_costs_a_few_hundred_bytes(sent_bytes: list[int]) -> None:
    async with running() as engine:
        assert await answer(engine, LONG) == "width, height):"
        whole = sum(sent_bytes)
        assert 4 * WINDOW < whole < 4 * WINDOW + 4096
        sent_bytes.clear()
        assert await answer(engine, LONG + b"w") == "idth, height):"
        assert sum(sent_bytes) < 1024
        sent_bytes.clear()
        changed = LONG[: WINDOW - 40] + b"x" + LONG[WINDOW - 39 :]
        assert await answer(engine, changed) == "width, heighx):"
        assert sum(sent_bytes) < 1024 + 4 * 40
        sent_bytes.clear()
        for _ in range(3):
            await engine.warm(TokenIds(changed))
        assert sum(sent_bytes) < 3 * 512


async def test_two_sequences_have_a_prompt_each(sent_bytes: list[int]) -> None:
    other = LONG.replace(b"height", b"heighx")
    async with running() as engine:
        await answer(engine, LONG, 0)
        await answer(engine, other, 1)
        sent_bytes.clear()
        assert await answer(engine, LONG + b"w", 0) == "idth, height):"
        assert await answer(engine, other + b"w", 1) == "idth, heighx):"
        assert sum(sent_bytes) < 2048


async def test_a_new_process_gets_the_prompt_whole(sent_bytes: list[int]) -> None:
    async with running() as engine:
        await answer(engine, LONG)
        assert engine.pid is not None
        os.kill(engine.pid, signal.SIGKILL)
        sent_bytes.clear()
        with contextlib.suppress(EngineCrashedError):  # the death may not have been noticed yet
            await answer(engine, LONG + b"w")
        assert await answer(engine, LONG + b"w") == "idth, height):"
        assert sum(sent_bytes) > 4 * WINDOW


@pytest.mark.parametrize("believed", [LONG[:-1] + b"[", LONG[:-1] + b"[w.", b""])
async def test_what_the_other_end_does_not_have_is_sent_whole(believed: bytes, sent_bytes: list[int]) -> None:
    """The sender believes that another prompt is kept over there, or (with none) that one of another sequence is."""
    async with running() as engine:
        await answer(engine, LONG)
        sequence = int(not believed)
        prompts = engine._child._prompts  # type: ignore[union-attr]  # no outside way makes the two ends disagree
        prompts._keep(sequence, TokenIds(believed or LONG))
        sent_bytes.clear()
        assert await answer(engine, LONG[:-1] + b"[w", sequence) == "idth * height"
        assert sum(sent_bytes) > 4 * WINDOW
        sent_bytes.clear()
        assert await answer(engine, LONG, sequence) == "width, height):"
        assert sum(sent_bytes) < 1024


async def test_more_sequences_than_are_kept_are_served(sent_bytes: list[int]) -> None:
    """Sequences that were given up over there are sent whole, one after the other."""
    end = ReceivedPrompts(most=2)
    begin = SentPrompts(most=3)
    lost = 0
    for _ in range(3):
        for sequence in range(3):
            tokens = TokenIds([sequence, 5, 6])
            try:
                assert end.whole(begin.delta(sequence, tokens)) == tokens
            except PromptLostError:
                lost += 1
                begin.forget(sequence)
                assert end.whole(begin.delta(sequence, tokens)) == tokens
    assert lost == 6


async def test_a_prompt_that_never_arrives_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Damaged(SentPrompts):
        def delta(self, sequence: int, tokens: TokenIds) -> PromptDelta:
            made = super().delta(sequence, tokens)
            return PromptDelta(made.sequence, made.kept, made.tail, made.length, made.checksum ^ 1)

    monkeypatch.setattr(child, "SentPrompts", Damaged)
    async with running() as engine:
        with pytest.raises(EngineError, match="PromptLost"):
            await answer(engine, b"x")
    assert "PromptLost" in messages.ANSWERS


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.lists(st.integers(0, 2), max_size=12), st.booleans(), st.booleans()),
        max_size=30,
    )
)
def test_what_arrives_is_what_was_sent(steps: list[tuple[int, list[int], bool, bool]]) -> None:
    """Over processes that end, messages that are lost, and more sequences than are kept."""
    begin, end = SentPrompts(most=4), ReceivedPrompts(most=3)
    for sequence, ids, restarts, is_lost in steps:
        if restarts:
            end = ReceivedPrompts(most=3)
        tokens = TokenIds(ids)
        delta = begin.delta(sequence, tokens)
        if is_lost:
            continue
        try:
            assert end.whole(delta) == tokens
        except PromptLostError:
            begin.forget(sequence)
            whole = begin.delta(sequence, tokens)
            assert whole.kept == 0
            assert end.whole(whole) == tokens
