"""Places that were passed over."""

from __future__ import annotations

from iquest_lsp.codeflow.reading import ChangedText
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.predictors.passed_over import out_of_order, passed

EXAMPLES = [("a.py", 3), ("a.py", 9), ("a.py", 12), ("b.py", 5)]


def test_what_stands_above_the_last_example_was_passed_over() -> None:
    found = passed(EXAMPLES, [("a.py", 7), ("a.py", 20), ("b.py", 8), ("c.py", 1)], ())
    assert found.over == {("a.py", 7)}
    assert found.run == 3
    assert found.marks("a.py", 7) == ("passed1", "run3", "over")
    assert found.marks("b.py", 8) == ("passed1", "run3")


def test_heads_are_no_examples_of_going_through_a_file() -> None:
    found = passed(EXAMPLES, [("a.py", 1), ("a.py", 10)], {("a.py", 12)})
    assert found.over == {("a.py", 1)}
    assert not passed(EXAMPLES[:1], [("a.py", 1)], {("a.py", 3)}).over


def test_what_was_suggested_and_taken_is_no_such_example_either() -> None:
    change = Change(ChangedText("a.py", "", ""), taken=frozenset({9, 12}))
    aside = out_of_order([change], {("b.py", 5)})
    assert aside == {("a.py", 9), ("a.py", 12), ("b.py", 5)}
    assert not passed(EXAMPLES, [("a.py", 7), ("b.py", 1)], aside).over


def test_where_nothing_was_passed_over_nothing_is_said() -> None:
    assert passed(EXAMPLES, [("a.py", 13)], ()).marks("a.py", 13) == ()
