"""Which repository and which files may be asked about."""

from __future__ import annotations

from pathlib import Path

import pytest

from iquest_lsp.errors import NoSuchFileError, UsageError
from iquest_lsp.mcp_server.folders import FolderInRepository, choose, folder_of


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two repositories side by side, one with a folder that is offered on its own, and something outside."""
    for name in ("shop/.git", "shop/src/inner", "bank/.git", "outside"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "shop/src/a.py").write_text("")
    (tmp_path / "outside/secret.py").write_text("")
    (tmp_path / "shop/link.py").symlink_to(tmp_path / "outside/secret.py")
    (tmp_path / "shop/away").symlink_to(tmp_path / "outside")
    (tmp_path / "shop/.git/config").write_text("")
    return tmp_path


def test_without_a_root_it_is_the_first_folder(tree: Path) -> None:
    assert choose("", [tree / "shop/src", tree / "bank"]) == FolderInRepository(tree / "shop/src", tree / "shop")
    assert choose("", [tree / "outside"]).top == tree / "outside"


@pytest.mark.parametrize("asked", ["inner", "./inner", "../src/inner", "{tree}/shop/src/inner"])
def test_a_root_is_seen_from_the_folders_or_absolute(tree: Path, asked: str) -> None:
    place = choose(asked.format(tree=tree), [tree / "bank", tree / "shop/src"])
    assert place == FolderInRepository(tree / "shop/src/inner", tree / "shop")


def test_the_repository_around_a_folder_may_be_asked_about(tree: Path) -> None:
    assert choose(str(tree / "shop"), [tree / "shop/src"]).folder == tree / "shop"


@pytest.mark.parametrize("asked", ["..", "../..", "/", "{tree}", "{tree}/bank", "/etc", "../../bank", "away", "~"])
def test_other_folders_are_refused(tree: Path, asked: str) -> None:
    with pytest.raises((UsageError, NoSuchFileError)) as caught:
        choose(asked.format(tree=tree), [tree / "shop"])
    assert "may be asked about" in str(caught.value)


def test_a_folder_that_is_not_there_is_named(tree: Path) -> None:
    with pytest.raises(NoSuchFileError, match="There is no folder nowhere"):
        choose("nowhere", [tree / "shop"])


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("a.py", "src/a.py"),
        ("src/a.py", "src/a.py"),
        ("./inner/../a.py", "src/a.py"),
        ("{tree}/shop/src/a.py", "src/a.py"),
        ("gone.py", "src/gone.py"),
        ("..\\a.py", "src/..\\a.py"),
    ],
)
def test_a_file_is_named_from_the_top(tree: Path, given: str, path: str) -> None:
    assert choose("", [tree / "shop/src"]).file(given.format(tree=tree)) == path


@pytest.mark.parametrize(
    "given",
    [
        "../outside/secret.py",
        "{tree}/outside/secret.py",
        "/etc/passwd",
        "link.py",
        "away/secret.py",
        "src/../../outside/secret.py",
        ".git/config",
        "src/../.git/config",
        "src",
        ".",
        "..",
        "/",
        "a" * 4000,
    ],
)
def test_other_files_are_refused(tree: Path, given: str) -> None:
    place = choose("", [tree / "shop"])
    if given.startswith("aa"):
        assert place.file(given) == given  # a name that cannot be: the history knows no such file
        return
    with pytest.raises(UsageError):
        place.file(given.format(tree=tree))


def test_folders_of_clients_are_file_uris_of_folders(tree: Path) -> None:
    (tree / "a b").mkdir()
    assert folder_of((tree / "a b").as_uri()) == tree / "a b"
    for uri in ("https://example.org/", f"file://{tree}/nowhere", "file:relative", "file://[", "", "file://"):
        assert folder_of(uri) is None
