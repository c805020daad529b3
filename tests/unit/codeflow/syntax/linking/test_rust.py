"""What a path of Rust means, by the Cargo.toml files of a repository."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.imports import leads_to
from iquest_lsp.codeflow.syntax.linking.rust import RustLinks

FILES = {
    "Cargo.toml": b'[package]\nauthors = ["A"]\nname = "kit-all"\n\n[dependencies]\nname = "other"\n',
    "crates/inner/Cargo.toml": b"[package]\nname=\"inner\"\n[lib]\nname = 'deep'\n",
    "crates/odd/Cargo.toml": b"\xff\xfe\x00",
    # What shows something has the name of it.
    "show/kit/Cargo.toml": b'[package]\nname = "kit-all"\n',
    "tests/data/Cargo.toml": b'[package]\nname = "data"\n',
}


@pytest.mark.parametrize(
    ("module", "place"),
    [
        ("kit_all", "/src"),
        ("kit_all::paging", "/src/paging"),
        ("kit_all::style::Part", "/src/style"),
        ("inner::a", "/crates/inner/src/a"),
        ("deep::a", "/crates/inner/src/a"),
        ("crate::a", "crate::a"),
        ("other", "other"),
        ("data", "data"),
        ("", ""),
    ],
)
def test_a_path_that_begins_with_a_crate_is_one_of_its_files(module: str, place: str) -> None:
    assert RustLinks(FILES, FILES.get).place(module) == place


@pytest.mark.parametrize(
    ("module", "path", "leads"),
    [
        # What the crate passes on may be of any of its files.
        ("kit_all", "src/paging.rs", True),
        ("kit_all", "src/deep/paging.rs", True),
        ("kit_all", "crates/inner/src/lib.rs", False),
        ("kit_all::paging", "src/paging.rs", True),
        ("kit_all::other", "src/paging.rs", False),
    ],
)
def test_a_name_of_a_crate_leads_to_its_files(module: str, path: str, leads: bool) -> None:
    assert leads_to(RustLinks(FILES, FILES.get).place(module), path, "src/bin/main.rs") is leads
