"""What a diff does, as points of a message."""

from __future__ import annotations

from iquest_lsp.codeflow.diff.changed_files import ChangedFile
from iquest_lsp.codeflow.diff.replacements import Replacement
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind
from iquest_lsp.codeflow.wording.commit_points import points_of


def first(files: list[ChangedFile], replacement: Replacement | None = None) -> str:
    return max(points_of(files, replacement), key=lambda point: point.weight).texts[0]


def test_a_new_definition_is_told() -> None:
    change = SymbolChange("a.py", "read", "function", "added", size=3)
    assert first([ChangedFile("a.py", "modified", (change,))]) == "add `read` to a.py"


def test_one_piece_that_is_replaced_says_it_all() -> None:
    file = ChangedFile("a.py", "modified")
    assert first([file], Replacement("old", "new", 3)) == "replace “old” by “new” in 3 lines"
    assert first([file], Replacement("old", "new", 1)) == "replace “old” by “new”"


def test_a_renamed_file_and_several_that_move() -> None:
    assert first([ChangedFile("b.py", "renamed", old_path="a.py")]) == "rename a.py to b.py"
    files = [ChangedFile(f"new/{name}", "renamed", old_path=f"old/{name}") for name in ("a.py", "b.py")]
    assert first(files).startswith("move 2 files")


def test_each_file_is_told_somehow() -> None:
    for path in ("a.py", "README.md", "a.png", "poetry.lock", "tests/test_a.py", "x"):
        for status in ("added", "modified", "deleted"):
            (point, *_) = points_of([ChangedFile(path, status)], None)
            assert point.texts[0]


def test_what_a_member_with_a_long_name_does_is_told_by_the_end_of_it() -> None:
    name = "Very.Long.Name.Of.A.Thing.With.Many.Parts.Open"
    change = SymbolChange("a.cs", name, "method", "body", effects=(Effect(EffectKind.RAISES, ("BoxError",)),))
    (point,) = points_of([ChangedFile("a.cs", "modified", (change,))], None)
    assert point.texts[0] == f"raise `BoxError` in `{name}`"
    assert "raise `BoxError` in `Open`" in point.texts


def test_a_link_in_a_changelog_is_no_definition() -> None:
    code = SymbolChange("a.py", "read", "function", "added", size=3)
    link = SymbolChange("CHANGELOG.md", "[#1]", "link", "added")
    files = [ChangedFile("a.py", "modified", (code,)), ChangedFile("CHANGELOG.md", "modified", (link,))]
    assert first(files) == "add `read` to a.py"


def test_files_that_are_too_many_are_told_by_their_names() -> None:
    files = [ChangedFile(f"a/very/long/way/to/{name}.xml", "modified") for name in ("one", "other")]
    (point, *_) = points_of(files, None)
    assert "update one.xml and other.xml" in point.texts
