"""Names that nothing in a file binds."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.reading import ChangedText
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.predictors.new_names import new_names, new_packages

PYTHON = "import os\n\n\ndef f(x):\n    return os.path.join(x)\n"


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("join(x)", "join(escape(x))", ["escape"]),
        ("join(x)", "join(str(x))", []),  # the language's own
        ("join(x)", "x.escape()", []),  # a member
        ("f(x):", "f(x):\n    y1 = x\n    x = y1", []),  # a variable
        ("import os\n", "from units import (\n    os,\n    width,\n)\n\n__all__ = ['width']\n", []),
        ("import os\n", "import os\n\nif os:\n    from sqlite3 import Cursor\n", []),
    ],
)
def test_names_that_are_used_and_bound_by_nothing(old: str, new: str, names: list[str]) -> None:
    change = Change(ChangedText("a.py", PYTHON, PYTHON.replace(old, new, 1)))
    assert list(new_names(change)) == names


def test_packages_of_go_are_told_by_what_is_taken_of_them() -> None:
    before = 'package a\n\nimport "fmt"\n\nfunc f() {\n\tfmt.Println(1)\n}\n'
    after = before.replace("Println(1)", "Println(strings.ToUpper(text.size))")
    assert list(new_packages(Change(ChangedText("a.go", before, after)))) == ["strings"]
