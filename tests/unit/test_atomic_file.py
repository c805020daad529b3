"""Files that are whole or not there at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from iquest_lsp import atomic_file
from iquest_lsp.atomic_file import atomic_write, put_in_place, replacing
from iquest_lsp.errors import SettingsError
from iquest_lsp.settings import read_toml, write_setting


def test_a_file_is_private_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    before = os.umask(0o077)
    try:
        atomic_write(path, "größe\n")
        atomic_write(path, b"again", mode=0o644, fsync=True)
    finally:
        os.umask(before)
    assert path.read_bytes() == b"again"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [item.name for item in path.parent.iterdir()] == ["file"]


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def fail() -> None:
        with replacing(path) as part:
            part.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(OSError, match="gone"):
        put_in_place(tmp_path / "gone", path)
    with pytest.raises(OSError, match="file"):
        atomic_write(path / "below", "x")
    assert path.read_text() == "old"


@pytest.mark.parametrize(("system", "refusals", "works"), [("nt", 3, True), ("nt", 10**6, False), ("posix", 1, False)])
def test_windows_refuses_while_somebody_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str, refusals: int, works: bool
) -> None:
    path, part = tmp_path / "file", tmp_path / "part"
    path.write_text("old")
    part.write_text("new")
    replace, asked = Path.replace, []

    def refuse(self: Path, target: Path) -> Path:
        asked.append(target)
        if len(asked) <= refusals:
            raise PermissionError(13, "somebody reads it")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    monkeypatch.setattr(atomic_file, "RENAME_PAUSE_S", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", system)
        if works:
            put_in_place(part, path)
        else:
            with pytest.raises(PermissionError, match="somebody reads it"):
                put_in_place(part, path)
    assert path.read_text() == ("new" if works else "old")
    assert len(asked) == (1 if system == "posix" else min(refusals + 1, atomic_file.RENAME_TRIES))


def test_a_link_at_its_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("other")
    (tmp_path / "file").symlink_to(other)
    atomic_write(tmp_path / "file", "mine")
    assert (other.read_text(), (tmp_path / "file").is_symlink()) == ("other", False)


SETTINGS = """# mine
threads = 4  # as many as there are

[later]  # a table of another program
model = "not this one"
"""


def test_a_setting_is_written_and_all_else_stays(tmp_path: Path) -> None:
    kept, path = tmp_path / "dotfiles.toml", tmp_path / "settings.toml"
    kept.write_text(SETTINGS)
    kept.chmod(0o640)
    path.symlink_to(kept)
    for value in ("nano", 'a "quoted" \\ name', "größe\n"):
        write_setting(path, "model", value)
        assert read_toml(path) == {"threads": 4, "model": value, "later": {"model": "not this one"}}
        assert path.is_symlink()
        assert stat.S_IMODE(kept.stat().st_mode) == 0o640
        for line in SETTINGS.splitlines():
            assert line in kept.read_text().splitlines()
    path.write_text("broken = \n")
    with pytest.raises(SettingsError):
        write_setting(path, "model", "nano")
    assert path.read_text() == "broken = \n"
