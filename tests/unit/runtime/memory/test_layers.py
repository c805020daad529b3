"""The parts that a memory is kept in."""

from __future__ import annotations

import pytest

from iquest_lsp.runtime.memory.layers import Layer, layer_of, layers_of, parts_of


@pytest.mark.parametrize(
    ("path", "layer"),
    [
        ("a.py", Layer.CODE),
        ("CMakeLists.txt", Layer.CODE),
        ("README", Layer.PROSE),
        ("docs/a.md", Layer.PROSE),
        ("readme.py", Layer.CODE),
        ("a.1", Layer.PROSE),
        ("LICENSE-MIT", Layer.PROSE),
        ("a.json", Layer.DATA),
        ("requirements-dev.txt", Layer.DATA),
        (".gitignore", Layer.DATA),
        ("go.sum", Layer.DATA),
        ("Makefile", Layer.CODE),
        ("", Layer.CODE),
    ],
)
def test_the_sort_of_a_file(path: str, layer: Layer) -> None:
    assert layer_of(path) is layer
    assert layers_of(path) == ((Layer.PROSE, Layer.CODE) if layer is Layer.PROSE else (layer,))


@pytest.mark.parametrize(
    ("path", "text", "prose", "code"),
    [
        ("a.md", "Text\n\n```python\nread(1)\n```\nmore\n", "Text\n\n```python\nmore\n", "read(1)\n\n\n"),
        ("a.md", "```python\n>>> read(1)\n... 2\n```\n", "```python\n", "read(1)\n2\n\n\n"),
        # Commands, output and data are no code; nor is a block that never ends lost.
        ("a.md", "```sh\nmake\n```\n", "```sh\nmake\n```\n", ""),
        ("a.md", "```\n$ make\n```\n", "```\n$ make\n```\n", ""),
        ("a.md", "~~~go\nf()\n", "~~~go", "f()\n\n\n"),
        ("a.rst", "Use::\n\n  read(1)\n\nmore\n", "Use::\n\nmore\n", "read(1)\n\n\n"),
        ("a.rst", ".. code-block:: json\n\n   {}\n", ".. code-block:: json\n\n   {}\n", ""),
        ("a.md", "", "", ""),
    ],
)
def test_examples_in_prose_are_code(path: str, text: str, prose: str, code: str) -> None:
    assert parts_of(path, text) == {Layer.PROSE: prose, Layer.CODE: code}


def test_code_is_one_part() -> None:
    assert parts_of("a.py", "```\n") == {Layer.CODE: "```\n"}
