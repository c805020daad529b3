"""SentencePiece model files (tokenizer.model): pieces, kinds, and how text is prepared.

A protocol buffer, read by hand: the `sentencepiece` package does not tell which pieces are user-defined, and its own
message classes need protobuf. Field numbers: src/sentencepiece_model.proto of google/sentencepiece.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from iquest_lsp.errors import CheckpointError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_UNIGRAM, _BPE = 1, 2


class PieceKind(enum.IntEnum):
    """ModelProto.SentencePiece.Type; the numbers are also those of gguf.TokenType."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


@dataclass(frozen=True)
class SentencePieceModel:
    """What a tokenizer.model says; `normalizes` is true where it rewrites characters."""

    pieces: tuple[str, ...]
    scores: tuple[float, ...]
    kinds: tuple[PieceKind, ...]
    normalizer: str
    normalizes: bool
    dummy_prefix: bool
    removes_spaces: bool

    @classmethod
    def read(cls, path: Path) -> SentencePieceModel:
        """Raises CheckpointError for a file that is none, or a model that is not BPE."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise CheckpointError(f"{path} cannot be read", why=error.strerror or str(error)) from error
        try:
            return cls._parse(data)
        except (ValueError, IndexError, struct.error) as error:
            raise CheckpointError(f"{path} is not a SentencePiece model", why=str(error)) from error

    @classmethod
    def _parse(cls, data: bytes) -> SentencePieceModel:
        pieces, scores, kinds = [], [], []
        model_type = _UNIGRAM
        spec: dict[int, int | bytes] = {}
        for number, value in _fields(data):
            if number == 1 and isinstance(value, bytes):
                piece = dict(_fields(value))
                pieces.append(_text(piece.get(1, b"")))
                scores.append(_float(piece.get(2, 0)))
                kinds.append(PieceKind(int(piece.get(3, 1))))
            elif number == 2 and isinstance(value, bytes):
                model_type = int(dict(_fields(value)).get(3, _UNIGRAM))
            elif number == 3 and isinstance(value, bytes):
                spec |= dict(_fields(value))  # given twice, the two are merged
        if not pieces:
            raise ValueError("it holds no pieces")
        if model_type != _BPE:
            raise ValueError("it is not a BPE model, the only kind that can be converted")
        return cls(
            tuple(pieces),
            tuple(scores),
            tuple(kinds),
            _text(spec.get(1, b"")),
            spec.get(2, b"") != b"",
            bool(spec.get(3, True)),
            bool(spec.get(4, True)),
        )


def _text(value: int | bytes) -> str:
    if not isinstance(value, bytes):
        raise ValueError("a text is a number")
    return value.decode("utf-8")


def _float(value: int | bytes) -> float:
    if isinstance(value, bytes):
        raise ValueError("a score is a text")
    number: float = struct.unpack("<f", struct.pack("<I", value))[0]
    return number


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field: integers for varints and fixed widths, bytes for the rest."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == _BYTES:
            size, at = _varint(data, at)
        elif wire in (_FIXED32, _FIXED64):
            size = 4 if wire == _FIXED32 else 8
        else:
            raise ValueError(f"a field has the wire type {wire}")
        if at + size > len(data):
            raise ValueError("it is cut off")
        piece = data[at : at + size]
        at += size
        yield number, piece if wire == _BYTES else int.from_bytes(piece, "little")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("a number is too long")
