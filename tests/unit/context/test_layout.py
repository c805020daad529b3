from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iquest_lsp.context.layout import STEP_LINES, CutFile, SpanAnchor, around, clean, cut, history_text, tree_text
from iquest_lsp.datatypes import FlowRecord, Position

LINES = [f"line {number:04} = value" for number in range(1000)]
WIDTH = len(LINES[0]) + 1


def make(
    lines: list[str],
    row: int,
    column: int = 4,
    *,
    anchor: SpanAnchor | None = None,
    prefix: int = 200 * WIDTH,
    suffix: int = 60 * WIDTH,
    middle_lines: int = 0,
    keep_tail: bool = True,
) -> CutFile:
    return cut(
        "a.py",
        lines,
        Position(row, column),
        prefix_characters=prefix,
        suffix_characters=suffix,
        anchor=anchor,
        middle_lines=middle_lines,
        keep_tail=keep_tail,
    )


def whole(made: CutFile) -> str:
    text = made.text
    return text.prefix + text.head + text.tail + ("\n" + text.suffix if text.suffix else "")


def test_the_parts_are_the_span() -> None:
    made = make(LINES, 500, 7)
    assert whole(made) == "\n".join(LINES[made.start : made.end])
    assert (made.text.head, made.text.tail) == (LINES[500][:7], LINES[500][7:])
    assert made.start % (STEP_LINES // 2) == 0
    assert (len(LINES) - made.end) % (STEP_LINES // 8) == 0


def test_a_small_file_is_shown_whole() -> None:
    made = make(LINES[:20], 10)
    assert (made.start, made.end) == (0, 20)


def test_the_span_stays_while_one_types_lines() -> None:
    lines = list(LINES)
    made = make(lines, 500)
    starts, suffixes, moves = {made.start}, {made.text.suffix}, 0
    for step in range(150):
        lines.insert(501 + step, f"typed {step}")
        new = make(lines, 501 + step, 3, anchor=made.anchor)
        assert whole(new) == "\n".join(lines[new.start : new.end])
        moves += new.anchor.first != made.anchor.first
        starts.add(new.start)
        suffixes.add(new.text.suffix)
        made = new
    assert len(suffixes) == 1
    assert moves <= 4
    assert all(start % (STEP_LINES // 2) == 0 for start in starts)


def test_limits_hold_wherever_the_cursor_goes() -> None:
    anchor = None
    for row in (0, 3, 999, 500, 501, 480, 700, 64, 63, 128, 998):
        made = make(LINES, row, anchor=anchor, prefix=50 * WIDTH, suffix=20 * WIDTH)
        assert len(made.text.prefix) + len(made.text.head) <= 50 * WIDTH
        assert len(made.text.suffix) + len(made.text.tail) <= 20 * WIDTH
        assert whole(made) == "\n".join(LINES[made.start : made.end])
        anchor = made.anchor


def test_going_down_a_little_keeps_the_start_and_the_end() -> None:
    made = make(LINES, 500)
    for row in range(501, 520):
        new = make(LINES, row, anchor=made.anchor)
        assert (new.start, new.end) == (made.start, made.end)


def test_something_always_follows_the_cursor() -> None:
    made = make(LINES, 500)
    for row in range(501, 990):
        made = make(LINES, row, anchor=made.anchor)
        assert len(made.text.suffix) >= 14 * WIDTH or made.end == len(LINES)


def test_another_file_gets_its_own_span() -> None:
    made = make(LINES, 500)
    other = cut("b.py", LINES, Position(10, 0), prefix_characters=900, suffix_characters=900, anchor=made.anchor)
    assert other.start == 0
    assert other.anchor.path == "b.py"


def test_a_line_too_long_is_cut_at_a_step() -> None:
    line = "x" * 50_000
    first = make([line], 0, 30_000, prefix=2000, suffix=300)
    second = make([line], 0, 30_001, anchor=first.anchor, prefix=2000, suffix=300)
    assert len(first.text.head) <= 2000
    assert first.text.tail == "x" * 300
    assert second.text.head == first.text.head + "x"


def test_typed_lines_stay_behind_the_suffix_of_a_prefix_first_prompt() -> None:
    lines = list(LINES)
    made = make(lines, 500, middle_lines=12)
    assert made.text.head == LINES[500][:4]
    for step in range(12):
        lines.insert(501 + step, f"typed {step}")
        new = make(lines, 501 + step, 5, anchor=made.anchor, middle_lines=12)
        assert new.text.prefix == made.text.prefix
        assert new.text.head.count("\n") == step + 1
        assert whole(new) == "\n".join(lines[new.start : new.end])
        made = new
    lines.insert(513, "one more")
    new = make(lines, 513, 3, anchor=made.anchor, middle_lines=12)
    assert new.text.head == "one"
    assert new.text.prefix.endswith("typed 11\n")


@pytest.mark.parametrize("tail", [")", "):", "]);", '"', "  "])
def test_brackets_an_editor_closes_by_itself_do_not_change_the_suffix(tail: str) -> None:
    assert make(["call(" + tail], 0, 5, keep_tail=False).text.tail == ""
    assert make(["call(" + tail], 0, 5).text.tail == tail
    assert make(["call(x" + tail], 0, 5, keep_tail=False).text.tail == "x" + tail


@given(
    st.lists(st.text(alphabet="ab ()", max_size=30), min_size=1, max_size=300),
    st.lists(st.tuples(st.integers(0, 299), st.integers(0, 30)), min_size=1, max_size=8),
    st.integers(1, 2000),
    st.integers(0, 500),
    st.integers(0, 12),
)
@pytest.mark.slow
def test_any_walk_through_any_text(
    lines: list[str], walk: list[tuple[int, int]], prefix: int, suffix: int, middle: int
) -> None:
    anchor = None
    for row, column in walk:
        made = make(lines, row, column, anchor=anchor, prefix=prefix, suffix=suffix, middle_lines=middle)
        row = min(row, len(lines) - 1)
        column = min(column, len(lines[row]))
        assert made.start <= row < made.end
        assert lines[row][:column].endswith(made.text.head.rpartition("\n")[2])
        assert lines[row][column:].startswith(made.text.tail)
        assert made.text.suffix == "\n".join(lines[row + 1 : made.end])
        anchor = made.anchor


def test_clean() -> None:
    assert clean("a\r\nb\rc\n") == "a\nb\nc\n"
    assert clean("a\0b\ud800c") == "a\ufffdb\ufffdc"
    assert clean("\ud83d\ude00") == "😀"


def test_the_tree_is_whole_where_it_fits() -> None:
    assert tree_text(["b.py", "a/x.py", "a.py"], 1000) == "a.py\nb.py\na/x.py\n"


def test_the_tree_folds_its_fullest_folders_first() -> None:
    paths = [f"data/item_{number:03}.txt" for number in range(200)] + ["src/main.py", "src/util.py", "README.md"]
    text = tree_text(paths, 200)
    assert text == "README.md\ndata/ (200 files)\nsrc/main.py\nsrc/util.py\n"
    assert len(tree_text(paths, 30)) <= 40
    assert tree_text([], 100) == ""


@given(st.lists(st.text(alphabet="ab/", min_size=1, max_size=12), max_size=60), st.integers(1, 300))
@pytest.mark.slow
def test_the_tree_keeps_its_limit_and_does_not_depend_on_the_order(paths: list[str], limit: int) -> None:
    paths = sorted({path.strip("/") or "x" for path in paths})
    text = tree_text(paths, limit)
    assert len(text) <= limit + 4
    assert text == tree_text(paths[::-1], limit)


def test_a_new_file_changes_one_line_of_the_tree() -> None:
    paths = [f"src/{name}.py" for name in "abcdef"]
    before = tree_text(paths, 1000).splitlines()
    after = tree_text([*paths, "src/bb.py"], 1000).splitlines()
    assert [line for line in after if line not in before] == ["src/bb.py"]


def test_history_is_told_oldest_first_in_words() -> None:
    records = [
        FlowRecord("2", "2026-02-01", "feature", "support  ISO\n8601", paths=("a.py", "b.py", "c.py", "d.py")),
        FlowRecord("1", "2026-01-01", "fix", "parse empty dates"),
    ]
    assert history_text(records) == ("- fix: parse empty dates\n- feature: support ISO 8601 (a.py, b.py, c.py)\n")
    assert "+" not in history_text(records)


def test_around_a_row() -> None:
    text = "a\nb\n\nc\nd\n"
    assert around(text, 3, 100) == (0, 5, "a\nb\n\nc\nd\n")
    assert around(text, 3, 5) == (3, 5, "c\nd\n")
    assert around("x" * 50, 0, 10)[2] == ""
    assert around("", 0, 10)[2] == ""
