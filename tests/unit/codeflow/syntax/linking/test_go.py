"""Which folder an import of Go means, by the go.mod files of a repository."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.linking.go import MAX_MODULES, GoLinks

FILES = {
    "go.mod": b"// module example.org/none\r\nmodule example.org/kit\r\n\r\ngo 1.21\r\n",
    "tools/go.mod": b'module "example.org/kit/tools" // quoted\n',
    "odd/go.mod": b"\xff\xfe\x00",
    "docs/old.go.mod": b"module example.org/old\n",
}


@pytest.mark.parametrize(
    ("module", "place"),
    [
        ("example.org/kit", "/./"),
        ("example.org/kit/inner/deep", "/inner/deep/"),
        # The longest module that fits has it.
        ("example.org/kit/tools", "/tools/"),
        ("example.org/kit/tools/a", "/tools/a/"),
        # Its name only begins alike.
        ("example.org/kitchen", "example.org/kitchen"),
        ("example.org/none", "example.org/none"),
        ("example.org/old", "example.org/old"),
        ("fmt", "fmt"),
        ("", ""),
    ],
)
def test_an_import_means_the_folder_of_the_module_that_has_it(module: str, place: str) -> None:
    assert GoLinks(FILES, FILES.get).place(module) == place


def test_a_repository_without_modules_tells_nothing() -> None:
    assert GoLinks([], {}.get).place("example.org/kit") == "example.org/kit"


def test_files_that_cannot_be_read_are_no_modules() -> None:
    assert GoLinks(["go.mod"], lambda _: None).place("example.org/kit") == "example.org/kit"


def test_only_so_many_files_are_read_and_each_once() -> None:
    read: list[str] = []

    def text(path: str) -> bytes:
        read.append(path)
        return b"module example.org/" + path.encode()

    links = GoLinks([f"{number:04}/go.mod" for number in range(MAX_MODULES * 2)], text)
    links.place("fmt")
    links.place("os")
    assert len(read) == MAX_MODULES
