"""Where the port's patches fit another version: against the pinned distribution itself, and against changed texts."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from iquest_lsp.runtime.port import build, patching, rebase

PATCH = """--- a/one.c
+++ b/one.c
@@ -2,2 +2,3 @@
 two
+new
 three
@@ -5,2 +6,1 @@
 five
-six
--- a/two.c
+++ b/two.c
@@ -1,1 +1,2 @@
 alone
+beside
"""
ONE = "one\ntwo\nthree\nfour\nfive\nsix\n"


def moves(one: str, **others: str) -> list[int | None]:
    texts = {"one.c": one, "two.c": "alone\n"} | {name.replace("_", "."): text for name, text in others.items()}
    return [fit.moved for fit in rebase.examine(series(PATCH), texts)]


def series(*patches: str) -> list[rebase.PortPatch]:
    return [(f"{number}.patch", list(patching.files(text))) for number, text in enumerate(patches, start=1)]


def test_a_hunk_is_found_at_its_line_or_where_it_moved() -> None:
    assert moves(ONE) == [0, 0, 0]
    assert moves("zero\n" + ONE) == [1, 1, 0]
    assert moves(ONE.replace("four\n", "four\nmore\nand more\n")) == [0, 2, 0]
    assert moves(ONE.replace("one\n", "")) == [-1, -1, 0]


def test_of_several_places_the_nearest_one_after_the_last_hunk_is_taken() -> None:
    assert moves("five\nsix\n" + ONE) == [2, 2, 0]
    assert moves(ONE + "five\nsix\n") == [0, 0, 0]


def test_what_fits_nowhere_is_told_with_the_line_that_differs() -> None:
    texts = {"one.c": ONE.replace("three", "3")}
    fits = rebase.examine(series(PATCH), texts)
    assert [fit.moved for fit in fits] == [None, 0, None]
    told = rebase.described(fits)
    assert told[0] == "1 of 3 hunks in 2 files fit, 0 of them moved"
    assert told[1] == "1.patch: one.c, line 2 of the pinned version: line 3 there should be 'three' and is '3'"
    assert told[2] == "1.patch: two.c, line 1 of the pinned version: there is no such file"


SECOND = """--- a/one.c
+++ b/one.c
@@ -2,3 +2,4 @@
 two
 new
 three
+newer
"""


def test_a_patch_is_looked_for_in_what_those_before_it_made() -> None:
    fits = rebase.examine(series(PATCH, SECOND), {"one.c": "zero\n" + ONE, "two.c": "alone\n"})
    assert [(fit.patch, fit.moved) for fit in fits] == [
        ("1.patch", 1),
        ("1.patch", 1),
        ("1.patch", 0),
        ("2.patch", 1),
    ]


def test_what_builds_upon_a_hunk_that_fits_nowhere_fits_nowhere_either() -> None:
    fits = rebase.examine(series(PATCH, SECOND), {"one.c": ONE.replace("three", "3"), "two.c": "alone\n"})
    assert [fit.moved for fit in fits] == [None, 0, 0, None]


def test_all_of_the_patches_fit_the_pinned_distribution() -> None:
    archive = build.cache_folder() / build.SDIST
    if not archive.is_file():
        pytest.skip("the pinned source distribution is not in the cache")
    fits, told = build.rebased(str(archive))
    assert fits
    assert len(told) == 1
    assert "0 of them moved" in told[0]


def test_another_distribution_is_read_and_nothing_of_it_is_run(tmp_path: Path) -> None:
    archive = tmp_path / "llama_cpp_python-9.9.tar.gz"
    names = [name for name, _ in patching.files(build.PATCHES[0].read_text("utf-8"))]
    with tarfile.open(archive, "w:gz") as packed:
        for name, content in ((names[0], b"nothing of the kind\n"), ("setup.py", b"raise SystemExit\n")):
            info = tarfile.TarInfo(f"llama_cpp_python-9.9/{name}")
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))
    fits, told = build.rebased(str(archive))
    assert not fits
    assert told[0].startswith("0 of ")
    assert sum("there is no such file" in line for line in told) > 50


def test_what_cannot_be_read_is_a_clear_error(tmp_path: Path) -> None:
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(b"no archive")
    for path in (broken, tmp_path / "absent.tar.gz"):
        with pytest.raises(build.BuildError, match="cannot be read"):
            build.rebased(str(path))
