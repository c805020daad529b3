"""Answers as the clients read them: llama.cpp's for `/infill`, OpenAI's for `/v1/completions`."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from iquest_lsp.http_server.asked import AskedCompletion

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class AssistantAnswer:
    """What the assistant said: a text, and what it cost, in the form of `iquest/complete`."""

    text: str = ""
    model: str = ""
    finish: str = "stop"
    timings: Mapping[str, float] = field(default_factory=dict)
    tokens: Mapping[str, int] = field(default_factory=dict)

    def until(self, stops: tuple[str, ...]) -> str:
        """The text up to the first of the strings that end it."""
        ends = [found for stop in stops if (found := self.text.find(stop)) >= 0]
        return self.text[: min(ends)] if ends else self.text


def of_infill(asked: AskedCompletion, said: AssistantAnswer) -> dict[str, Any]:
    """The answer to `/infill`; with `response_fields` only these, named by their paths."""
    prompt_n, predicted_n = said.tokens.get("prefilled", 0), said.tokens.get("generated", 0)
    prompt_ms, predicted_ms = said.timings.get("prefill_ms", 0.0), said.timings.get("decode_ms", 0.0)
    told: dict[str, Any] = {
        "content": said.until(asked.stop),
        "stop": True,
        "model": said.model,
        "stop_type": "limit" if said.finish in ("limit", "deadline") else "eos",
        "tokens_predicted": predicted_n,
        "tokens_evaluated": said.tokens.get("window", 0),
        "tokens_cached": said.tokens.get("reused", 0),
        "truncated": False,
        "generation_settings": {},
        "timings": {
            "prompt_n": prompt_n,
            "prompt_ms": prompt_ms,
            "prompt_per_token_ms": _ratio(prompt_ms, prompt_n),
            "prompt_per_second": _ratio(1000 * prompt_n, prompt_ms),
            "predicted_n": predicted_n,
            "predicted_ms": predicted_ms,
            "predicted_per_token_ms": _ratio(predicted_ms, predicted_n),
            "predicted_per_second": _ratio(1000 * predicted_n, predicted_ms),
        },
    }
    if asked.fields is None:
        return told
    flat = told | {f"timings/{name}": value for name, value in told["timings"].items()}
    return {name: flat[name] for name in asked.fields if name in flat}


def of_completion(asked: AskedCompletion, said: AssistantAnswer) -> dict[str, Any]:
    """The answer to `/v1/completions`."""
    window, generated = said.tokens.get("window", 0), said.tokens.get("generated", 0)
    reason = "length" if said.finish in ("limit", "deadline") else "stop"
    return {
        "id": f"cmpl-{next(_numbers)}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": said.model,
        "choices": [{"index": 0, "text": said.until(asked.stop), "logprobs": None, "finish_reason": reason}],
        "usage": {"prompt_tokens": window, "completion_tokens": generated, "total_tokens": window + generated},
    }


def of_models(model: str) -> dict[str, Any]:
    """The answer to `/v1/models`: the one that answers."""
    return {"object": "list", "data": [{"id": model, "object": "model", "owned_by": "iquest-lsp"}]}


def of_error(status: int, message: str) -> dict[str, Any]:
    """An error, as both kinds of server tell it."""
    kinds = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 503: "unavailable_error"}
    kind = kinds.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {"error": {"code": status, "message": message, "type": kind}}


def _ratio(value: float, by: float) -> float:
    return round(value / by, 3) if by else 0.0
