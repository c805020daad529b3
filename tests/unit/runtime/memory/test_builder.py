"""A workspace's memory on disk: kept, changed, verified, made anew."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iquest_lsp.runtime.memory import builder as builders
from iquest_lsp.runtime.memory.blend import blend
from iquest_lsp.runtime.memory.builder import Builder, FileReading, MemoryFiles
from iquest_lsp.runtime.memory.disk import Memory, MemoryFile, MemoryFileError
from iquest_lsp.runtime.memory.layers import Layer, layer_of, layers_of, parts_of
from iquest_lsp.runtime.memory.remembered import Remembered
from iquest_lsp.runtime.memory.shares import FEATURES, MemoryShares
from iquest_lsp.runtime.memory.store import LONGEST, ORDERS, FoundRuns

VOCABULARY = 128
FLAT = ((0.0,) * FEATURES,) * (len(ORDERS) + 1)


def ids(text: str) -> list[int]:
    return list(text.encode("ascii"))


class Reader:
    """Counts what is tokenized."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, text: str) -> list[int]:
        self.read.append(text)
        return ids(text)


def builder(folder: Path, reader: Reader | None = None, key: str = "bytes") -> Builder:
    return Builder(folder, key, VOCABULARY, reader or Reader())


def opened(files: MemoryFiles, key: str = "bytes") -> list[Memory]:
    return [Memory.read(Path(file), key) for file in files.files]


def weights(*, folder: float = 1.0, prose: float = 0.0, dependencies: float = 0.0) -> MemoryShares:
    layers = ((1.0, prose, 0.0, dependencies), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0))
    return MemoryShares(FLAT, FLAT, 1.0, folder, layers)


def followers(memories: list[Memory], context: str, path: str = "", **how: float) -> dict[str, float]:
    found: dict[str, float] = {}
    for one in Remembered(memories, path, weights(**how)).find(ids(context)):
        for token, match, weight in zip(one.followers, one.matches, one.weights, strict=True):
            if match >= len(context):
                found[chr(token)] = found.get(chr(token), 0.0) + weight
    return found


def changes(texts: Mapping[str, str | None]) -> list[FileReading]:
    return [FileReading(path, text) for path, text in texts.items()]


def test_a_change_takes_the_place_of_what_the_file_said_before(tmp_path: Path) -> None:
    reader = Reader()
    made = builder(tmp_path, reader)
    first = made.update(changes({"a.py": "xyp", "b.py": "xyq"}))
    assert followers(opened(first), "xy") == {"p": 1, "q": 1}
    second = made.update(changes({"a.py": "xyr"}))
    assert reader.read == ["xyp", "xyq", "xyr"]
    assert len(second.files) == 2
    assert second.files[0] == first.files[0]
    assert followers(opened(second), "xy") == {"r": 1, "q": 1}
    assert (second.texts, second.tokens) == (2, 6)
    third = made.update(changes({"b.py": None, "c.py": "xys"}))
    assert followers(opened(third), "xy") == {"r": 1, "s": 1}
    assert sorted(made.paths) == ["a.py", "c.py"]


def test_what_is_kept_is_taken_over_and_nothing_is_read_again(tmp_path: Path) -> None:
    made = builder(tmp_path)
    made.update(changes({"a.py": "xyp", "b.py": "xyq"}))
    before = made.update(changes({"a.py": "xyr"}))
    reader = Reader()
    again = builder(tmp_path, reader)
    assert again.update(changes({"a.py": "xyr", "b.py": "xyq"})) == before
    assert reader.read == []
    known = again.entry("a.py")
    assert known is not None
    assert again.entry("c.py") is None


def test_a_small_memory_that_has_grown_is_put_into_the_large_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builders, "LEAST_MERGED", 5)
    reader = Reader()
    made = builder(tmp_path, reader)
    made.update(changes({"a.py": "xyp", "b.py": "xyq"}))
    files = made.update(changes({"a.py": "xyr"}))
    assert len(files.files) == 2
    files = made.update(changes({"c.py": "xys"}))
    assert len(files.files) == 1
    assert len(reader.read) == 4  # what stays is not read again
    assert followers(opened(files), "xy") == {"r": 1, "q": 1, "s": 1}
    assert len(list(tmp_path.iterdir())) == 1


def test_files_without_room_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builders, "MOST_TOKENS", 9)
    files = builder(tmp_path).update(changes({"a.py": "xyp", "b.py": "xyq", "c.py": "xyr"}))
    assert (files.texts, files.left_out) == (2, 1)


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 255))
@pytest.mark.slow
def test_one_changed_byte_anywhere_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, place: int, flipped: int
) -> None:
    folder = tmp_path_factory.mktemp("memory")
    (name,) = builder(folder).update(changes({"a.py": "xyp" * 9})).files
    data = bytearray(Path(name).read_bytes())
    data[place % len(data)] ^= flipped
    Path(name).write_bytes(data)
    with pytest.raises(MemoryFileError):
        Memory.read(Path(name), "bytes")
    assert builder(folder).paths == []
    assert not Path(name).exists()


def test_a_file_cut_short_or_of_another_vocabulary_is_not_used(tmp_path: Path) -> None:
    (name,) = builder(tmp_path).update(changes({"a.py": "xyp"})).files
    with pytest.raises(MemoryFileError):
        Memory.read(Path(name), "another")
    Path(name).write_bytes(Path(name).read_bytes()[:-4])
    with pytest.raises(MemoryFileError):
        Memory.read(Path(name), "bytes")
    with pytest.raises(MemoryFileError):
        Memory.read(tmp_path / "none.memory", "bytes")


