from __future__ import annotations

import pytest

from iquest_lsp.nextedit.predictors.changed_heads import CallRepair, plan_of


@pytest.mark.parametrize(
    ("old", "new", "plan"),
    [
        ("def f(a, b)", "def f(b)", CallRepair(removed=((0, "a"),), before=2)),
        ("def f(self, a)", "def f(self, a, b)", CallRepair(added=((1, "b"),), before=1)),
        ("def f(a)", "def f(a, b=1)", None),
        ("def f(a, b)", "def f(b, a)", CallRepair(order=(1, 0), before=2)),
        ("def f(a, b)", "def f(a, c)", CallRepair(renamed=(("b", "c"),), before=2)),
        ("func (s *T) f(a int)", "func (s *T) f(ctx C, a int)", CallRepair(added=((0, "ctx"),), before=1)),
        ("func f(a []int)", "func f(a []int, b map[string]int)", CallRepair(added=((1, "b"),), before=1)),
        ("f({a, b}, c)", "f({a, b}, c, d)", None),
        ("def f(a, b)", "def f(c)", None),
        ("class A", "class A(B)", None),
        ("def has(cl)", "def has(cls)", CallRepair(renamed=(("cl", "cls"),), before=1)),
        ("def f(self, a)", "def f(this, a)", CallRepair(renamed=(("self", "this"),), before=2)),
    ],
)
def test_what_calls_have_to_do(old: str, new: str, plan: CallRepair | None) -> None:
    assert plan_of(old, new) == plan
