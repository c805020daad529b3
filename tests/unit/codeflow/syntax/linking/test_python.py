"""Which file a module of Python is."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.imports import modules
from iquest_lsp.codeflow.syntax.linking.python import PythonLinks

FILES = (
    "src/kit/__init__.py",
    "src/kit/shop.py",
    "src/kit/deep/__init__.py",
    "src/kit/deep/till.pyi",
    "tests/shop.py",
    "tools/one/extra/plug.py",
    "tools/two/extra/plug.py",
    "run.txt",
)


@pytest.mark.parametrize(
    ("module", "user", "file"),
    [
        ("kit", "tests/test_kit.py", "src/kit/__init__.py"),
        ("kit.shop", "tests/test_kit.py", "src/kit/shop.py"),
        ("kit.deep", "a.py", "src/kit/deep/__init__.py"),
        ("kit.deep.till", "a.py", "src/kit/deep/till.pyi"),
        (".shop", "src/kit/deep.py", "src/kit/shop.py"),
        ("..shop", "src/kit/deep/till.pyi", "src/kit/shop.py"),
        (".", "src/kit/shop.py", "src/kit/__init__.py"),
        # Two files may be it, or none.
        ("extra.plug", "a.py", ""),
        ("one.extra.plug", "a.py", "tools/one/extra/plug.py"),
        ("plug", "a.py", ""),
        ("run", "a.py", ""),
        ("os.path", "a.py", ""),
    ],
)
def test_a_module_is_a_file(module: str, user: str, file: str) -> None:
    assert PythonLinks(FILES).file(module, user) == file


@pytest.mark.parametrize(
    ("text", "name", "parts"),
    [
        ("from kit.shop import Shop\n", "Shop", [("src/kit/shop.py", "Shop")]),
        ("from kit.shop import Shop as Stall\n", "Stall", [("src/kit/shop.py", "Shop")]),
        # What the package has of that name comes before its module.
        ("from kit import shop\n", "shop", [("src/kit/__init__.py", "shop"), ("src/kit/shop.py", "")]),
        ("import kit.shop as stall\n", "stall", [("src/kit/shop.py", "")]),
        ("import kit.shop\n", "kit", [("src/kit/__init__.py", "")]),
        ("from os import path\n", "path", []),
    ],
)
def test_a_name_comes_from_a_file(text: str, name: str, parts: list[tuple[str, str]]) -> None:
    written = modules("a.py", text)[name]
    assert [*PythonLinks(FILES).parts(name, written, "a.py")] == parts


def test_a_name_of_an_outer_package_keeps_its_dots() -> None:
    written = modules("src/kit/deep/till.pyi", "from .. import shop\n")["shop"]
    assert [*PythonLinks(FILES).parts("shop", written, "src/kit/deep/till.pyi")] == [
        ("src/kit/__init__.py", "shop"),
        ("src/kit/shop.py", ""),
    ]


@pytest.mark.parametrize(
    ("module", "own"), [("kit.any", True), (".any", True), ("os.path", False), ("extra.plug", True)]
)
def test_a_package_is_of_the_repository_or_not(module: str, *, own: bool) -> None:
    assert PythonLinks(FILES).is_own(module) is own
