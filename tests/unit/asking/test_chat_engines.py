"""How much a model is given to read before it answers."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest

from iquest_lsp.asking.chat_engines import LEAST_READ, READ_S, LocalChat
from iquest_lsp.datatypes import ModelInfo
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
