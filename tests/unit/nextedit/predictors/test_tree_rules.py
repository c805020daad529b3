"""The same edit elsewhere, where what an expression holds differs from place to place."""

from __future__ import annotations

from iquest_lsp.codeflow.reading import ChangedText
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.predictors.tree_rules import rules_of


def test_a_hole_that_stands_twice_holds_one_text_only() -> None:
    change = Change(ChangedText("a.py", "same(size, size)\n", "twice(size)\n"))
    (rule,) = rules_of([change])
    assert (rule.template, list(rule.pattern.holes())) == (("twice(", 0, ")"), [0, 0])


def test_an_edit_that_leaves_nothing_as_it_was_is_no_rule() -> None:
    assert rules_of([Change(ChangedText("a.py", "one(1)\n", "two(2)\n"))]) == []
