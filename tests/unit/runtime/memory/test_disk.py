from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from iquest_lsp.runtime.memory.disk import Memory, MemoryFile, MemoryFileError, read_kept


@pytest.mark.parametrize("data", [b"", b"IQMEMORY", b"\0" * 4096, b"GGUF" * 100])
def test_a_foreign_file_is_no_memory(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "large-0.memory"
    path.write_bytes(data)
    with pytest.raises(MemoryFileError):
        Memory.read(path, "bytes")


def test_what_is_kept_is_read_and_what_is_not_sound_goes(tmp_path: Path) -> None:
    assert read_kept(tmp_path, "large", "bytes") is None
    Memory.of("bytes", [(MemoryFile("a.py", ""), np.array([1, 2, 3], np.int32))], 8).write(tmp_path, "large")
    kept = read_kept(tmp_path, "large", "bytes")
    assert kept is not None
    assert [entry.path for entry in kept.entries] == ["a.py"]
    assert read_kept(tmp_path, "small", "bytes") is None
    assert read_kept(tmp_path, "large", "another") is None
    assert not list(tmp_path.glob("large*"))
