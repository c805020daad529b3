"""What an expression can be."""

from __future__ import annotations

import pytest

from iquest_lsp import grammars
from iquest_lsp.codeflow.syntax.linking.chains.things import OUTSIDE, Thing, itself, one_of, place_of


@pytest.mark.parametrize(
    ("method", "name", "kind"),
    [
        ("def f(self, a): ...", "self", "object"),
        ("def f(self, a): ...", "a", ""),
        ("@classmethod\n    def f(cls, a): ...", "cls", "class"),
        ("@staticmethod\n    def f(a): ...", "a", ""),
    ],
)
def test_the_first_parameter_is_the_object(method: str, name: str, kind: str) -> None:
    tree = grammars.tree("python", f"class A:\n    {method}\n".encode())
    assert tree is not None
    waiting = [tree.root_node]
    for item in waiting:
        waiting.extend(item.children)
    found = itself("a.py", next(item for item in waiting if item.type == "parameters"), name)
    assert (found.kind if found is not None else "") == kind
    assert found is None or place_of(found) == ("a.py", "A")


def test_several_ways_lead_to_one_thing_or_to_none() -> None:
    one, other = Thing("object", "a.py"), Thing("object", "b.py")
    assert one_of(iter([None, one, one])) == one
    assert one_of(iter([one, other])) is None
    assert one_of(iter([OUTSIDE, None])) is OUTSIDE
    assert one_of(iter([])) is None
