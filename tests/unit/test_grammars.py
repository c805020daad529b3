"""Grammars by language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iquest_lsp import grammars
from iquest_lsp.grammars import follow, language_of, languages, parser, part, text_of, tree

if TYPE_CHECKING:
    from tree_sitter import Point, Tree


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a.py", "python"),
        ("A.PYI", "python"),
        ("a/b.tsx", "tsx"),
        ("a.h", "cpp"),
        ("a.c", "c"),
        ("a", ""),
        (".py", ""),
        ("a.md", ""),
        ("", ""),
    ],
)
def test_the_language_of_a_file(path: str, language: str) -> None:
    assert language_of(path) == language


@pytest.mark.parametrize("language", languages())
def test_each_language_has_a_grammar_that_reads_any_text(language: str) -> None:
    for source in (b"", b"\xff\0(", b"a" * 1000):
        found = tree(language, source)
        assert found is not None
        assert found.root_node.end_byte == len(source)


def test_a_language_without_a_grammar_has_no_parser() -> None:
    assert parser("cobol") is None
    assert tree("cobol", b"a") is None


def test_a_part_has_its_places_in_the_whole() -> None:
    from tree_sitter import Range

    source = b"xx\na = 1\nxx"
    found = part("python", source, Range((1, 0), (1, 5), 3, 8))
    assert found is not None
    node = found.root_node.named_children[0]
    assert (node.start_point.row, node.text) == (1, b"a = 1")
    assert text_of(node) == "a = 1"
    assert part("cobol", source, Range((0, 0), (0, 1), 0, 1)) is None


TEXTS = {
    "python": "import os\n\n\ndef läufe(a):\n    if a:\n        return os.sep\n    return a\n\n\nclass B:\n    x = 1\n",
    "typescript": "import {a} from './a';\n\nexport class B<T> {\n\tläufe(x: T): T[] {\n\t\treturn [x, a];\n\t}\n}\n",
    "go": "package a\n\nfunc f(a int) (int, error) {\n\tif a > 0 {\n\t\treturn a, nil\n\t}\n\treturn 1, nil\n}\n",
    "rust": "use a::B;\n\nfn f<T>(a: T) -> Option<T> {\n    match a {\n        _ => Some(a),\n    }\n}\n",
}


def nodes(found: Tree) -> list[tuple[str, int, int, Point, Point]]:
    stack, every = [found.root_node], []
    while stack:
        node = stack.pop()
        every.append((node.type, node.start_byte, node.end_byte, node.start_point, node.end_point))
        stack += node.children
    return every


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("new", ["", "b", "ä", "\n", "\n\n    b\n", "{", "(b)"])
def test_a_tree_that_follows_keys_is_the_one_that_is_read_anew(language: str, new: str) -> None:
    text = TEXTS[language] * 3
    fresh = parser(language)
    assert fresh is not None
    before = text.encode()
    known = fresh.parse(before)
    for at in range(0, len(text), 7):
        source = (text[:at] + new + text[at + 1 :]).encode()
        anew = fresh.parse(source)
        assert follow(language, source, before, known) is not anew.root_node.has_error
        found = tree(language, source)
        assert found is not None
        assert nodes(found) == nodes(anew)
    assert nodes(known) == nodes(fresh.parse(before))


def test_a_tree_follows_no_text_that_is_mostly_another() -> None:
    fresh = parser("python")
    assert fresh is not None
    assert not follow("python", b"a = 1\n" * 9, b"b = 2\n", fresh.parse(b"b = 2\n"))


def test_so_many_trees_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(grammars, "parser", lambda language, make=parser: read.append(language) or make(language))
    texts = [b"remembered" * number for number in range(1, grammars.REMEMBERED + 2)]
    for text in (*texts, texts[-1], texts[1], texts[0]):
        tree("python", text)
    assert len(read) == len(texts) + 1


def test_a_tree_that_is_asked_for_again_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(grammars, "parser", lambda language, make=parser: read.append(language) or make(language))
    texts = [b"asked_again" * number for number in range(1, grammars.REMEMBERED + 2)]
    for text in texts[:-1]:
        tree("python", text)
    for text in (texts[0], texts[-1], texts[0]):
        tree("python", text)
    assert len(read) == len(texts)


def test_no_text_is_read_from_a_tree_with_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    before, source = b"follows = (\n" * 9, b"follows = (\n" * 9 + b"x"
    known = tree("python", before)
    assert known is not None
    read: list[str] = []
    monkeypatch.setattr(grammars, "parser", lambda language, make=parser: read.append(language) or make(language))
    assert not follow("python", source, before, known)
    assert tree("python", source) is not None
    assert len(read) == 1
