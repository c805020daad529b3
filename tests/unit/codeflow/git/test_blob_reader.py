"""Contents of files by object id, from what answers as `git cat-file --batch` does."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest

from iquest_lsp.codeflow.gaps import GapKind, Gaps
from iquest_lsp.codeflow.git.blob_reader import MAX_BLOB, BlobReader
from iquest_lsp.errors import RepositoryError

ID = "a" * 40


def reader(answer: bytes, *, is_partial: bool = False) -> tuple[BlobReader, Gaps]:
    gaps = Gaps()
    made: list[Any] = [SimpleNamespace(stdin=io.BytesIO(), stdout=io.BytesIO(answer))]
    made += [SimpleNamespace(stdin=io.BytesIO(), stdout=io.BytesIO(b"b blob 1\nb\n"))]
    return BlobReader(lambda: made.pop(0), gaps, is_partial=is_partial), gaps


def test_contents_come_one_after_the_other() -> None:
    found, gaps = reader(b"x blob 3\na\nb\nx blob 0\n\n")
    assert found.read(ID) == b"a\nb"
    assert found.read(ID) == b""
    assert gaps.told() == ()


@pytest.mark.parametrize("kind", [b"tree", b"commit"])
def test_what_is_no_file_is_passed_over(kind: bytes) -> None:
    found, _ = reader(b"x " + kind + b" 3\nabc\nx blob 1\nd\n")
    assert found.read(ID) is None
    assert found.read(ID) == b"d"


def test_a_file_that_is_too_large_is_passed_over() -> None:
    size = MAX_BLOB + 1
    found, _ = reader(b"x blob %d\n" % size + b"a" * size + b"\nx blob 1\nd\n")
    assert found.read(ID) is None
    assert found.read(ID) == b"d"


def test_what_is_missing_is_told_by_its_path() -> None:
    found, gaps = reader(ID.encode() + b" missing\nHEAD:b missing\n")
    assert found.read(ID, "a.py") is None
    assert found.read("HEAD:b") is None  # a name that nothing has, such as that of a new file
    assert [gap.values for gap in gaps.told()] == [("a.py",)]


def test_in_a_partial_clone_git_ends_and_is_begun_anew() -> None:
    found, gaps = reader(b"", is_partial=True)
    assert found.read(ID) is None
    assert found.read(ID) == b"b"
    assert gaps.has(GapKind.ABSENT)


def test_a_pipe_that_broke_is_an_error() -> None:
    class Broken(io.BytesIO):
        def flush(self) -> None:
            raise BrokenPipeError

    process: Any = SimpleNamespace(stdin=Broken(), stdout=io.BytesIO())
    with pytest.raises(RepositoryError):
        BlobReader(lambda: process, Gaps(), is_partial=False).read(ID)
