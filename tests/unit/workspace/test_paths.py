from __future__ import annotations

from pathlib import Path, PureWindowsPath

import pytest

from iquest_lsp.workspace.paths import is_file, is_folder, is_there, path_in_uri, real_path


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


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///c%3A/Users/ann/a%20b.py", "C:\\Users\\ann\\a b.py"),  # as Visual Studio Code writes it
        ("file:///C:/Users/ann/a.py", "C:\\Users\\ann\\a.py"),  # as pathlib does
        ("file://localhost/d:/a.py", "D:\\a.py"),
        ("file:///e:", "E:\\"),
        ("file:///c:/a%5Cb.py", "C:\\a\\b.py"),
        ("file:///c:/%E4%B8%AD/%C3%A4.py", "C:\\中\\ä.py"),
        ("file://server/share/a.py", "\\\\server\\share\\a.py"),
        ("file:///tmp/a.py", None),  # no drive
        ("file:///c:/a.py:stream", None),
        ("file:///c:a.py", None),  # relative to that drive's current folder
        ("file:////server/share/a.py", None),
        ("file://./pipe/x", None),
        ("file://%3F/c:/x", None),
        ("file://server/", None),
        ("file:///c:/a%00b", None),
        ("untitled:Untitled-1", None),
    ],
)
def test_uris_are_paths_of_windows_there(uri: str, path: str | None) -> None:
    found = path_in_uri(uri, windows=True)
    assert found == path
    if found is not None:
        assert PureWindowsPath(found).is_absolute()


@pytest.mark.parametrize("path", ["C:\\a b\\ä#?%20.py", "D:\\", "\\\\server\\share\\x y.py"])
def test_a_windows_path_is_found_again_by_its_uri(path: str) -> None:
    found = path_in_uri(PureWindowsPath(path).as_uri(), windows=True)
    assert found is not None
    assert PureWindowsPath(found) == PureWindowsPath(path)


def test_a_drive_is_the_same_in_either_case_and_so_is_a_name() -> None:
    names = {path_in_uri(uri, windows=True) or "" for uri in ("file:///c%3A/Work/a.py", "file:///C:/work/A.py")}
    assert len({PureWindowsPath(name) for name in names}) == 1


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///tmp/a%20b.py", "/tmp/a b.py"),
        ("file:///c:/a.py", "/c:/a.py"),
        ("file:///tmp/a%5Cb.py", "/tmp/a\\b.py"),
        ("file:///tmp/a%00b", None),
        ("file:a.py", None),
        ("https://host/a.py", None),
    ],
)
def test_uris_are_paths_of_posix_elsewhere(uri: str, path: str | None) -> None:
    assert path_in_uri(uri, windows=False) == path
