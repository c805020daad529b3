"""How much a model is given to read before it answers."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest

from iquest_lsp.asking.chat_engines import LEAST_READ, READ_S, LocalChat
from iquest_lsp.context.chat import Message
from iquest_lsp.datatypes import Finish, Generation, ModelInfo, Prompt, Timings, TokenCounts
from iquest_lsp.runtime.models.planner import ANSWER_ROOM

CHAT = {"tokenizer.chat_template": "{% for m in messages %}<|im_start|>{{ m.role }}{% endfor %}"}
INFO = ModelInfo(
    *("big", "big.gguf", "qwen2"),
    32768,
    1,
    0,
    0,
    32768,
    window=8192,
    metadata=CHAT,
    special_tokens={"<|im_start|>": 1, "<|im_end|>": 2},
)


class Loaded:
    """An engine whose model is known."""

    def __init__(self, info: ModelInfo) -> None:
        self.info = info

    async def start(self) -> ModelInfo:
        return self.info

    async def tokenize(self, texts: list[str]) -> list[list[int]]:
        return [[7] for _ in texts]


class Asked:
    """A scheduler that keeps what it is asked."""

    def __init__(self) -> None:
        self.prompts: list[Prompt] = []

    async def complete(self, prompt: Prompt, *_: object, **__: object) -> Generation:
        self.prompts.append(prompt)
        return Generation("", (), (), Finish.STOP, TokenCounts(), Timings())


@pytest.mark.parametrize(
    ("rate", "window", "read"),
    [(0.0, 0, 8192), (1000.0, 0, 8192), (50.0, 0, int(50 * READ_S)), (5.0, 0, LEAST_READ), (5.0, 4096, 4096)],
)
def test_a_slow_model_reads_what_it_can_read_in_time_unless_the_user_set_a_window(
    rate: float, window: int, read: int
) -> None:
    engine = cast(Any, Loaded(replace(INFO, read_rate=rate)))
    room = asyncio.run(LocalChat(engine, cast(Any, None), lambda: window, think=False).start())
    assert room.total == read + ANSWER_ROOM


@pytest.mark.parametrize(("end", "kept"), [("", True), ("<think>", False)])
def test_a_model_keeps_to_a_grammar_unless_it_thinks_first(end: str, kept: bool) -> None:
    template = "{% for m in messages %}<|im_start|>{{ m.content }}{% endfor %}" + end
    info = replace(INFO, metadata={"tokenizer.chat_template": template})
    asked = Asked()
    chat = LocalChat(cast(Any, Loaded(info)), cast(Any, asked), lambda: 0, think=False)

    async def answer() -> None:
        async for _ in chat.answer([Message("user", "Why?")], 10, "root ::= [a-z]"):
            pass

    asyncio.run(answer())
    (prompt,) = asked.prompts
    assert prompt.grammar == ("root ::= [a-z]" if kept else "")
