"""The memory of packages: read once for all projects, bounded, made anew where it is damaged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from iquest_lsp.runtime.memory import folders, packages
from iquest_lsp.runtime.memory.builder import MemoryFiles
from iquest_lsp.runtime.memory.disk import Memory
from iquest_lsp.runtime.memory.layers import Layer
from iquest_lsp.runtime.memory.packages import PackageMemory, PackageTexts

VOCABULARY = 128
READ: list[str] = []


@pytest.fixture(autouse=True)
def _kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "memory_folder", lambda: tmp_path)
    READ.clear()


def package(name: str, version: str, **texts: str) -> PackageTexts:
    def read() -> Iterator[tuple[str, str]]:
        READ.append(f"{name} {version}")
        yield from ((f"{name}/{file}.py", text) for file, text in texts.items())

    return PackageTexts(name, version, read)


def memory() -> PackageMemory:
    return PackageMemory("bytes", VOCABULARY, lambda text: list(text.encode("ascii")))


def held(files: MemoryFiles) -> dict[str, str]:
    (made,) = (Memory.read(Path(file), "bytes") for file in files.files)
    assert made.layer is Layer.DEPENDENCIES
    return {entry.path: bytes(made.tokens(at).tolist()).decode() for at, entry in enumerate(made.entries)}


def test_packages_are_one_text_and_each_is_read_once() -> None:
    one, two = package("one", "1.0", a="xyp", b="xyq"), package("two", "2.0", a="pq")
    files = memory().update([one, two])
    assert held(files) == {"one 1.0: one/a.py": "xyp", "one 1.0: one/b.py": "xyq", "two 2.0: two/a.py": "pq"}
    assert [(part.package, part.texts, part.tokens) for part in files.parts] == [("one 1.0", 2, 6), ("two 2.0", 1, 2)]
    assert memory().update([two, one]) == files  # another project, in which the second counts more
    other = memory().update([two, package("one", "1.1", a="new")])
    assert held(other) == {"one 1.1: one/a.py": "new", "two 2.0: two/a.py": "pq"}
    assert READ == ["one 1.0", "two 2.0", "one 1.1"]


def test_nothing_imported_is_nothing_kept(tmp_path: Path) -> None:
    assert memory().update([]) == MemoryFiles()
    assert memory().update([package("empty", "1.0")]) == MemoryFiles()


def test_a_damaged_file_is_made_anew() -> None:
    one = package("one", "1.0", a="xyp")
    made = memory()
    (file,) = made.update([one]).files
    before = Path(file).read_bytes()
    Path(file).write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    assert held(memory().update([one])) == {"one 1.0: one/a.py": "xyp"}
    for kept in Path(file).parent.parent.glob("*/*"):
        kept.unlink()
    assert held(made.update([one])) == {"one 1.0: one/a.py": "xyp"}


def test_what_has_no_room_is_left_out_the_first_package_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "MOST_OF_ONE", 9)
    monkeypatch.setattr(packages, "MOST_OF_ALL", 12)
    files = memory().update(
        [package("one", "1", a="xxxx", b="yyyyyyyyyy", c="zz"), package("two", "1", a="pppp", b="q")]
    )
    assert list(held(files)) == ["one 1: one/a.py", "one 1: one/c.py", "two 1: two/b.py"]


def test_a_token_takes_few_bytes(tmp_path: Path) -> None:
    memory().update([package("one", "1", a="xyz" * 50_000)])
    size = sum(file.stat().st_size for file in tmp_path.glob("*/*"))
    assert size <= 40 * 150_000
