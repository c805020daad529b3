"""The sections of documents."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.outline.documents import (
    asciidoc_sections,
    entries,
    manual_sections,
    markdown_sections,
    paragraphs,
    rst_sections,
)
from iquest_lsp.codeflow.syntax.outline.region import Region

Parts = list[tuple[str, int, int]]


def parts(regions: tuple[Region, ...]) -> Parts:
    return [(item.name, item.start, item.end) for item in regions]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("a.md", 0, 1)]),
        ("# A\n## B\n### C\n## D", [("A", 0, 4), ("A > B", 1, 3), ("A > B > C", 2, 3), ("A > D", 3, 4)]),
        ("# A\r\ntext\r", [("A", 0, 2)]),
        ("A\n===\n\nB\n---\n", [("A", 0, 6), ("A > B", 3, 6)]),
        # Code, front matter and lists have no headings.
        ("```\n# A\n```\n", [("a.md", 0, 4)]),
        ("~~~~\n```\n# A\n~~~~\n# B\n", [("a.md", 0, 4), ("B", 4, 6)]),
        ("---\n# a: b\n---\n# B\n", [("a.md", 0, 3), ("B", 3, 5)]),
        ("- a\n---\n", [("a.md", 0, 3)]),
        ("#no heading\n####### none\n", [("a.md", 0, 3)]),
        # A heading is told in plain words.
        ("# `f` of [kit](x) <b>**now**</b> #", [("f of kit now", 0, 1)]),
        ("[kit]: http://x\n", [("a.md", 0, 2), ("[kit]", 0, 1)]),
    ],
)
def test_sections_of_markdown(text: str, expected: Parts) -> None:
    assert parts(markdown_sections(text.split("\n"), "a.md")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A\n===\n\nB\n---\ntext\n\nC\n---\n", [("A", 0, 10), ("A > B", 3, 7), ("A > C", 7, 10)]),
        ("===\n A\n===\n\nB\n===\n", [("A", 0, 7), ("A > B", 4, 7)]),
        ("text\n\n  indented\n  ===\n", [("a.rst", 0, 5)]),
        (".. _kit: http://x\n", [("a.rst", 0, 2), ("kit", 0, 1)]),
    ],
)
def test_sections_of_restructured_text(text: str, expected: Parts) -> None:
    assert parts(rst_sections(text.split("\n"), "a.rst")) == expected


def test_sections_of_asciidoc_and_manual_pages() -> None:
    assert parts(asciidoc_sections(["= A", "", "== B"], "a")) == [("A", 0, 3), ("A > B", 2, 3)]
    assert parts(manual_sections([".TH A 1", ".SH NAME", ".SS More", ""], "a")) == [
        ("a", 0, 1),
        ("NAME", 1, 4),
        ("NAME > More", 2, 4),
    ]
    assert parts(manual_sections(["# A"], "a")) == [("A", 0, 1)]


def test_paragraphs_of_plain_texts() -> None:
    assert parts(paragraphs(["One", "two", "", "Three"], "a")) == [("One", 0, 2), ("Three", 3, 4)]
    assert parts(paragraphs(["One", "==="], "a")) == [("One", 0, 2)]
    assert paragraphs([""], "a") == ()


def test_entries_of_lists() -> None:
    assert parts(entries(["*.pyc", "", "Ada <ada@x.org>", "x" * 999])) == [("*.pyc", 0, 1), ("Ada", 2, 3)]


def test_waves_that_underline_something_in_a_block_of_code_open_none() -> None:
    text = "Lint\n----\n\n *  One\n\n        wind(tape)\n             ~~~~\n\nUse\n---\n\nTwo.\n"
    assert [item.name for item in markdown_sections(text.split("\n"), "a.md")] == ["Lint", "Use"]
