"""Paths that are no text, as text and back."""

from __future__ import annotations

import os

import pytest

from iquest_lsp.codeflow.git.path_bytes import decode_path, encode_path


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", ""),
        (b"a/b.py", "a/b.py"),
        ("src/ü/字.py".encode(), "src/ü/字.py"),
        (b"a/\xff b.py", "a/\\xff b.py"),
        (b"\xc3(", "\\xc3("),
        (b"a\nb\\c", "a\nb\\c"),
        # A name may be written as bytes are escaped that need no escape.
        (b"a\\x41.py", "a\\x41.py"),
        (b"a\\xZZ\\x", "a\\xZZ\\x"),
    ],
)
def test_a_path_is_text_and_comes_back_as_it_was(raw: bytes, text: str) -> None:
    assert decode_path(raw) == text
    assert os.fsencode(encode_path(text)) == raw
