"""What the lines of a repository say of a type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pytest

from iquest_lsp.codeflow.syntax.linking.type_uses import Everywhere, TypeLines, package_of, type_lines, types_of


class Texts:
    """Texts by their paths, searched as a repository is."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files

    def grep(self, words: Sequence[str], revision: str | None = None) -> Iterator[tuple[str, int, str]]:
        del revision
        pattern = re.compile("|".join(rf"\b{re.escape(word)}\b" for word in words))
        for path, text in self.files.items():
            yield from ((path, at, line) for at, line in enumerate(text.split("\n")) if pattern.search(line))

    def read(self, path: str) -> bytes | None:
        return self.files[path].encode() if path in self.files else None


def of(path: str, text: str) -> TypeLines:
    texts = Texts({path: text})
    return type_lines(Everywhere(texts, None, texts.read), "Shop")


@pytest.mark.parametrize(
    ("path", "text", "names", "makers", "declared"),
    [
        ("a.py", "", ("Shop",), set(), set()),
        ("a.py", "class Far(Shop):\nclass Further(Far):\n", ("Shop", "Far", "Further"), set(), set()),
        ("a.ts", "class Far extends Shop {\n", ("Shop", "Far"), set(), set()),
        ("a.py", "class Shopping(Other): ...\n", ("Shop",), set(), set()),
        ("a.py", "def opened() -> Shop:\n", ("Shop",), {"opened"}, set()),
        ("a.ts", "export function opened(): Promise<Shop> {\n", ("Shop",), {"opened"}, set()),
        ("a.rs", "fn opened(a: u8) -> Option<Shop> {\n", ("Shop",), {"opened"}, set()),
        # A general name is another one's too.
        ("a.rs", "fn new() -> Shop {\n", ("Shop",), set(), set()),
        ("a.py", "store: Shop\nmine = Shop(1)\ni = Shop()\n", ("Shop",), set(), {"store", "mine"}),
        ("a.go", "\tstore *kit.Shop\n\tmine := &Shop{}\n", ("Shop",), set(), {"store"}),
        ("A.java", "Shop store = null;\n", ("Shop",), set(), {"store"}),
        ("a.go", "type Far struct {\n\t*Shop\n}\n", ("Shop", "Far"), set(), set()),
    ],
)
def test_what_lines_say_of_a_type(
    path: str, text: str, names: tuple[str, ...], makers: set[str], declared: set[str]
) -> None:
    found = of(path, text)
    assert (found.names, found.makers, found.declared) == (names, makers, declared)


def test_general_makers_of_go_are_those_of_their_folder() -> None:
    found = of("kit/a.go", "package kit\n\nfunc New() *Shop {\n")
    assert found.makers == frozenset()
    assert set(found.makers_in("kit/b.go")) == {"kit.New"}
    assert found.is_made("kit/b.go", "", "New")
    assert not found.is_made("kit/b.go", "other", "New")
    assert set(found.makers_in("app/b.go")) == {"kit.New"}
    assert set(found.makers_in("app/b.py")) == set()


@pytest.mark.parametrize(
    ("source", "package"),
    [(b"// x\npackage kit\n", "kit"), (b"package kit_test\r\n", "kit"), (b"", ""), (None, ""), (b"// package kit", "")],
)
def test_the_package_of_a_file(source: bytes | None, package: str) -> None:
    assert package_of(source) == package


def test_nothing_is_looked_for_under_an_empty_name() -> None:
    texts = Texts({"a.py": "class Far(Shop): ...\n"})
    assert set(types_of(Everywhere(texts, None, texts.read), ["Shop", "", "Shop"])) == {"Shop"}
