"""What a file is for, by its path alone."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.paths import Category, category, is_code, is_test, is_test_of, stem


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/a.py", Category.SOURCE),
        ("a.kt", Category.SOURCE),
        ("tests/test_a.py", Category.TEST),
        ("src/a.test.ts", Category.TEST),
        ("test-d/index.test-d.ts", Category.TEST),
        ("src/types.test-d.ts", Category.TEST),
        ("travis/install.sh", Category.CI),
        ("src/Box.Tests/Box.cs", Category.TEST),
        ("src/Box.Testing/Box.cs", Category.SOURCE),
        ("a_test.go", Category.TEST),
        ("src/test/java/ATest.java", Category.TEST),
        ("src/contest.py", Category.SOURCE),
        ("kit_unittest.cc", Category.TEST),
        ("test.c", Category.TEST),
        ("kit-test.h", Category.TEST),
        ("src/load-test.py", Category.SOURCE),
        # What a library gives to those who test with it, and a library inside of tests.
        ("lib/kit/test/unit.rb", Category.SOURCE),
        ("test/lib/kit/test/unit.rb", Category.TEST),
        ("lib/kit/test/unit.py", Category.TEST),
        ("man/kit.1.in", Category.DOCS),
        ("docs/a.md", Category.DOCS),
        ("README", Category.DOCS),
        ("docs/conf.py", Category.DOCS),
        ("pkg/docs/a.go", Category.SOURCE),
        ("CHANGELOG.md", Category.CHANGELOG),
        ("docs/versionhistory.rst", Category.CHANGELOG),
        ("docs/prehistory.rst", Category.DOCS),
        ("changes.d/12.bugfix.rst", Category.CHANGELOG),
        (".github/workflows/a.yml", Category.CI),
        ("pyproject.toml", Category.BUILD),
        ("Dockerfile.dev", Category.BUILD),
        ("requirements-dev.txt", Category.BUILD),
        ("poetry.lock", Category.LOCK),
        ("go.sum", Category.LOCK),
        ("dist/a.js", Category.GENERATED),
        ("a.min.css", Category.GENERATED),
        ("a.toml", Category.CONFIG),
        (".eslintrc", Category.CONFIG),
        ("a.png", Category.OTHER),
        ("", Category.OTHER),
        ("ж/ß.py", Category.SOURCE),
    ],
)
def test_a_file_has_a_purpose(path: str, expected: Category) -> None:
    assert category(path) is expected
    assert is_test(path) is (expected is Category.TEST)


def test_code_is_told_by_its_suffix() -> None:
    assert [is_code(path) for path in ("a.py", "a.KT", "a.md", "py", "a.")] == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/test_shop.py", "shop"),
        ("src/shop.test.ts", "shop"),
        ("shop_test.go", "shop"),
        ("ShopTest.java", "shop"),
        ("testShop.js", "shop"),
        ("shop.py", "shop"),
        ("testing.py", "testing"),
        (".env", ""),
    ],
)
def test_a_test_shares_its_stem_with_what_it_tests(path: str, expected: str) -> None:
    assert stem(path) == expected


@pytest.mark.parametrize(
    ("test", "path", "expected"),
    [
        ("tests/test_shop.py", "src/shop.py", True),
        ("tests/test_shop.py", "src/store.py", False),
        ("packages/a/tests/shop.test.ts", "packages/b/src/shop.ts", False),
        ("packages/a/tests/shop.test.ts", "packages/a/src/shop.ts", True),
        # Modules that stand for their folder are tested beside it.
        ("a/index.test.ts", "b/index.ts", False),
        ("a/__tests__/index.test.ts", "a/index.ts", True),
        ("tests/shop.rs", "src/shop.rs", True),
        ("tests/shop.rs", "bench/shop.rs", False),
        # A folder of Go is a package with its tests.
        ("mem/file_test.go", "mem/file.go", True),
        ("mem/file_test.go", "sftp/file.go", False),
    ],
)
def test_a_test_is_of_a_file_by_its_name(test: str, path: str, expected: bool) -> None:
    assert is_test_of(test, path) is expected


def test_what_is_called_install_in_small_letters_is_a_program() -> None:
    docs = {
        path
        for path in ("install", "bin/install", "INSTALL", "Install", "install.md")
        if category(path) is Category.DOCS
    }
    assert docs == {"INSTALL", "Install", "install.md"}
