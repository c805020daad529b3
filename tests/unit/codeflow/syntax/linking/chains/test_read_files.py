"""Files are read once, and tell what they declare."""

from __future__ import annotations

from iquest_lsp.codeflow.syntax.linking.chains.read_files import MAX_FILES, ReadFiles
from iquest_lsp.codeflow.syntax.linking.chains.things import Thing
from iquest_lsp.codeflow.syntax.linking.names import NamesOfFile

TEXT = b"class Box:\n    size = 1\n    def open(self):\n        self.lid = 2\n\n\nclass Box:\n    pass\n"


def test_a_file_tells_what_it_declares() -> None:
    files = ReadFiles(lambda path: NamesOfFile(path, TEXT) if path == "a.py" else None)
    module = files.whole("a.py")
    assert files.whole("b.py") is None
    assert module is not None
    assert module.node is not None
    first, second = files.declared(module.node, "Box")
    assert first.start_byte < second.start_byte
    assert not files.declared(module.node, "Lid")
    box = Thing("class", "a.py", first)
    assert [files.declares(box, name) for name in ("size", "open", "lid", "key")] == [True, True, True, False]


def test_files_are_read_once_and_not_all_of_many() -> None:
    asked: list[str] = []
    files = ReadFiles(asked.append)
    for number in range(MAX_FILES + 9):
        for _ in range(2):
            assert files.file(f"{number}.py") is None
    assert len(asked) == MAX_FILES
