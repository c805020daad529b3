"""A completion that comes from a server piece by piece."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from iquest_lsp.datatypes import Finish, Generation, Prompt, Timings, TokenCounts
from iquest_lsp.runtime.base.text_stream import TextStream
from iquest_lsp.runtime.remote import text_tokens

_MOST = 10**9


class StreamedAnswer:
    """Gathers the pieces of one completion; a piece of the stream is about a token."""

    def __init__(self, prompt: Prompt, on_text: Callable[[str], None] | None) -> None:
        self._stream = TextStream(prompt)
        self._on_text = on_text
        self._logprobs: list[float] = []
        self._ends: list[int] = []
        self._usage: dict[str, Any] = {}
        self._first: float | None = None
        self.finish = Finish.STOP
        self.counted = 0

    def take(self, item: Any) -> bool:
        """Takes an event; whether the answer is complete."""
        if isinstance(item, dict) and isinstance(item.get("usage"), dict):
            self._usage = item["usage"]
        choice = choice_of(item)
        text = choice.get("text")
        if isinstance(text, str) and text:
            if self._first is None:
                self._first = time.monotonic()
            self.counted += 1
            before = len(self._stream.text)
            ended = self._stream.push(text.encode("utf-8", "replace"))
            self._note_logprobs(choice.get("logprobs"))
            if self._on_text is not None and len(self._stream.text) > before:
                self._on_text(self._stream.text[before:])
            if ended:
                self.finish = ended
                return True
        if choice.get("finish_reason") == "length":
            self.finish = Finish.LIMIT
        return False

    def generation(self, window: int, begin: float) -> Generation:
        """The answer so far, as an engine gives it."""
        now = time.monotonic()
        first = self._first if self._first is not None else now
        sent, made = count_of(self._usage, "prompt_tokens"), count_of(self._usage, "completion_tokens")
        details = self._usage.get("prompt_tokens_details")
        reused = count_of(details, "cached_tokens") if isinstance(details, dict) else 0
        window = sent or window
        return Generation(
            text=self._stream.text,
            tokens=tuple(text_tokens.encode(self._stream.text)),
            logprobs=tuple(self._logprobs),
            ends=tuple(self._ends),
            finish=self.finish,
            counts=TokenCounts(window, min(reused, window), max(window - reused, 0), made or self.counted),
            timings=Timings(
                total_ms=(now - begin) * 1000, prefill_ms=(first - begin) * 1000, decode_ms=(now - first) * 1000
            ),
        )

    def _note_logprobs(self, found: Any) -> None:
        values = found.get("token_logprobs") if isinstance(found, dict) else None
        if isinstance(values, list):
            numbers = (value for value in values if isinstance(value, int | float))
            # A whole number may be one that no float holds.
            found_here = [float(value) for value in numbers if isinstance(value, float) or abs(value) < _MOST]
            self._logprobs += found_here
            self._ends += [len(self._stream.text)] * len(found_here)


def choice_of(item: Any) -> dict[str, Any]:
    """The first choice of an event, empty where it has none."""
    choices = item.get("choices") if isinstance(item, dict) else None
    return choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}


def count_of(table: dict[str, Any], key: str) -> int:
    """A positive number in a table that a server sent, else 0."""
    value = table.get(key)
    return value if isinstance(value, int) and value > 0 else 0
