"""What the doctor says of the daemon: none, a sound one, one of another version, one that does not listen."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket

import pytest

from iquest_lsp import __version__
from iquest_lsp.daemon import control, handshake
from iquest_lsp.daemon.lock import acquire
from iquest_lsp.daemon.runtime_dir import DaemonFiles, daemon_files


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DaemonFiles:
    tmp_path.chmod(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return daemon_files({})


@pytest.fixture
def answering(files: DaemonFiles) -> Iterator[list[str]]:
    """A daemon of the version that is put into the list, which says only how it is."""
    versions: list[str] = []
    with socket(AF_UNIX, SOCK_STREAM) as listening:
        listening.bind(str(files.socket))
        listening.listen()

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    if connection.recv(4096):
                        status = {"pid": 7, "version": versions[-1]}
                        connection.sendall(handshake.reply(handshake.WELCOME, status=status))

        threading.Thread(target=serve, daemon=True).start()
        yield versions
        listening.shutdown(2)


def test_none_is_no_problem(files: DaemonFiles) -> None:
    assert control.stale({}) == ("none is running", "")


@pytest.mark.parametrize(
    ("version", "wrong"),
    [(__version__, ""), ("0.0.1", f"it is not of this version, {__version__}")],
)
def test_one_of_another_version_is_stale(answering: list[str], version: str, wrong: str) -> None:
    answering.append(version)
    assert control.stale({}) == (f"process 7, version {version}", wrong)


def test_one_that_holds_the_lock_and_does_not_listen_is_stale(files: DaemonFiles) -> None:
    lock = acquire(files.lock, 1.0, lambda: False)
    assert lock is not None
    try:
        said, wrong = control.stale({})
    finally:
        lock.release()
    assert said.startswith("process ")
    assert wrong == "it does not listen"
    assert control.stale({}) == ("none is running", "")
