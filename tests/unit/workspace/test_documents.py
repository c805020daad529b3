from __future__ import annotations

import codecs
import os
import random
import threading
from pathlib import Path

import pytest

from iquest_lsp.datatypes import Deletion, Position, Span
from iquest_lsp.errors import DocumentError
from iquest_lsp.workspace.documents import DocumentStore, TextChange, workspace_path
from iquest_lsp.workspace.positions import LineIndex
from iquest_lsp.workspace.text_decoding import decode


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


@pytest.fixture
def store(tmp_path: Path) -> DocumentStore:
    return DocumentStore(tmp_path, clock=Clock(), max_file_bytes=1000, max_buffer_characters=5000)


def test_the_open_buffer_hides_the_file(store: DocumentStore) -> None:
    (store.root / "a.py").write_text("disk")
    assert store.get("a.py").text == "disk"
    store.open("a.py", "buffer", 3, "python")
    document = store.get("a.py")
    assert (document.text, document.version, document.language, document.is_open) == ("buffer", 3, "python", True)
    store.close("a.py")
    store.close("a.py")
    assert store.get("a.py").text == "disk"
    assert not store.get("a.py").is_open


def test_the_file_is_read_again_when_it_changed(store: DocumentStore) -> None:
    file = store.root / "a.py"
    file.write_text("one")
    assert store.get("a.py").text == "one"
    file.write_text("three")
    assert store.get("a.py").text == "three"


def test_incremental_changes_equal_the_editor_s_own_buffer(store: DocumentStore) -> None:
    rng = random.Random(7)
    alphabet = "ab\n\r😀漢"
    text = "".join(rng.choices(alphabet, k=200))
    store.open("a.py", text, 0)
    for version in range(1, 200):
        changes = []
        for _ in range(rng.randint(1, 3)):
            index = LineIndex(text)
            start, end = sorted(rng.randint(0, len(text)) for _ in range(2))
            end = min(end, start + 9)
            span = Span(index.position(start), index.position(end))
            new = "".join(rng.choices(alphabet, k=rng.randint(0, 8)))
            changes.append((span, new))
            text = text[: index.offset(span.start)] + new + text[index.offset(span.end) :]
        assert store.change("a.py", changes, version).text == text
        assert store.lines("a.py").text == text


def test_a_change_without_a_span_replaces_everything(store: DocumentStore) -> None:
    store.open("a.py", "old", 1)
    store.change("a.py", [(None, "new"), (Span(Position(0, 0), Position(0, 1)), "N")], 2)
    assert store.get("a.py").text == "New"


def test_a_bad_change_leaves_the_buffer_as_it_was(store: DocumentStore) -> None:
    store.open("a.py", "text", 5)
    with pytest.raises(DocumentError, match="out of order"):
        store.change("a.py", [(None, "older")], 5)
    with pytest.raises(DocumentError, match="too large"):
        store.change("a.py", [(None, "x" * 6000)], 6)
    with pytest.raises(DocumentError, match="not open"):
        store.change("b.py", [(None, "x")], 1)
    assert (store.get("a.py").text, store.get("a.py").version) == ("text", 5)


def test_times_of_edits_and_views(store: DocumentStore) -> None:
    opened = store.open("a.py", "x", 1)
    assert opened.edited_at == 0.0
    assert opened.viewed_at > 0
    changed = store.change("a.py", [(None, "y")], 2)
    assert changed.edited_at > opened.viewed_at
    unchanged = store.change("a.py", [(None, "y")], 3)
    assert unchanged.edited_at == changed.edited_at
    store.view("a.py")
    assert store.get("a.py").viewed_at > unchanged.viewed_at
    store.close("a.py")
    (store.root / "a.py").write_text("y")
    assert store.get("a.py").edited_at == changed.edited_at


def test_saving_takes_the_text_that_was_written(store: DocumentStore) -> None:
    store.open("a.py", "x", 1)
    assert store.save("a.py").text == "x"
    assert store.save("a.py", "formatted").text == "formatted"


