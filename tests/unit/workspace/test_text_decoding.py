"""Bytes of a file to text."""

from __future__ import annotations

import pytest

from iquest_lsp.errors import DocumentError, NoTextError
from iquest_lsp.workspace.text_decoding import SNIFF_BYTES, decode, is_binary


@pytest.mark.parametrize(
    ("data", "name", "text"),
    [
        (b"", "a.py", ""),
        (b"a\r\nb\r", "a.py", "a\r\nb\r"),
        ("ü字".encode(), "a.py", "ü字"),
        (b"\xef\xbb\xbfa", "a.py", "a"),
        ("a".encode("utf-16"), "a.txt", "a"),
        (b"\xfe\xff\x00a", "a.txt", "a"),
        (b"\xff\xfe\x00\x00a\x00\x00\x00", "a.txt", "a"),
        (b"# -*- coding: latin-1 -*-\n\xfc", "a.py", "# -*- coding: latin-1 -*-\nü"),
        (
            b"#!/bin/sh\n# vim: set fileencoding=cp1252 :\n\x80",
            "a.pyi",
            "#!/bin/sh\n# vim: set fileencoding=cp1252 :\n€",
        ),
    ],
)
def test_a_text_is_read_in_the_encoding_it_is_in(data: bytes, name: str, text: str) -> None:
    assert decode(data, name) == text


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\xfc", "a.py"),
        (b"# coding: latin-1\n\xfc", "a.txt"),
        (b"a\nb\n# coding: latin-1\n\xfc", "a.py"),  # not in the first two lines
        (b"# coding: nothing\n\xfc", "a.py"),
        (b"# coding: hex\n\xfc", "a.py"),
        (b"\xff\xfea", "a.txt"),
    ],
)
def test_no_encoding_is_guessed(data: bytes, name: str) -> None:
    with pytest.raises(DocumentError):
        decode(data, name)


def test_binary_data_are_no_text() -> None:
    assert is_binary(b"a\0b")
    assert not is_binary(b"a" * SNIFF_BYTES + b"\0")
    assert not is_binary(b"\xff\xfea\0")
    with pytest.raises(NoTextError):
        decode(b"\0", "a.bin")
