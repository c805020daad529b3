"""The codec of the engine's pipe: every record arrives as it was sent, and nothing else arrives."""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iquest_lsp import errors
from iquest_lsp.errors import EngineError, IQuestError, ModelFileError
from iquest_lsp.runtime.base import wire
from iquest_lsp.runtime.base.engine import EngineStatus
from iquest_lsp.runtime.client.messages import ANSWERS, REQUESTS, Cancel, Failed, Tokenized
from iquest_lsp.token_ids import TokenIds

#: Besides what travels today: a status is a record like the others.
KINDS: dict[str, type] = {**REQUESTS, **ANSWERS, "EngineStatus": EngineStatus}
WORDS = st.text(max_size=12)
ERRORS = sorted(
    (kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, IQuestError)),
    key=lambda kind: kind.__name__,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)

st.register_type_strategy(
    TokenIds,
    st.lists(st.integers(-(2**31), 2**31 - 1), max_size=20).map(TokenIds),  # type: ignore[arg-type]
)
st.register_type_strategy(
    IQuestError,
    st.builds(lambda kind, *said: kind(said[0], why=said[1], fix=said[2]), st.sampled_from(ERRORS), *[WORDS] * 3),
)
st.register_type_strategy(float, st.floats(allow_nan=False))
st.register_type_strategy(str, WORDS)
st.register_type_strategy(object, JSON)


def sent(number: int, record: object) -> tuple[int, Any]:
    """What arrives of a record."""
    found = wire.read(io.BytesIO(wire.pack(number, record)), KINDS)
    assert found is not None
    return found


def plain(value: object) -> object:
    """A value that can be compared: errors by their parts."""
    if isinstance(value, IQuestError):
        return type(value), value.what, value.why, value.fix
    if dataclasses.is_dataclass(value):
        return type(value), {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    return value


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@settings(max_examples=30)
@given(data=st.data(), number=st.integers(0, 2**31))
def test_every_record_arrives_as_it_was_sent(kind: type, data: st.DataObject, number: int) -> None:
    record = data.draw(st.from_type(kind))
    arrived = sent(number, record)
    assert (arrived[0], plain(arrived[1])) == (number, plain(record))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@settings(max_examples=20)
@given(data=st.data())
def test_every_field_of_a_record_is_carried(kind: type, data: st.DataObject) -> None:
    """Two records that differ in one field only differ in it on the other side."""
    fields = dataclasses.fields(kind)
    if not fields:
        assert sent(1, kind())[1] == kind()
        return
    one, other = data.draw(st.from_type(kind)), data.draw(st.from_type(kind))
    for item in fields:
        changed = dataclasses.replace(one, **{item.name: getattr(other, item.name)})
        assert plain(getattr(sent(1, changed)[1], item.name)) == plain(getattr(other, item.name))


def test_ids_lie_in_the_payload_and_not_in_the_header() -> None:
    ids = (TokenIds(range(1000)), TokenIds(), TokenIds([7]))
    frame = wire.pack(3, Tokenized(ids))
    head, body = wire.sizes(frame[: wire.PREFIX.size])
    assert (head < 200, body) == (True, 4 * 1001)
    assert sent(3, Tokenized(ids)) == (3, Tokenized(ids))


@pytest.mark.parametrize(
    "head",
    [
        b"not json",
        b"[]",
        b"{}",
        b'{"number":1,"kind":"Unheard","record":{}}',
        b'{"number":1,"kind":"Cancel","record":{"more":1}}',
        b'{"number":1,"kind":"Tokenized","record":{"ids":[5]}}',
        b'{"number":1,"kind":"Tokenized","record":{"ids":[{"\\u0000ids":["a",2]}]}}',
        b'{"number":1,"kind":"Held","record":{"tokens":null}}',
        b'{"number":1,"kind":"Held","record":{}}',
        b'{"number":null,"kind":"Cancel","record":{}}',
    ],
)
def test_anything_else_is_a_damaged_message(head: bytes) -> None:
    with pytest.raises(EngineError, match="damaged"):
        wire.unpack(head, b"", KINDS)


def test_lengths_of_no_frame_are_a_damaged_message() -> None:
    for head, body in ((wire.MAX_HEADER + 1, 0), (0, wire.MAX_PAYLOAD + 4), (2, 3)):
        with pytest.raises(EngineError, match="damaged"):
            wire.sizes(wire.PREFIX.pack(head, body))


def test_a_stream_ends_between_two_frames_or_in_one() -> None:
    frame = wire.pack(1, Cancel())
    stream = io.BytesIO(frame + frame[:-1])
    assert wire.read(stream, KINDS) == (1, Cancel())
    assert wire.read(stream, KINDS) is None
    assert wire.read(io.BytesIO(), KINDS) is None


def test_an_error_of_an_unknown_class_is_an_engine_error() -> None:
    assert type(wire.error_from_json({"type": "Path", "what": "odd"})) is EngineError
    assert str(wire.error_from_json({})) == "The engine failed."
    assert isinstance(sent(1, Failed(ModelFileError("cut off")))[1].error, ModelFileError)
