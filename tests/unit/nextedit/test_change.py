"""A changed file as the predictors see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from iquest_lsp import grammars
from iquest_lsp.codeflow.reading import ChangedText
from iquest_lsp.codeflow.syntax import prose
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.records import Edit

if TYPE_CHECKING:
    from tree_sitter import Parser, Tree

BEFORE = "def read(a):\n    return a\n\n\ndef f():\n    return read(1)\n"
AFTER = BEFORE.replace("def read", "def load")


def change(before: str, after: str, path: str = "a.py", known: tuple[Edit, ...] | None = None) -> Change:
    return Change(ChangedText(path, before, after), known)


def test_a_change_has_its_edits_its_names_and_its_definitions() -> None:
    made = change(BEFORE, AFTER)
    assert made.edits == (Edit("a.py", 0, ("def read(a):",), ("def load(a):",), 0),)
    assert [(item.old, item.new) for item in made.renamings] == [("read", "load")]
    assert [(item.name, item.change) for item in made.symbols] == [("load", "renamed")]
    assert [made.is_changed(line) for line in (0, 1)] == [True, False]


def test_what_is_known_is_not_looked_for() -> None:
    known = (Edit("a.py", 1, ("x",), ("y",), 1),)
    assert change(BEFORE, AFTER, known=known).edits == known


@pytest.mark.parametrize(("before", "after"), [("", ""), (BEFORE, BEFORE)])
def test_nothing_changed(before: str, after: str) -> None:
    made = change(before, after)
    assert (made.edits, made.renamings, made.symbols) == ((), (), ())


def test_without_a_grammar_there_are_no_definitions() -> None:
    made = change("a b\n", "a c\n", "a.cobol")
    assert made.symbols == ()
    assert [(item.old, item.new) for item in made.renamings] == [("b", "c")]


def test_a_key_reads_what_it_did_not_change_once(monkeypatch: pytest.MonkeyPatch) -> None:
    before = BEFORE + 'TEXT = """a\nb"""\n' + "".join(f"def g{at}(): pass\n" for at in range(200))
    read: list[bytes] = []
    prose_rows = prose.prose_rows

    def counted(language: str, lines: Sequence[bytes]) -> frozenset[int]:
        read.append(b"\n".join(lines))
        return prose_rows(language, lines)

    monkeypatch.setattr(prose, "prose_rows", counted)
    parsed: list[bytes] = []
    monkeypatch.setattr(grammars, "parser", lambda language, make=grammars.parser: Counting(make(language), parsed))
    keys = [before.replace("def read", f"def {name}") for name in ("l", "lo", "loa", "load")]
    for after in keys:
        assert [item.change for item in change(before, after).symbols] == ["renamed"]
    assert read == [text.encode() for text in (before, *keys)]
    # Each text once, and none but the first without what is known of it.
    assert parsed == [before.encode()]


class Counting:
    """A parser that notes what it reads from nothing."""

    def __init__(self, parser: Parser, whole: list[bytes]) -> None:
        self.parser, self.whole = parser, whole

    def parse(self, source: bytes, known: Tree | None = None) -> Tree:
        if known is None:
            self.whole.append(source)
            return self.parser.parse(source)
        return self.parser.parse(source, known)
