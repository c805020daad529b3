"""What a taken suggestion says of the others: they keep their worth, and nobody passed them over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from iquest_lsp.codeflow.reading import ChangedText, Sources
from iquest_lsp.nextedit.predict import suggested
from iquest_lsp.nextedit.records import EditKind, NextEdit, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import PredictorKind, Sort
from iquest_lsp.nextedit.taken import ReplacedPart, TakenEdits

SHAPES = """\
def outer_area(width):
    return width * 2


def whole(width):
    return outer_area(width) + 1


def half(width):
    return outer_area(width) / 2
"""
PAGE = """\
from shapes import outer_area


def sheet(width):
    return outer_area(width + 1)


def card(width):
    return [outer_area(width - 1), outer_area(width)]
"""
BEFORE = {"shapes.py": SHAPES, "page.py": PAGE}
AFTER = BEFORE | {"shapes.py": SHAPES.replace("def outer_area", "def total_area", 1)}


class Session:
    """Somebody who renamed a function and takes what is suggested."""

    def __init__(self) -> None:
        self.files = dict(AFTER)
        self.taken = TakenEdits()
        self.shown = self.suggested()

    def suggested(self) -> list[NextEdit]:
        texts = {path: text for path, text in BEFORE.items() if text != self.files[path]}
        changed = [ChangedText(path, text, self.files[path]) for path, text in texts.items()]
        sources = Sources(None, over=dict(self.files))
        return suggested(changed, sources, redact=lambda text: False, taken=self.taken.now())

    def change(self, path: str, after: str) -> bool:
        own = self.taken.changed(path, self.files[path], after, self.shown)
        self.files[path] = after
        self.shown = self.suggested()
        return own

    def take(self, items: Sequence[NextEdit]) -> None:
        for item in items:
            self.taken.take(item)
        text: str | None = self.files[items[0].path]
        for item in sorted(items, key=lambda item: item.place, reverse=True):
            assert text is not None
            text = item.applied_to(text)
        assert text is not None
        assert self.change(items[0].path, text)


@pytest.mark.parametrize("at", [0, 1, 2, -1])
def test_what_is_left_is_as_sure_as_before(at: int) -> None:
    """Whichever is taken first: all others are offered, none less sure than it was."""
    session = Session()
    assert len(session.shown) == 6
    while session.shown:
        sure = sorted(item.confidence for item in session.shown)
        item = session.shown[at if at < len(session.shown) else -1]
        sure.remove(item.confidence)
        session.take([item])
        left = sorted(item.confidence for item in session.shown)
        assert len(left) == len(sure)
        assert all(now >= before for now, before in zip(left, sure, strict=True))
    assert all("outer_area" not in text for text in session.files.values())


def test_an_edit_beside_them_leaves_them_as_sure() -> None:
    session = Session()
    session.take(session.shown[-1:])
    left = {(item.path, item.line + 2, item.confidence) for item in session.shown if item.path == "page.py"}
    session.change("page.py", '"""A page.\n"""\n' + session.files["page.py"])
    assert {(item.path, item.line, item.confidence) for item in session.shown if item.path == "page.py"} == left


def test_several_of_a_file_are_taken_at_once() -> None:
    session = Session()
    count = len(session.shown)
    page = [item for item in session.shown if item.path == "page.py"]
    session.take(page)
    assert len(session.shown) == count - len(page)


def test_who_takes_back_what_was_taken_says_something() -> None:
    session = Session()
    before = session.files["page.py"]
    session.take(session.shown[-1:])
    assert session.taken.now().worth
    session.change("page.py", before)
    assert not session.taken.now().worth


def test_a_replacement_that_is_not_wanted_is_worth_nothing_elsewhere() -> None:
    session = Session()
    session.take(session.shown[:1])
    assert session.taken.now().worth
    session.taken.refuse(session.shown[0])
    assert not session.taken.now().worth


SORT = Sort.of(PredictorKind.RENAME)
ITEM = NextEdit("a.py", 3, 4, "old", "newer", EditKind.RENAME, Reason(ReasonKind.RENAMED, ("old", "newer")), SORT, 0.93)
TEXT = "one\ntwo\nthree\nold old\nfive\nold\n"
OTHERS = [replace(ITEM, column=0), replace(ITEM, line=5, column=0)]


def test_a_client_may_say_afterwards_what_it_took() -> None:
    taken = TakenEdits()
    after = TEXT.replace("old old", "old newer")
    assert not taken.changed("a.py", TEXT, after, [ITEM, *OTHERS])
    assert taken.take(ITEM)
    now = taken.now()
    assert now.lines == {"a.py": frozenset({3})}
    assert [now.worth_of(item) for item in (ITEM, *OTHERS)] == [0, 0.93, 0.93]


def test_lines_and_worths_move_with_the_text() -> None:
    taken = TakenEdits()
    taken.take(ITEM)
    after = TEXT.replace("old old", "old newer")
    assert taken.changed("a.py", TEXT, after, [ITEM, *OTHERS])
    taken.changed("a.py", after, "zero\n" + after, [])
    assert taken.now().lines == {"a.py": frozenset({4})}
    assert [taken.now().worth_of(replace(item, line=item.line + 1)) for item in OTHERS] == [0.93, 0.93]
    taken.changed("a.py", "zero\n" + after, "zero\n" + after.replace("old newer", "old, newer"), [])
    assert taken.now().lines == {"a.py": frozenset()}
    assert taken.now().worth_of(replace(OTHERS[1], line=6)) == 0.93


@pytest.mark.parametrize(
    ("before", "after", "part"),
    [
        ("ab\ncd\n", "ab\nxcd\n", ReplacedPart((1, 0), (1, 0), "x")),
        ("ab\ncd\n", "ab\n", ReplacedPart((1, 0), (2, 0), "")),
        ("ab\ncd", "ab\ncd\nef", ReplacedPart((1, 2), (1, 2), "\nef")),
        ("abc", "aXYc", ReplacedPart((0, 1), (0, 2), "XY")),
    ],
)
def test_what_turned_one_text_into_another(before: str, after: str, part: ReplacedPart) -> None:
    assert ReplacedPart.between(before, after) == part
