"""Where the daemon may put its socket, and who may be at the other end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from iquest_lsp.daemon import runtime_dir
from iquest_lsp.errors import DaemonError


def test_a_private_folder_is_made_and_made_private_again(tmp_path: Path) -> None:
    folder = runtime_dir.private_folder(tmp_path / "new" / "app")
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    assert runtime_dir.private_folder(folder).stat().st_mode & 0o777 == 0o700


def test_a_link_or_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    (tmp_path / "file").write_text("")
    for name in ("link", "file"):
        with pytest.raises(DaemonError, match="link or a file"):
            runtime_dir.private_folder(tmp_path / name)


def test_a_parent_in_which_others_can_rename_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(DaemonError, match="anybody"):
        runtime_dir.private_folder(tmp_path / "app")
    tmp_path.chmod(0o1777)  # as /tmp is
    runtime_dir.private_folder(tmp_path / "app")


def test_somebody_else_s_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = os.geteuid()
    (tmp_path / "app").mkdir(mode=0o700)
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    with pytest.raises(DaemonError, match="belongs to user"):
        runtime_dir.private_folder(tmp_path / "app")


def test_without_a_session_folder_the_temporary_one_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "relative")
    monkeypatch.setattr(runtime_dir, "is_mine", lambda folder: False)
    monkeypatch.setattr(runtime_dir.tempfile, "gettempdir", lambda: str(tmp_path))
    place = runtime_dir.daemon_files({})
    assert place.folder == tmp_path / f"iquest-lsp-{os.getuid()}"
    assert place.folder.stat().st_mode & 0o777 == 0o700


def test_a_long_path_still_gives_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    place = runtime_dir.daemon_files({})
    try:
        assert len(os.fsencode(place.socket)) <= runtime_dir.MAX_SOCKET_PATH
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
        assert runtime_dir.daemon_files({}).folder != place.folder
    finally:
        place.folder.rmdir()


def test_options_that_choose_the_engine_make_another_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IQUEST_LSP_FAKE", raising=False)
    monkeypatch.chdir(tmp_path)
    Path("m.gguf").write_bytes(b"")
    given = runtime_dir.with_absolute_paths({"model": "m.gguf", "log_level": "debug"})
    assert given["model"] == str(tmp_path / "m.gguf")
    names = [{}, {"engine": "fake"}, given, {"model": "nano"}]
    assert len({runtime_dir.service_name(options) for options in names}) == len(names)
    assert runtime_dir.service_name({"log_level": "debug"}) == "daemon"
    plain = runtime_dir.service_name({"engine": "fake"})
    monkeypatch.setenv("IQUEST_LSP_FAKE", "{}")
    assert runtime_dir.service_name({"engine": "fake"}) != plain