def test_a_small_memory_goes_with_the_large_one_it_stands_upon(tmp_path: Path) -> None:
    made = builder(tmp_path)
    made.update(changes({"a.py": "xyp", "b.py": "xyq"}))
    large, _ = made.update(changes({"a.py": "xyr"})).files
    Path(large).unlink()
    assert builder(tmp_path).paths == []


def test_the_folder_at_hand_and_dependencies_count_as_they_are_told_to() -> None:
    texts = {"a/one.py": "xyp", "b/two.py": "xyq"}
    memory = Memory.of(
        "", [(MemoryFile(path, ""), np.array(ids(text), np.int32)) for path, text in texts.items()], VOCABULARY
    )
    assert followers([memory], "xy", "b/three.py", folder=3.0) == {"p": 1, "q": 3}
    lib = [(MemoryFile("lib.py", ""), np.array(ids("xyz"), np.int32))]
    other = Memory.of("", lib, VOCABULARY, layer=Layer.DEPENDENCIES)
    seen = Remembered([memory, other], "", weights(dependencies=0.5))
    forecast = blend([(one, 1.0) for one in seen.find(ids("xy"))])
    assert forecast is not None
    by_token = dict(zip(map(chr, forecast.tokens.tolist()), forecast.parts.tolist(), strict=True))
    assert by_token["z"] == pytest.approx(by_token["p"] / 2)


def test_prose_says_nothing_of_code_unless_it_is_told_to() -> None:
    made = {"a.py": "xyp", "a.md": "xyq"}
    memories = [
        Memory.of("", [(MemoryFile(path, ""), np.array(ids(text), np.int32))], VOCABULARY, layer=layer_of(path))
        for path, text in made.items()
    ]
    assert followers(memories, "xy", "b.py") == {"p": 1}
    assert followers(memories, "xy", "b.md") == {"q": 1}
    assert followers(memories, "xy", "b.py", prose=0.25) == {"p": 1, "q": 0.25}
    assert Remembered(memories, "b.md", weights()).file_at(0, LONGEST) == "a.md"


@pytest.mark.parametrize(
    ("path", "layer"),
    [
        ("src/a.py", Layer.CODE),
        ("Makefile", Layer.CODE),
        ("CMakeLists.txt", Layer.CODE),
        ("history.py", Layer.CODE),
        ("install.sh", Layer.CODE),
        ("README", Layer.PROSE),
        ("docs/index.rst", Layer.PROSE),
        ("CHANGES.txt", Layer.PROSE),
        ("LICENSE-MIT", Layer.PROSE),
        ("man/tool.1", Layer.PROSE),
        ("requirements-dev.txt", Layer.DATA),
        ("package.json", Layer.DATA),
        ("Cargo.lock", Layer.DATA),
        (".github/ci.yml", Layer.DATA),
        (".gitignore", Layer.DATA),
        ("", Layer.CODE),
    ],
)
def test_the_layer_of_a_file_is_told_by_its_name(path: str, layer: Layer) -> None:
    assert layer_of(path) is layer


@pytest.mark.parametrize(
    ("path", "text", "code"),
    [
        ("a.md", "Say\n\n```py\nx = 1\n```\nand\n~~~~\ny = 2\n~~~~\n", "x = 1\n\n\ny = 2\n\n\n"),
        ("a.md", "1. Say\n   ```js\n   f(\n     1)\n   ```\n", "f(\n  1)\n\n\n"),
        ("a.md", "```bash\nmake\n```\n```\n$ make\n```\n```json\n{}\n```\n", ""),
        ("a.md", "no end\n```python\nx = 1\n", "x = 1\n\n\n"),
        (
            "a.rst",
            "Say\n\n.. code-block:: python\n    :linenos:\n\n    x = 1\n\n    y = 2\n\nand\n",
            "x = 1\n\ny = 2\n\n\n",
        ),
        ("a.rst", "Title\n`````\nSay::\n\n    >>> f(1)\n\nand\n", "f(1)\n\n\n"),
        ("a.rst", ".. note::\n    Mind the step\n\n.. code-block:: console\n\n    make\n", ""),
        ("CHANGES", "x::y\n    indented\n", ""),
    ],
)
def test_examples_in_prose_are_code(path: str, text: str, code: str) -> None:
    parts = parts_of(path, text)
    assert parts[Layer.CODE] == code
    kept = {line.strip() for part in parts.values() for line in part.split("\n")}
    lost = {line.strip().removeprefix(">>> ") for line in text.split("\n")} - kept
    assert all(set(line) <= set("`~") or line == ":linenos:" or line[:3] in ("```", "~~~") for line in lost)
    assert set(parts) == set(layers_of(path))


def test_a_text_of_one_sort_is_left_as_it_is() -> None:
    assert parts_of("a.py", "```\nx\n```\n") == {Layer.CODE: "```\nx\n```\n"}


def test_what_goes_on_ends_with_its_file() -> None:
    memory = Memory.of(
        "",
        [(MemoryFile("a", ""), np.array(ids("xyp"), np.int32)), (MemoryFile("b", ""), np.array(ids("q"), np.int32))],
        VOCABULARY,
    )
    seen = Remembered([memory], "", weights())
    (found,) = seen.find(ids("xy"))
    place = int(found.places[0])
    assert bytes(seen.continuation(0, place - 1, 8)) == b"yp"
    assert seen.file_at(0, place) == "a"
    assert isinstance(found, FoundRuns)
