"""Texts over several lines in scripts."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.outline.texts import without_texts


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("sh", "cat <<EOF\nfoo() {\nEOF\na", "cat <<EOF\n  :\n  :\na"),
        ("rb", "  a = <<~TEXT\ndef b\nTEXT\nc", "  a = <<~TEXT\n    :\n    :\nc"),
        ("rb", "list << item\nb", "list << item\nb"),
        ("sh", 'USAGE="\nOptions: a\n"\nb', 'USAGE="\n  :\n  :\nb'),
        ("sh", "A='\nfoo() {\nb'; c\nd", "A='\n  :\n  :\nd"),
        ("sh", 'A="\nb "c" d\n"', 'A="\nb "c" d\n"'),
        ("sh", 'A="b"\nc', 'A="b"\nc'),
        # One that never ends is none.
        ("sh", "cat <<EOF\nfoo() {", "cat <<EOF\nfoo() {"),
        ("py", "a <<EOF\nb\nEOF", "a <<EOF\nb\nEOF"),
    ],
)
def test_what_is_read_in_the_place_of_a_text(language: str, text: str, expected: str) -> None:
    assert "\n".join(without_texts(text.split("\n"), language)) == expected
