"""Bytes of a file to text: byte-order marks, UTF-8, UTF-16, and the encodings a Python file declares."""

from __future__ import annotations

import codecs
import re

from iquest_lsp.errors import DocumentError, NoTextError

#: Bytes looked at to tell binary from text, as git does.
SNIFF_BYTES = 8000

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark starts with the other's
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# PEP 263: in the first or second line, a comment.
_COOKIE = re.compile(rb"\A(?:[^\n]*\n)?[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")


def is_binary(data: bytes) -> bool:
    """Whether the bytes are no text: a NUL near the start, and no mark that explains it."""
    return not any(data.startswith(mark) for mark, _ in _MARKS) and b"\0" in data[:SNIFF_BYTES]


def decode(data: bytes, name: str) -> str:
    """The text without its byte-order mark, line ends as they are.

    Raises DocumentError for binary data and for bytes that are not valid in the encoding they are in by their mark,
    their Python coding comment, or else UTF-8. A guess that could be wrong is never made.
    """
    if is_binary(data):
        raise NoTextError(f"{name} is a binary file")
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _decode(data[len(mark) :], encoding, name)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        cookie = _COOKIE.match(data) if name.endswith((".py", ".pyi")) else None
        return _decode(data, cookie.group(1).decode("ascii", "replace") if cookie else "utf-8", name)


def _decode(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError) as error:
        raise DocumentError(
            f"{name} is in an unknown encoding", why=str(error), fix="Save the file as UTF-8"
        ) from error
