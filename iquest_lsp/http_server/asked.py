"""What is asked: the text around the cursor and the bounds, out of the requests' two shapes.

`/infill` is llama.cpp's: as llama.vim and llama.vscode send it, `input_prefix` ends before the cursor's line, `prompt`
holds that line up to the cursor, and `input_extra` are pieces of other files. `/v1/completions` is OpenAI's: `prompt`
and `suffix`, or, as Zed sends it, one `prompt` in which a model family's own marks set the two apart.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from iquest_lsp.http_server.wire import Refused

#: The marks of fill-in-the-middle prompts: before the prefix, between the two, and behind the suffix.
PREFIX_FIRST = (
    ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),  # Qwen, CodeGemma
    ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),  # StarCoder
    ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),  # DeepSeek
    ("<PRE> ", " <SUF>", " <MID>"),  # Code Llama
    ("<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>"),  # GLM
)
#: And of those that give the suffix first.
SUFFIX_FIRST = (("[SUFFIX]", "[PREFIX]", ""),)  # Codestral
MOST_EXTRA = 256


@dataclass(frozen=True, slots=True)
class AskedCompletion:
    """Complete between `prefix` and `suffix`; where `only_warms`, get ready for that place instead.

    `names` are files that the client thinks of, the likeliest last. Of tokens and milliseconds None is the setting's.
    """

    prefix: str
    suffix: str
    names: tuple[str, ...] = ()
    max_tokens: int | None = None
    deadline_ms: int | None = None
    stop: tuple[str, ...] = ()
    streams: bool = False
    only_warms: bool = False
    is_empty: bool = False
    fields: tuple[str, ...] | None = None
    several: bool = False


def infill(body: bytes) -> AskedCompletion:
    """A request to `/infill`; raises Refused."""
    told = _object(body)
    count = _whole(told, "n_predict")
    prompt_ms, predict_ms = _whole(told, "t_max_prompt_ms"), _whole(told, "t_max_predict_ms")
    prefix, suffix = _text(told, "input_prefix") + _text(told, "prompt"), _text(told, "input_suffix")
    extra = told.get("input_extra") or []
    if not isinstance(extra, list):
        raise Refused(400, "input_extra must be a list")
    names = [item.get("filename") for item in extra[-MOST_EXTRA:] if isinstance(item, dict)]
    fields = told.get("response_fields")
    return AskedCompletion(
        prefix,
        suffix,
        tuple(name for name in names if isinstance(name, str) and name),
        max_tokens=count if count and count > 0 else None,
        deadline_ms=(prompt_ms or 0) + predict_ms if predict_ms and predict_ms > 0 else None,
        stop=_stop(told),
        streams=told.get("stream") is True,
        only_warms=count == 0,
        is_empty=not prefix and not suffix,
        fields=tuple(map(str, fields)) if isinstance(fields, list) else None,
        several=(_whole(told, "n_cmpl") or 1) > 1,
    )


def completion(body: bytes) -> AskedCompletion:
    """A request to `/v1/completions`; raises Refused."""
    told = _object(body)
    if isinstance(prompts := told.get("prompt"), list) and len(prompts) == 1:
        told["prompt"] = prompts[0]
    prefix, suffix = _text(told, "prompt"), _text(told, "suffix")
    if not suffix:
        prefix, suffix = split(prefix)
    count = _whole(told, "max_tokens")
    return AskedCompletion(
        prefix,
        suffix,
        max_tokens=count if count and count > 0 else None,
        stop=_stop(told),
        streams=told.get("stream") is True,
        only_warms=count == 0,
        is_empty=not prefix and not suffix,
    )


def split(prompt: str) -> tuple[str, str]:
    """The text before and behind the cursor in a prompt with a model family's marks; all of it before, without any."""
    for first, second, end in PREFIX_FIRST + SUFFIX_FIRST:
        if prompt.startswith(first) and prompt.endswith(end) and second in prompt:
            inner = prompt[len(first) : len(prompt) - len(end)]
            # The text may speak of marks itself; of two halves the cut is then ambiguous, and the last one counts.
            before, _, behind = inner.rpartition(second)
            return (before, behind) if (first, second, end) in PREFIX_FIRST else (behind, before)
    return prompt, ""


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Refused(400, "The body is not JSON") from error
    if not isinstance(told, dict):
        raise Refused(400, "The body must be a JSON object")
    _check_form(told)
    return told


def _check_form(told: dict[str, Any]) -> None:
    """Raises Refused for what asks for an answer in a form, which a client would rely on: suggestions are code."""
    form = told.get("response_format")
    wanted = [name for name in ("grammar", "json_schema") if told.get(name)]
    if form and (not isinstance(form, dict) or form.get("type") != "text"):
        wanted.append("response_format")
    if wanted:
        raise Refused(400, f"{wanted[0]} is not kept to here: what is suggested is code")


def _text(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(400, f"{name} must be a text")
    # Half a character, as JSON can escape it, is none; lines end as our documents' do.
    return value.encode("utf-8", "replace").decode("utf-8").replace("\r\n", "\n")


def _whole(told: dict[str, Any], name: str) -> int | None:
    value = told.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > 2**31:
        raise Refused(400, f"{name} must be a number")
    return int(value)


def _stop(told: dict[str, Any]) -> tuple[str, ...]:
    value = told.get("stop")
    given = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(text for text in given if isinstance(text, str) and text)
