"""Documents that are no files."""

from __future__ import annotations

import pytest

from iquest_lsp.workspace.unsaved import cell_name, is_untitled, notebook_of, untitled_name, why_no_history


@pytest.mark.parametrize(
    ("name", "language", "expected"),
    [
        ("Untitled-1", "python", "untitled:Untitled-1.py"),
        ("a.rs", "python", "untitled:a.rs"),
        ("a/b\0c", "go", "untitled:a_bc.go"),
        ("", "", "untitled:1"),
        ("x" * 200, "sql", "untitled:" + "x" * 100 + ".sql"),
        ("Untitled-1", "cobol", "untitled:Untitled-1"),
    ],
)
def test_a_buffer_has_a_name_with_the_suffix_of_its_language(name: str, language: str, expected: str) -> None:
    assert untitled_name(name, language) == expected
    assert is_untitled(f"folder/{expected}")


def test_a_cell_is_known_by_its_notebook() -> None:
    path = cell_name("a/b.ipynb", 3, "python")
    assert path == "a/b.ipynb#cell3.py"
    assert notebook_of(path) == "a/b.ipynb"


@pytest.mark.parametrize("path", ["", "a.py", "a#cell/b.py", "x/untitled.py", "untitled:/a.py"])
def test_a_file_is_neither(path: str) -> None:
    assert notebook_of(path) == ""
    assert not is_untitled(path)
    assert why_no_history(path) == ""


def test_each_says_why_it_has_no_history() -> None:
    assert "never saved" in why_no_history("untitled:a.py")
    assert "notebook" in why_no_history("a.ipynb#cell1.py")
