"""The same edit elsewhere."""

from __future__ import annotations

from iquest_lsp.nextedit.pieces import edits_between
from iquest_lsp.nextedit.predictors.repeats import rules_of
from tests.unit.nextedit.conftest import Think, places

TABLE = 'open("a", mode)\nopen("b", mode)\nread("c", mode)\nopen("d", mode)\n'


def test_what_was_replaced_twice_is_replaced_again(think: Think) -> None:
    after = TABLE.replace('"a", mode', '"a", flags').replace('"b", mode', '"b", flags')
    found = think({"t.py": TABLE}, {"t.py": after})
    assert {("t.py", 3, "mode", "flags"), ("t.py", 4, "mode", "flags")} <= places(found, "repeat")
    assert {item.reason.values for item in found} == {("2",)}


def test_a_rule_knows_what_stood_around_it() -> None:
    edit = edits_between("a.py", "x = call(a, b)\n", "x = call(a, c, b)\n")[0]
    rules = {rule.width: rule for rule in rules_of(edit)}
    assert "narrow" not in rules  # no name is near enough
    assert rules["wide"].left == ("call", "(", "a", ",")
    assert rules["line"].new == "x = call(a, c, b)"
    match = rules["wide"].pattern().search("y = call(a, b)")
    assert match is not None
    assert rules["wide"].new == " c, "


def test_where_a_place_was_passed_over_no_other_is_meant(think: Think) -> None:
    after = TABLE.replace('"d", mode', '"d", flags')
    found = think({"t.py": TABLE}, {"t.py": after})
    assert places(found, "repeat") == set()


def test_a_name_of_the_function_around_is_not_written_where_it_is_unknown(think: Think) -> None:
    before = (
        'def one(w, unit):\n    draw("a", w)\n    draw("b", w)\n\n\n'
        'def two(w):\n    draw("c", w)\n\n\ndef three(w, unit):\n    draw("d", w)\n'
    )
    after = before.replace('"a", w', '"a", w, unit').replace('"b", w', '"b", w, unit')
    lines = {item.line for item in think({"t.py": before}, {"t.py": after})}
    assert lines == {10}


def test_what_was_done_to_code_is_not_done_to_what_is_said_of_it(think: Think) -> None:
    head, said = "def total(items, member):\n", '    """Of some items, and a member."""\n    # items, member\n'
    before = f"{head}{said}    return add(items, member)\n"
    after = before.replace("def total(items,", "def total(items, delivery,")
    assert {place[1] for place in places(think({"t.py": before}, {"t.py": after}), "repeat")} <= {4}
    renamed = before.replace("# items, member", "# things, member")
    assert all(item.line != 4 or item.kind != "repeat" for item in think({"t.py": before}, {"t.py": renamed}))


def test_a_version_follows_everywhere(think: Think) -> None:
    files = {"setup.py": 'python = ">=3.7"\n', "ci.yml": "python: 3.7\nother: 3.75\n", "doc.md": "Python 3.7 or 13.7\n"}
    found = places(think(files, {"setup.py": 'python = ">=3.8"\n'}), "repeat")
    assert found == {("ci.yml", 1, "3.7", "3.8"), ("doc.md", 1, "3.7", "3.8")}


def test_lines_that_went_twice_go_in_other_files_too(think: Think) -> None:
    test = "#[cfg(unstable_part)]\nfn {0}() {{}}\n\n"
    before = test.format("a") + test.format("b")
    other = "mod inner {\n    #[cfg(unstable_part)]\n    fn c() {}\n}\n"
    after = before.replace("#[cfg(unstable_part)]\n", "")
    found = places(think({"a.rs": before, "b.rs": other, "c.py": "#[cfg(unstable_part)]\n"}, {"a.rs": after}))
    assert ("b.rs", 2, "    #[cfg(unstable_part)]\n", "") in found
    assert not [place for place in found if place[0] == "c.py"]
