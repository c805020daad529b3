from __future__ import annotations

import logging
from pathlib import Path

import pytest

from iquest_lsp.daemon import logs


def test_the_log_is_bounded_and_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_BYTES", 2000)
    handler = logs.PatientHandler(tmp_path / "a.log")
    for number in range(400):
        handler.emit(logging.makeLogRecord({"msg": f"line {number}", "name": "x", "levelname": "INFO"}))
    handler.close()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["a.log", "a.log.1", "a.log.2", "a.log.3"]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 10_000
    assert logs.tail(tmp_path / "a.log", 45)[-1].endswith("line 399")
    assert len(logs.tail(tmp_path / "a.log", 45)) == 45


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_loses_lines_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = logs.PatientHandler(Path("/dev/full"))
    for _ in range(10):
        handler.emit(logging.makeLogRecord({"msg": "x" * 10000}))
    assert handler.lost == 10
    handler.baseFilename = str(tmp_path / "room.log")  # there is room again, later
    monkeypatch.setattr(handler, "wait_until", 0.0)
    handler.emit(logging.makeLogRecord({"msg": "back"}))
    handler.close()
    assert "back" in (tmp_path / "room.log").read_text()
    assert capsys.readouterr().err == ""
