"""Frames between the daemon and its engine process: a JSON header and a binary payload of token ids.

    uint32 header length, uint32 payload length (little-endian), header (UTF-8 JSON), payload (int32 tokens)

JSON and integers rather than pickles: the child can send nothing that runs code in the daemon.
"""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any, BinaryIO

from iquest_lsp import errors
from iquest_lsp.datatypes import Finish, Generation, Timings, TokenCounts
from iquest_lsp.errors import EngineError, IQuestError

PREFIX = struct.Struct("<II")
MAX_HEADER = 64 * 1024 * 1024
MAX_PAYLOAD = 64 * 1024 * 1024


def pack(header: dict[str, Any], tokens: Sequence[int] = ()) -> bytes:
    """One frame as bytes."""
    head = json.dumps(header, ensure_ascii=True, separators=(",", ":")).encode("ascii")
    body = array("i", tokens).tobytes() if len(tokens) else b""
    return PREFIX.pack(len(head), len(body)) + head + body


def sizes(prefix: bytes) -> tuple[int, int]:
    """Header and payload length; raises EngineError when they cannot be those of a frame."""
    head, body = PREFIX.unpack(prefix)
    if head > MAX_HEADER or body > MAX_PAYLOAD or body % 4:
        raise EngineError("The engine process sent a damaged message", why=f"lengths {head} and {body}")
    return head, body


def unpack(head: bytes, body: bytes) -> tuple[dict[str, Any], list[int]]:
    """The header and the tokens of a frame."""
    header = json.loads(head)
    if not isinstance(header, dict):
        raise EngineError("The engine process sent a damaged message", why="its header is not an object")
    return header, array("i", body).tolist() if body else []


def read(stream: BinaryIO) -> tuple[dict[str, Any], list[int]] | None:
    """The next frame of a blocking stream; None at its end."""
    prefix = stream.read(PREFIX.size)
    if len(prefix) < PREFIX.size:
        return None
    head, body = sizes(prefix)
    data = stream.read(head + body)
    if len(data) < head + body:
        return None
    return unpack(data[:head], data[head:])


def error_to_json(error: BaseException) -> dict[str, str]:
    """An error as it crosses the border; one that is not ours keeps its type's name in `why`."""
    if isinstance(error, IQuestError):
        return {"type": type(error).__name__, "what": error.what, "why": error.why, "fix": error.fix}
    return {
        "type": "EngineError",
        "what": "The engine met an unexpected error",
        "why": f"{type(error).__name__}: {error}",
        "fix": "",
    }


def error_from_json(data: dict[str, str]) -> IQuestError:
    """The error a frame carries."""
    kind = getattr(errors, data.get("type", ""), EngineError)
    if not (isinstance(kind, type) and issubclass(kind, IQuestError)):
        kind = EngineError
    return kind(data.get("what", "The engine failed"), why=data.get("why", ""), fix=data.get("fix", ""))


def generation_to_json(generation: Generation) -> dict[str, Any]:
    """A generation without its tokens, which travel as the payload."""
    data = {item.name: getattr(generation, item.name) for item in fields(generation) if item.name != "tokens"}
    data["counts"] = asdict(generation.counts)
    data["timings"] = asdict(generation.timings)
    data["finish"] = str(generation.finish)
    return data


def generation_from_json(data: dict[str, Any], tokens: list[int]) -> Generation:
    """The inverse of `generation_to_json`."""
    return Generation(
        text=data["text"],
        tokens=tuple(tokens),
        logprobs=tuple(data["logprobs"]),
        ends=tuple(data["ends"]),
        finish=Finish(data["finish"]),
        counts=TokenCounts(**data["counts"]),
        timings=Timings(**data["timings"]),
    )
