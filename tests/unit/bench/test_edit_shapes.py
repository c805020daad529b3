"""What sort of edit the edits of a commit are, and which of them those before could have told."""

from __future__ import annotations

from iquest_lsp.bench.edit_shapes import AGAIN, derivable, import_edit, is_of_imports, shapes
from iquest_lsp.codeflow.reading import ChangedText
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.records import Edit, EditKind, NextEdit, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import PredictorKind, Sort


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


def an_import(name: str, *module: str, unused: bool = False) -> NextEdit:
    known = ReasonKind.MISSING_IMPORT if module else ReasonKind.MISSING_IMPORT_OF_LANGUAGE
    kind = ReasonKind.UNUSED_IMPORT if unused else known
    values = (name,) if unused else (name, *(module or ("python",)))
    return NextEdit("a.py", 0, 0, "", "", EditKind.IMPORT, Reason(kind, values), Sort.of(PredictorKind.IMPORT))


def test_an_import_is_right_wherever_the_commit_puts_it() -> None:
    before = "import os\nfrom shop import one, two\n\nos.name(one, two)\n"
    after = "import re\nfrom shop import (\n    four,\n    two,\n)\n\nre.purge(four, two)\n"
    change = Change(ChangedText("a.py", before, after))
    right = [an_import("four", "shop"), an_import("re"), an_import("one", unused=True), an_import("os", unused=True)]
    wrong = [an_import("four", "other"), an_import("sys"), an_import("two", unused=True)]
    assert [import_edit(item, change, ()) is not None for item in right] == [True] * 4
    assert [import_edit(item, change, ()) is not None for item in wrong] == [False] * 3
    assert [import_edit(item, change, range(9)) for item in right] == [None] * 4  # all is done
