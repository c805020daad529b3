from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iquest_lsp.datatypes import Position, Span
from iquest_lsp.workspace import positions
from iquest_lsp.workspace.positions import (
    LONGEST_LINE,
    ChangingText,
    Encoding,
    LineIndex,
    characters,
    is_machine_made,
    units,
)

ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")
TEXTS = st.text(alphabet=st.sampled_from("ab\n\r\té漢😀\u2028\ud800\udc00"), max_size=40)


def oracle_lines(text: str) -> list[str]:
    """Lines by the protocol's three ends, written the slow way."""
    lines, line, at = [], "", 0
    while at < len(text):
        if text[at] in "\r\n":
            lines.append(line)
            line = ""
            at += 2 if text[at : at + 2] == "\r\n" else 1
        else:
            line += text[at]
            at += 1
    return [*lines, line]


@given(TEXTS)
def test_lines_are_those_of_the_protocol(text: str) -> None:
    index = LineIndex(text)
    assert [index.line(number) for number in range(len(index))] == oracle_lines(text)
    assert index.line(-1) == index.line(len(index)) == ""


@given(TEXTS, st.integers(-5, 60))
def test_offset_and_position_are_inverse(text: str, offset: int) -> None:
    index = LineIndex(text)
    position = index.position(offset)
    assert index.clamp(position) == position
    back = index.offset(position)
    clamped = min(max(offset, 0), len(text))
    # Only the second half of "\r\n" has no position of its own.
    assert back == clamped or text[clamped - 1 : clamped + 1] == "\r\n"


@given(TEXTS, st.integers(-3, 12), st.integers(-3, 50))
def test_positions_out_of_range_are_clamped(text: str, line: int, character: int) -> None:
    index = LineIndex(text)
    place = index.clamp(Position(line, character))
    assert 0 <= place.line < len(index)
    assert 0 <= place.character <= len(index.line(place.line))
    assert 0 <= index.offset(Position(line, character)) <= len(text)


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(text=TEXTS, data=st.data())
@pytest.mark.slow
def test_columns_survive_the_way_to_the_editor_and_back(encoding: Encoding, text: str, data: st.DataObject) -> None:
    index = LineIndex(text)
    line = data.draw(st.integers(0, len(index) - 1))
    place = Position(line, data.draw(st.integers(0, len(index.line(line)))))
    assert index.from_editor(index.to_editor(place, encoding), encoding) == place


def test_units_of_each_encoding() -> None:
    text = "a漢😀"
    assert [units(text, encoding) for encoding in ENCODINGS] == [8, 4, 3]
    assert units("\ud83d", "utf-16") == 1
    assert units("\ud83d", "utf-8") == 3


def test_a_column_inside_a_character_falls_to_its_start() -> None:
    assert characters("😀b", 1, "utf-16") == 0
    assert characters("😀b", 2, "utf-16") == 1
    assert characters("漢b", 2, "utf-8") == 0
    assert characters("漢b", 4, "utf-8") == 2
    assert characters("漢b", 99, "utf-8") == 2
    assert characters("漢b", -1, "utf-8") == 0


def test_slice_of_swapped_ends() -> None:
    index = LineIndex("one\r\ntwo\rthree")
    assert index.slice(Span(Position(2, 2), Position(0, 1))) == "ne\r\ntwo\rth"


PLACES = st.builds(Position, st.integers(-1, 8), st.integers(-1, 12))


@given(TEXTS, st.lists(st.tuples(PLACES, PLACES, TEXTS), max_size=5), st.sampled_from(ENCODINGS))
@pytest.mark.slow
def test_a_draft_is_what_the_changes_one_by_one_make(
    text: str, changes: list[tuple[Position, Position, str]], encoding: Encoding
) -> None:
    draft = ChangingText(LineIndex(text))
    for first, second, new in changes:
        lines = LineIndex(text)
        start, end = sorted(lines.offset(lines.from_editor(place, encoding)) for place in (first, second))
        text = text[:start] + new + text[end:]
        draft.replace(first, second, new, encoding)
        assert draft.text == text


def test_a_change_of_a_draft_costs_what_it_touches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands come at once when an editor sets a file in order."""
    draft = ChangingText(LineIndex("value = 1\n" * 10_000))
    read: list[int] = []
    make = LineIndex.__init__
    monkeypatch.setattr(LineIndex, "__init__", lambda self, text: read.append(len(text)) or make(self, text))
    for line in range(0, 10_000, 5):
        draft.replace(Position(line, 8), Position(line, 9), "23", "utf-16")
    assert sum(read) == 2000 * len("value = 23\n")
    assert draft.text.startswith("value = 23\nvalue = 1\n")


@given(st.text(alphabet="aé€😀\ud83d\ude00"), st.integers(-1, 40), st.sampled_from(["utf-8", "utf-16", "utf-32"]))
@pytest.mark.slow
def test_characters_are_as_many_as_fit_counted_one_by_one(line: str, column: int, encoding: Encoding) -> None:
    fits = [count for count in range(len(line) + 1) if units(line[:count], encoding) <= max(column, 0)]
    assert characters(line, column, encoding) == fits[-1]


def test_a_long_line_is_measured_once_not_character_by_character(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = 0

    def counted(text: str, encoding: Encoding) -> int:
        nonlocal seen
        seen += len(text)
        return units(text, encoding)

    monkeypatch.setattr(positions, "units", counted)
    for line in ("é" + "x" * 300_000, "😀" * 300_000, "é" * 300_000, "x😀é" * 100_000):
        for encoding in ("utf-8", "utf-16"):
            seen = 0
            characters(line, 290_000, encoding)
            assert seen <= 600_000


def test_a_line_that_nobody_types_is_known_by_its_length() -> None:
    lines = LineIndex("x" * (LONGEST_LINE + 1) + "\n" + "x" * LONGEST_LINE)
    assert [is_machine_made(lines, Position(line, 0)) for line in (0, 1, 9)] == [True, False, False]
