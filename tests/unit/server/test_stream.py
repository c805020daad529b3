from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

import pytest

from iquest_lsp.server import stream
from iquest_lsp.server.stream import FileWriter, PipeWriter


class Transport:
    """An asyncio transport whose other side reads nothing."""

    def __init__(self) -> None:
        self.waiting, self.aborted, self.is_gone = b"", False, False

    def is_closing(self) -> bool:
        return self.is_gone or self.aborted

    def get_write_buffer_size(self) -> int:
        return len(self.waiting)

    def write(self, data: bytes) -> None:
        self.waiting += data

    def abort(self) -> None:
        self.aborted = True


def writer(transport: Transport) -> PipeWriter:
    return PipeWriter(cast("asyncio.WriteTransport", transport))


def test_a_client_that_reads_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_UNSENT", 5)
    transport = Transport()
    for data in (b"abc", b"def", b"ghi", b"jkl"):
        writer(transport).write(data)
    assert transport.aborted
    assert transport.waiting == b"abcdef"


def test_what_is_written_to_a_client_that_has_gone_is_lost() -> None:
    transport = Transport()
    transport.is_gone = True
    writer(transport).write(b"abc")
    assert (transport.waiting, transport.aborted) == (b"", False)


def test_a_file_takes_all_of_it(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as file:
        made = FileWriter(file.fileno())
        made.write(b"")
        made.write(b"x" * 100_000)
        made.close()
        file.write(b"y")  # it is still open
    assert (tmp_path / "out").read_bytes() == b"x" * 100_000 + b"y"
