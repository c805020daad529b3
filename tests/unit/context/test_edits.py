from __future__ import annotations

from iquest_lsp.context.edits import changed_spans, widened
from iquest_lsp.datatypes import RecentEdit


def test_changed_spans_read_as_the_code_does_now() -> None:
    old = "".join(f"line {number}\n" for number in range(100))
    new = old.replace("line 10\n", "changed 10\n").replace("line 50\n", "").replace("line 90\n", "line 90\nadded\n")
    spans = changed_spans("a.py", old, new, 7.0)
    lines = new.split("\n")
    assert [span.start <= place < span.end for span, place in zip(spans, (10, 50, 90), strict=True)] == [True] * 3
    for span in spans:
        assert span.text == "\n".join(lines[span.start : span.end]) + "\n"
        assert span.at == 7.0
        assert span.end - span.start <= 9
    assert changed_spans("a.py", old, old) == []


def test_near_changes_are_told_together_and_huge_ones_at_once() -> None:
    old = "".join(f"line {number}\n" for number in range(5000))
    near = old.replace("line 10\n", "x\n").replace("line 15\n", "y\n")
    assert len(changed_spans("a.py", old, near)) == 1
    other = "".join(f"other {number}\n" for number in range(5000))
    assert len(changed_spans("a.py", old, other)) == 1


def test_an_edit_is_widened_only_where_the_text_still_agrees() -> None:
    text = "a\nb\nc\nd\ne\nf\ng\nh\n"
    edit = RecentEdit("a.py", 4, 5, "e\n")
    assert widened(edit, text).text == "b\nc\nd\ne\nf\ng\nh\n"
    assert widened(edit, text.replace("e", "E")) == edit
    assert widened(edit, "") == edit
