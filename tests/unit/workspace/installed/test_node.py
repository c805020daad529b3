"""The packages of a `node_modules` folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from iquest_lsp.workspace.installed.node import package_of, types_of, version_with_types


@pytest.mark.parametrize(
    ("specifier", "package"),
    [
        ("kit", "kit"),
        ("kit/inner/a.js", "kit"),
        ("@own/kit/inner", "@own/kit"),
        ("", ""),
        ("./a", ""),
        ("../a", ""),
        ("/a", ""),
        ("#own", ""),
        ("@/a", ""),
        ("node:fs", ""),
        ("a\\b", ""),
        ("@own/..", ""),
        ("@own//kit", ""),
    ],
)
def test_the_package_of_an_import(specifier: str, package: str) -> None:
    assert package_of(specifier) == package


def test_types_lie_in_a_package_of_their_own() -> None:
    assert (types_of("kit"), types_of("@own/kit")) == ("@types/kit", "@types/own__kit")


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ({"version": "1.2", "types": "a.d.ts"}, "1.2"),
        ({"version": "1.2", "exports": {".": {"types": "./a.d.mts"}}}, "1.2"),
        ({"version": "1.2"}, ""),
        ({"types": "a.d.ts"}, ""),
        ({"version": 1, "types": "a.d.ts"}, ""),
        ([], ""),
        ("1.2", ""),
    ],
)
def test_the_version_of_a_package_with_types(tmp_path: Path, about: object, expected: str) -> None:
    (tmp_path / "package.json").write_text(json.dumps(about))
    assert version_with_types(tmp_path) == expected


def test_types_may_just_lie_there(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"version": "1.2"}')
    (tmp_path / "index.d.ts").write_text("")
    assert version_with_types(tmp_path) == "1.2"


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\xff"])
def test_a_damaged_package_has_none(tmp_path: Path, text: str) -> None:
    assert version_with_types(tmp_path) == ""
    (tmp_path / "package.json").write_bytes(text.encode("latin-1"))
    assert version_with_types(tmp_path) == ""
