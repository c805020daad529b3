from __future__ import annotations

from iquest_lsp.codeflow.reading import ChangedText
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.predictors.tree_rules import rules_of
from tests.unit.nextedit.conftest import Think, places

CALLS = 'failed(Path("one"), "boom")\nother(1)\nfailed(source, text(2))\nfailed(source)\nreport.failed(source, 1)\n'
GETTERS = "package a\n" + "".join(
    f"\nfunc (c *C) Get{name}(key any) ({name[0].lower()} {kind}) {{\n\treturn\n}}\n"
    for name, kind in [("Bool", "bool"), ("Int", "int"), ("Time", "time.Time"), ("Map", "map[string]any")]
)


def test_an_argument_is_wrapped_wherever_the_call_stands(think: Think) -> None:
    after = CALLS.replace('"boom"', 'Error("boom")')
    found = think({"a.py": CALLS}, {"a.py": after})
    assert places(found, "repeat") == {("a.py", 3, "text(2", "Error(text(2)")}


def test_a_call_becomes_an_operator(think: Think) -> None:
    before = "assertEqual(one(1), 3)\nassertEqual(two, 4 + 1)\n"
    found = think({"a.py": before}, {"a.py": before.replace("assertEqual(one(1), 3)", "assert one(1) == 3")})
    assert ("a.py", 2, "assertEqual(two, 4 + 1)", "assert two == 4 + 1") in places(found, "repeat")


def test_what_vanishes_may_differ_after_two_examples(think: Think) -> None:
    before = "wrapped(node, 1)\nwrapped(child, 2)\nwrapped(leaf, 3)\n"
    once = before.replace("(node, 1)", "(node)")
    assert places(think({"a.py": before}, {"a.py": once}), "repeat") == set()
    change = Change(ChangedText("a.py", before, once.replace("(child, 2)", "(child)")))
    assert [rule.examples for rule in rules_of([change])][-1] == [("a.py", 0), ("a.py", 1)]


def test_members_of_a_kind_are_edited_alike_at_the_same_place(think: Think) -> None:
    after = GETTERS.replace("(b bool)", "bool").replace("(i int)", "int")
    found = think({"a.go": GETTERS}, {"a.go": after})
    assert places(found, "repeat") == {
        ("a.go", 11, "(t time.Time)", "time.Time"),
        ("a.go", 15, "(m map[string]any)", "map[string]any"),
    }
