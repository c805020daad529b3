"""The pipe between the daemon and its engine process: records in frames.

    uint32 header length, uint32 payload length (little-endian), header (UTF-8 JSON), payload (int32 token ids)

The header names the class of a record and holds its fields; where one of them is token ids, it says where in the
payload they lie. JSON and integers rather than pickles: the child can send nothing that runs code in the daemon.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

import cattrs

from iquest_lsp import errors
from iquest_lsp.errors import EngineError, IQuestError
from iquest_lsp.token_ids import WIDTH, TokenIds

PREFIX = struct.Struct("<II")
MAX_HEADER = 64 * 1024 * 1024
MAX_PAYLOAD = 64 * 1024 * 1024
#: In the header, an object with this one key stands for the ids [start, stop) of the payload.
_IDS = "\0ids"

#: Classes of records by the name under which they travel.
Kinds = Mapping[str, type]


def pack(number: int, record: object) -> bytes:
    """A record as one frame; `number` is that of the request it belongs to."""
    payload: list[bytes] = []
    count = 0

    def place(value: object) -> dict[str, list[int]]:
        nonlocal count
        if not isinstance(value, TokenIds):
            raise TypeError(f"{type(value).__name__} does not travel")
        payload.append(value.data)
        start, count = count, count + len(value)
        return {_IDS: [start, count]}

    message = {"number": number, "kind": type(record).__name__, "record": _converter.unstructure(record)}
    head = json.dumps(message, ensure_ascii=True, separators=(",", ":"), default=place).encode("ascii")
    return b"".join((PREFIX.pack(len(head), count * WIDTH), head, *payload))


def sizes(prefix: bytes) -> tuple[int, int]:
    """Header and payload length; raises EngineError when they cannot be those of a frame."""
    head, body = PREFIX.unpack(prefix)
    if head > MAX_HEADER or body > MAX_PAYLOAD or body % WIDTH:
        raise _damaged(f"lengths {head} and {body}")
    return head, body


def unpack(head: bytes, body: bytes, kinds: Kinds) -> tuple[int, Any]:
    """The number and the record of a frame; raises EngineError for anything that is none of `kinds`."""
    payload = TokenIds.of_bytes(body)

    def ids(item: dict[str, Any]) -> object:
        return payload[slice(*item[_IDS])] if item.keys() == {_IDS} else item

    try:
        message = json.loads(head, object_hook=ids)
        return int(message["number"]), _converter.structure(message["record"], kinds[message["kind"]])
    except (ValueError, TypeError, LookupError, cattrs.BaseValidationError, cattrs.ForbiddenExtraKeysError) as error:
        raise _damaged(f"{type(error).__name__}: {error}") from error


def read(stream: BinaryIO, kinds: Kinds) -> tuple[int, Any] | None:
    """The number and the record of a blocking stream's next frame; None at its end."""
    prefix = stream.read(PREFIX.size)
    if len(prefix) < PREFIX.size:
        return None
    head, body = sizes(prefix)
    data = stream.read(head + body)
    if len(data) < head + body:
        return None
    return unpack(data[:head], data[head:], kinds)


def error_from_json(data: Mapping[str, str], _: type = IQuestError) -> IQuestError:
    """An error from its parts: `type`, `what`, `why`, `fix`; one of a class unknown here is an EngineError."""
    kind = getattr(errors, data.get("type", ""), EngineError)
    if not (isinstance(kind, type) and issubclass(kind, IQuestError)):
        kind = EngineError
    return kind(data.get("what", "The engine failed"), why=data.get("why", ""), fix=data.get("fix", ""))


def _error_to_json(error: IQuestError) -> dict[str, str]:
    return {"type": type(error).__name__, "what": error.what, "why": error.why, "fix": error.fix}


def _structure_ids(value: object, _: type) -> TokenIds:
    if not isinstance(value, TokenIds):
        raise TypeError("token ids are missing")
    return value


def _damaged(why: str) -> EngineError:
    return EngineError("The engine process sent a damaged message", why=why)


def _make_converter() -> cattrs.Converter:
    made = cattrs.Converter(detailed_validation=False, forbid_extra_keys=True)
    made.register_structure_hook_func(lambda kind: kind is object, lambda value, _: value)  # plain JSON
    made.register_unstructure_hook(IQuestError, _error_to_json)
    made.register_structure_hook(IQuestError, error_from_json)
    made.register_unstructure_hook(TokenIds, lambda ids: ids)
    made.register_structure_hook(TokenIds, _structure_ids)
    return made


_converter = _make_converter()
