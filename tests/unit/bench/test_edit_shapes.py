"""What sort of edit the edits of a commit are, and which of them those before could have told."""

from __future__ import annotations

from iquest_lsp.bench.edit_shapes import AGAIN, derivable, is_of_imports, shapes
from iquest_lsp.codeflow.reading import ChangedText
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.records import Edit


def edit(old: str, new: str) -> Edit:
    return Edit("a.py", 0, tuple(old.split("\n")) if old else (), tuple(new.split("\n")) if new else ())


RENAME = [
    edit("def outer_area(w, h):", "def area(w, h):"),
    edit("    return outer_area(1, 2)", "    return area(1, 2)"),
    edit("    print(outer_area(w, 3))", "    print(outer_area(w, 3, unit))"),
    edit("    x = 1", "    x = limit"),
    edit("", "    check(x)"),
    edit("", "    check(x)"),
    edit("a b c d", "e f g h"),
]


def test_edits_have_their_shapes() -> None:
    assert shapes(RENAME) == [
        "another replacement",
        AGAIN,
        "another replacement",
        "another replacement",
        "lines added",
        "lines added",
        "rewritten",
    ]


def test_what_could_have_been_told_by_the_edits_before() -> None:
    assert derivable(RENAME, [False] * 6 + [True]) == [False, True, True, False, False, True, True]


def test_an_edit_of_imports_alone() -> None:
    before = "import os\n\nimport re\n\nx = 1\n"
    change = Change(ChangedText("a.py", before, before.replace("import os\n", "").replace("x = 1", "x = 2")))
    assert [is_of_imports(change, item) for item in change.edits] == [True, False]
