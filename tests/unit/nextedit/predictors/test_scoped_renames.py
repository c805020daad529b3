from __future__ import annotations

import pytest

from tests.unit.nextedit.conftest import Think, places


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("a.py", "def f({}):\n    return size + 1\n", 2),
        ("a.js", "function f({}) {{\n  return size + 1;\n}}\n", 2),
        ("a.ts", "function f({}: number) {{\n  return size;\n}}\n", 2),
        ("a.go", "package a\n\nfunc f({} int) int {{\n\treturn size\n}}\n", 4),
        ("a.rs", "fn f({}: u32) -> u32 {{\n    size\n}}\n", 2),
        ("a.c", "int f(int {}) {{\n  return size;\n}}\n", 2),
        ("A.java", "class A {{\n  int f(int {}) {{\n    return size;\n  }}\n}}\n", 3),
    ],
)
def test_a_renamed_parameter_is_followed_through_its_function(think: Think, path: str, text: str, line: int) -> None:
    found = think({path: text.format("size")}, {path: text.format("length")})
    assert (path, line, "size", "length") in places(found, "rename")
    assert {item.sort.key for item in found if item.kind.value == "rename"} == {"rename-parameter-other"}


def test_a_renamed_variable_stays_in_its_function(think: Think) -> None:
    before = (
        "def f():\n    total = 1\n    return total, box.total, g(total=total)\n\n\ndef h(total):\n    return total\n"
    )
    found = think({"a.py": before}, {"a.py": before.replace("    total = 1", "    amount = 1")})
    mine = sorted((item.line + 1, item.column) for item in found if item.kind.value == "rename")
    assert mine == [(3, 11), (3, 37)]


def test_a_renamed_field_is_followed_through_its_class(think: Think) -> None:
    twice = "    def twice(self):\n        return self.size + other.size\n"
    before = f"class A:\n    def __init__(self):\n        self.size = 1\n\n{twice}"
    found = think({"a.py": before}, {"a.py": before.replace("self.size = 1", "self.length = 1")})
    assert [(item.line + 1, item.column) for item in found if item.sort.key == "rename-field"] == [(6, 20)]


@pytest.mark.parametrize(
    ("first", "now", "other", "suggested"),
    [
        ("ZipFromSettings", "ZipWithSettings", "LogFromSettings", "LogWithSettings"),
        ("zip_from_settings", "zip_with_settings", "log_from_settings", "log_with_settings"),
        ("ZipFromSettings", "ZipWithSettings", "FromSettings", ""),
        ("ZipFromSettings", "ZipWithSettings", "LogFromOthers", ""),
        ("loadSync", "loadNow", "saveSync", ""),
    ],
)
def test_names_of_a_family_follow(think: Think, first: str, now: str, other: str, suggested: str) -> None:
    module = f"def {first}():\n    pass\n\n\ndef {other}():\n    pass\n"
    found = places(think({"a.py": module}, {"a.py": module.replace(first, now)}), "rename")
    assert found == ({("a.py", 5, other, suggested)} if suggested else set())


def test_ends_of_names_follow_where_several_did(think: Think) -> None:
    module = "".join(f"def {name}Sync():\n    pass\n\n\n" for name in ("load", "save", "drop"))
    after = module.replace("loadSync", "loadNow").replace("saveSync", "saveNow")
    assert places(think({"a.py": module}, {"a.py": after}), "rename") == {("a.py", 9, "dropSync", "dropNow")}