def test_a_snapshot_does_not_change(store: DocumentStore) -> None:
    store.open("b.py", "bb", 1)
    store.open("a.py", "aa", 1)
    snapshot = store.snapshot("a.py", Position(5, 5))
    store.change("a.py", [(None, "changed")], 2)
    assert snapshot.document.text == "aa"
    assert snapshot.cursor == Position(0, 2)
    assert [document.path for document in snapshot.open_documents] == ["a.py", "b.py"]
    assert snapshot.document.version == 1


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (codecs.BOM_UTF8 + "é\r\n".encode(), "é\r\n"),
        (codecs.BOM_UTF16_LE + "é".encode("utf-16-le"), "é"),
        (codecs.BOM_UTF16_BE + "é".encode("utf-16-be"), "é"),
        (codecs.BOM_UTF32_LE + "é".encode("utf-32-le"), "é"),
        ("# -*- coding: gbk -*-\n# 日期".encode("gbk"), "# -*- coding: gbk -*-\n# 日期"),
        ("#!/x\n# vim: fileencoding=latin-1 :\né".encode("latin-1"), "#!/x\n# vim: fileencoding=latin-1 :\né"),
    ],
)
def test_encodings(data: bytes, text: str) -> None:
    assert decode(data, "a.py") == text


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe\xfd",
        b"PK\0\0",
        "# é".encode("latin-1"),
        b"# coding: hex\n\xff",
        b"# coding: nonsense\n\xff",
        codecs.BOM_UTF16_LE + b"\x00\xd8\x00",
    ],
)
def test_what_cannot_be_decoded_is_an_error(data: bytes) -> None:
    with pytest.raises(DocumentError):
        decode(data, "a.py")


def test_files_that_cannot_be_read(store: DocumentStore) -> None:
    (store.root / "big.py").write_text("x" * 1001)
    (store.root / "folder").mkdir()
    os.mkfifo(store.root / "pipe")
    for path in ("missing.py", "big.py", "folder", "pipe", "a\0b"):
        with pytest.raises(DocumentError):
            store.get(path)


def test_many_threads_change_one_store(store: DocumentStore) -> None:
    def work(name: str) -> None:
        store.open(name, "", 0)
        for version in range(1, 101):
            store.change(name, [(Span(Position(0, 0), Position(0, 0)), "x")], version)

    threads = [threading.Thread(target=work, args=(f"{number}.py",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(document.text) for document in store.open_documents()] == [100] * 4


def test_workspace_paths(tmp_path: Path) -> None:
    assert workspace_path(tmp_path, tmp_path / "a" / "b.py") == "a/b.py"
    assert workspace_path(tmp_path, Path("a/../b.py")) == "b.py"
    assert workspace_path(tmp_path / "x", tmp_path / "y.py") == (tmp_path / "y.py").as_posix()


def test_a_clock_that_is_set_back_turns_no_order_round(tmp_path: Path) -> None:
    times = iter([2e9, 2e9 + 1, 1e9, 1e9, 3e9, 5.0])
    store = DocumentStore(tmp_path, clock=lambda: next(times))
    stamps = [store.open("a.py", "x", 1).viewed_at]
    stamps += [store.change("a.py", [(None, str(version))], version).edited_at for version in range(2, 7)]
    assert stamps == sorted(set(stamps))
    assert stamps[4] == 3e9


def at(start: int, end: int, text: str = "") -> list[TextChange]:
    return [(Span(Position(0, start), Position(0, end)), text)]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([at(3, 7)], Deletion(3, "(a))")),
        ([at(6, 7), at(5, 6), at(4, 5)], Deletion(4, "a))")),  # backspace: the very signs, of equal ones in a row too
        ([at(3, 4), at(3, 4)], Deletion(3, "(a")),  # the delete key
        ([at(6, 7), at(0, 1)], Deletion(0, "f")),  # elsewhere
        ([at(6, 7), at(6, 6, "x")], None),
        ([at(3, 7, "()")], Deletion(4, "a)")),
        ([at(3, 7, "(b)")], None),
        ([at(3, 7, "(a")], Deletion(5, "))")),  # replaced by a part of it, as undoing does
        ([[(None, "foo")]], Deletion(3, "(a))")),  # an editor that sends the whole text
        ([[(None, "foo(a)")], [(None, "foo(a")]], Deletion(5, "))")),
        ([[(None, "other")]], None),
        ([at(6, 7), at(0, 0)], Deletion(6, ")")),  # nothing changed
    ],
)
def test_what_was_deleted_last(store: DocumentStore, steps: list[list[TextChange]], expected: Deletion | None) -> None:
    store.open("a.py", "foo(a))", 1)
    for version, changes in enumerate(steps, 2):
        store.change("a.py", changes, version)
    assert store.get("a.py").deletion == expected
    store.open("a.py", "foo(a))", 20)
    assert store.get("a.py").deletion is None
