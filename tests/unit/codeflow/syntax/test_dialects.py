"""The language version that a project declares, code that needs a newer one, and code that is broken."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.dialects import Construct, Declaration, breaks, declared, dotted, violations
from tests.unit.codeflow.made import hunks_of


@pytest.mark.parametrize(
    ("language", "file", "text", "version"),
    [
        ("python", "pyproject.toml", 'requires-python = ">=3.9,<4"', (3, 9)),
        ("python", "pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.8"\r\n', (3, 8)),
        ("python", "setup.cfg", "python_requires = >=3.7", (3, 7)),
        ("python", "setup.py", "setup(python_requires='>=3.6')", (3, 6)),
        ("go", "go.mod", "module a\n\ngo 1.21\n", (1, 21)),
        ("java", "pom.xml", "<maven.compiler.release>17</maven.compiler.release>", (17,)),
        ("java", "build.gradle", "sourceCompatibility = '1.8'", (8,)),
        ("rust", "Cargo.toml", 'edition = "2018"', (2018,)),
        # Nothing, something else, and numbers that nobody means.
        ("python", "pyproject.toml", "", None),
        ("python", "pyproject.toml", 'requires-python = "<4"', None),
        ("go", "go.mod", "// go 1.21", None),
        ("python", "setup.py", f"python_requires='>={'9' * 5000}'", None),
        ("cobol", "a", "1", None),
    ],
)
def test_what_a_project_declares(language: str, file: str, text: str, version: tuple[int, ...] | None) -> None:
    found = declared(language, {file: text.encode()}.get)
    assert (found and found.version) == version
    if found is not None:
        assert found.values == (file, language, dotted(found.version))


@pytest.mark.parametrize(
    ("path", "language", "version", "text", "expected"),
    [
        ("a.py", "python", (3, 9), "match a:\n    case 1: ...\n", [(0, Construct.MATCH)]),
        ("a.py", "python", (3, 10), "match a:\n    case 1: ...\n", []),
        ("a.py", "python", (3, 7), "b = 1\nif (a := b): ...\n", [(1, Construct.ASSIGNMENT_EXPRESSION)]),
        ("a.py", "python", (3, 7), "def f(a, /): ...\n", [(0, Construct.POSITIONAL_ONLY)]),
        ("a.py", "python", (3, 9), "a: list[int] = b[1]\n", []),
        ("a.py", "python", (3, 7), "'if (a := b)'\n# match a:\n", []),
        ("a.go", "go", (1, 17), "package a\n\nfunc F[T any](a T) {}\n", [(2, Construct.TYPE_PARAMETERS)]),
        ("A.java", "java", (11,), "record A(int b) {}\n", [(0, Construct.RECORD)]),
        ("a.rs", "rust", (2015,), "async fn a() { b().await; }\n", [(0, Construct.AWAIT)]),
    ],
)
def test_what_needs_a_newer_version(
    path: str, language: str, version: tuple[int, ...], text: str, expected: list[tuple[int, Construct]]
) -> None:
    found = violations(path, text.encode(), Declaration(language, version, "x"), hunks_of("", text))
    assert [(item.line, item.construct) for item in found] == expected


def test_what_does_not_change_is_not_told() -> None:
    text = "match a:\n    case 1: ...\n"
    assert (
        violations(
            "a.py", f"{text}b = 1\n".encode(), Declaration("python", (3, 9), "x"), hunks_of(text, f"{text}b = 1\n")
        )
        == []
    )


@pytest.mark.parametrize(
    ("path", "before", "after", "broken"),
    [
        ("a.py", "a = 1\n", "a = (1\n", True),
        ("a.py", "a = 1\n", "a = 2\n", False),
        ("a.py", "a = (1\n", "a = (2\n", False),  # it was broken before
        ("a.py", "a = 1\n", "a = '('\n", False),
        ("a.js", "f(a)\n", "f(a\n", True),
        ("a.go", "package a\n\nfunc f() {}\n", "package a\n\nfunc f() {\n", True),
        ("a.txt", "a", "(", False),
        ("a.py", "", "", False),
    ],
)
def test_what_breaks_a_text(path: str, before: str, after: str, broken: bool) -> None:
    assert breaks(path, before.encode(), after.encode()) is broken
