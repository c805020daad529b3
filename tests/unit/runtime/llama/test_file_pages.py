"""Pages of a mapped file: given back, and read again as they were."""

from __future__ import annotations

import mmap
import sys
from pathlib import Path

import pytest

from iquest_lsp.runtime.llama import file_pages

SIZE = 4 * 2**20


def _resident(path: Path) -> int:
    """Bytes of the file's mappings that count as this process' memory."""
    found, inside = 0, False
    for line in Path("/proc/self/smaps").read_text("utf-8").splitlines():
        if "-" in line.split(" ")[0]:
            inside = line.endswith(str(path))
        elif inside and line.startswith("Rss:"):
            found += int(line.split()[1]) * 1024
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="pages are counted in /proc")
def test_pages_are_given_back_and_come_again(tmp_path: Path) -> None:
    path = tmp_path / "a model.gguf"
    path.write_bytes(bytes(range(256)) * (SIZE // 256))
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        before = mapped[:]
        assert _resident(path) == SIZE
        assert file_pages.release([path]) == SIZE
        assert _resident(path) == 0
        assert mapped[:] == before
        assert file_pages.release([tmp_path / "another"]) == 0


def test_large_files_only_and_not_at_every_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Path] = []
    monkeypatch.setattr(file_pages, "release", lambda paths: calls.extend(paths))
    large, small = tmp_path / "large", tmp_path / "small"
    for path, size in ((large, 2**30), (small, 2**20)):
        with path.open("wb") as stream:
            stream.truncate(size)
    loaded = file_pages.releaser([large])
    for step in range(101):
        loaded(step / 100)
    assert calls == [large] * 4
    loaded = file_pages.releaser([small])
    loaded(1.0)
    assert small not in calls
