"""Grammars by language."""

from __future__ import annotations

import pytest

from iquest_lsp.grammars import language_of, languages, parser, part, text_of, tree


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
