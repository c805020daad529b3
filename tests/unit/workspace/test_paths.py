from __future__ import annotations

from pathlib import Path

import pytest

from iquest_lsp.workspace.paths import is_file, is_folder, is_there, real_path


def test_what_is_at_a_path(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    (tmp_path / "link").symlink_to(tmp_path)
    assert [is_there(tmp_path), is_folder(tmp_path), is_file(tmp_path)] == [True, True, False]
    assert [is_there(tmp_path / "a"), is_folder(tmp_path / "a"), is_file(tmp_path / "a")] == [True, False, True]
    assert is_folder(tmp_path / "link")


@pytest.mark.parametrize("name", ["absent", "n" * 300, "a/b" * 3000, "a\0b", "\ud800", "itself", "a/below a file"])
def test_whatever_cannot_be_looked_at_is_not_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "a").write_text("")
    (tmp_path / "itself").symlink_to("itself")
    path = tmp_path / name
    assert [is_there(path), is_folder(path), is_file(path)] == [False, False, False]


def test_where_a_path_leads(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    real = real_path(tmp_path)
    assert real_path(tmp_path / "link" / "a.py") == real / "there" / "a.py"
    for name in ("gone", "nul\0", "half \ud800"):
        assert real_path(tmp_path / name).name == name
    assert real_path(tmp_path / "loop").name == "loop"
