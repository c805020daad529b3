"""The edits of a session."""

from __future__ import annotations

from iquest_lsp.nextedit.edit_log import MOST, EditLog

TEXT = "".join(f"line {number}\n" for number in range(300))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def typed(log: EditLog, clock: Clock, text: str, line: int, word: str, pause: float = 2.0) -> str:
    """Puts a word at the end of a line, key by key after a pause."""
    clock.now += pause
    for key in word:
        lines = text.split("\n")
        lines[line] += key
        after = "\n".join(lines)
        log.changed("a.txt", text, after)
        text = after
        clock.now += 0.1
    return text


def test_keys_that_follow_each_other_are_one_edit() -> None:
    clock = Clock()
    log = EditLog(clock)
    text = typed(log, clock, TEXT, 4, " is long")
    text = typed(log, clock, text, 9, "!", pause=0.5)
    assert len({id(touch) for _, touch in log.records()}) == 1
    typed(log, clock, text, 40, "!")
    records = log.records()
    assert [(edit.line, edit.new) for edit, _ in records] == [
        (4, ("line 4 is long",)),
        (9, ("line 9!",)),
        (40, ("line 40!",)),
    ]
    assert len({id(touch) for _, touch in records}) == 2
    assert log.last is not None
    assert log.last.line == 40


def test_undo_takes_back() -> None:
    clock = Clock()
    log = EditLog(clock)
    after = typed(log, clock, TEXT, 4, "!")
    log.changed("a.txt", after, TEXT)
    assert log.last is None
    assert log.texts == []


def test_at_most_so_many_edits_are_kept() -> None:
    clock = Clock()
    log = EditLog(clock)
    text = TEXT
    for number in range(MOST + 3):
        text = typed(log, clock, text, number * 12, "!")
    records = log.records()
    assert len(records) == MOST
    assert records[0][0].line == 36
    assert log.texts[0].after == text


def test_an_edit_that_only_takes_text_away_says_so() -> None:
    clock = Clock()
    log = EditLog(clock)
    log.changed("a.txt", TEXT, TEXT.replace("line 7\n", ""))
    assert log.last is not None
    assert log.last.deletes
    clock.now += 5
    typed(log, clock, TEXT.replace("line 7\n", ""), 50, "!")
    assert not log.last.deletes


def test_what_a_suggestion_did_is_marked() -> None:
    log = EditLog(Clock())
    log.changed("a.txt", TEXT, TEXT.replace("line 7", "line seven"), own=True)
    assert [touch.own for _, touch in log.records() if touch is not None] == [True]


def test_lines_above_move_an_edit() -> None:
    clock = Clock()
    log = EditLog(clock)
    text = typed(log, clock, TEXT, 100, "!")
    clock.now += 5
    log.changed("a.txt", text, "one\ntwo\n" + text)
    assert sorted(touch.line for _, touch in log.records() if touch is not None) == [0, 102]


def test_edits_that_the_text_does_not_show_are_no_more() -> None:
    """A document was closed unsaved, or is opened as somebody else wrote it meanwhile."""
    clock = Clock()
    log = EditLog(clock)
    text = typed(log, clock, TEXT, 4, " is long")
    assert not log.now_is("a.txt", text)
    assert not log.now_is("b.txt", "another file")
    assert len(log.records()) == 1
    assert log.now_is("a.txt", TEXT)
    assert log.records() == []
    assert log.last is None
