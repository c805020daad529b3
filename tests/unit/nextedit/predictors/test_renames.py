"""Places that still have the old name."""

from __future__ import annotations

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.reading import changed_texts
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.predict import possible
from tests.unit.codeflow.conftest import Script
from tests.unit.nextedit.conftest import Think, places

HELPERS = "def total_price(items):\n    return sum(items)\n\n\ndef twice(items):\n    return 2 * total_price(items)\n"
SHOP = (
    "from helpers import total_price\n\n\ndef pay(items):\n    total = total_price(items)\n    # total_price rounds\n"
    "    return total\n"
)
OTHER = "def total_price(x):\n    return x\n\n\nprint(total_price(2))\n"


def test_a_renamed_function_is_followed_into_its_callers_and_documents(think: Think) -> None:
    found = think(
        {"helpers.py": HELPERS, "shop.py": SHOP, "other.py": OTHER, "README.md": "Call `total_price` first.\n"},
        {"helpers.py": HELPERS.replace("def total_price", "def price_of")},
    )
    assert places(found, "rename") == {
        ("helpers.py", 6, "total_price", "price_of"),
        ("shop.py", 1, "total_price", "price_of"),
        ("shop.py", 5, "total_price", "price_of"),
        ("shop.py", 6, "total_price", "price_of"),
        ("README.md", 1, "total_price", "price_of"),
    }


def test_another_function_of_that_name_is_left_alone(think: Think) -> None:
    found = think(
        {"helpers.py": HELPERS, "other.py": OTHER}, {"helpers.py": HELPERS.replace("def total_price", "def p")}
    )
    assert "other.py" not in {item.path for item in found if item.kind.value == "rename"}


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


def test_a_moved_file_is_followed_into_imports(script: Script) -> None:
    body = "def one():\n    return 1\n\n\ndef two():\n    return 2\n"
    main = "from pkg.numbers import one\n\nprint(one())\n"
    script.commit("Begin", {"pkg/numbers.py": body, "main.py": main, "ci.toml": 'run = "pkg/numbers.py"\n'})
    script.git("mv", "pkg/numbers.py", "pkg/digits.py")
    with changed_texts(script.root, redact=shows_all) as (changed, sources):
        found = list(possible([Change(item) for item in changed], sources))
    assert places(found) == {
        ("main.py", 1, "numbers", "digits"),
        ("ci.toml", 1, "pkg/numbers.py", "pkg/digits.py"),
    }


URL = "export const getPath = (request) => request.url\n"


@pytest.mark.parametrize(
    ("path", "text", "right"),
    [
        (
            "app.ts",
            "import { getPath } from './url'\n\ninterface Options {\n  getPath?: string\n}\n\nclass App {\n"
            "  get(o: Options) {\n    this.getPath = o.getPath ?? getPath\n    return { getPath: 1 }\n  }\n}\n",
            {(1, 9, "getRoute"), (9, 32, "getRoute")},
        ),
        ("all.js", "import * as url from './url'\n\nurl.getPath(1)\nother.getPath(2)\n", {(3, 4, "getRoute")}),
        (
            "out.js",
            "const { getPath } = require('./url')\n\nmodule.exports = { getPath }\n",
            {(1, 8, "getRoute"), (3, 19, "getPath: getRoute")},
        ),
    ],
)
def test_what_an_object_calls_by_that_name_is_another_thing(
    think: Think, path: str, text: str, right: set[tuple[int, int, str]]
) -> None:
    found = think({"url.ts": URL, path: text}, {"url.ts": URL.replace("getPath", "getRoute")})
    assert {(it.line + 1, it.column, it.new) for it in found if it.kind.value == "rename" and it.path == path} == right


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("import helpers\n\nhelpers.total_price([])\nbill.total_price([])\nf(total_price=1)\n", {3}),
        ("from shop import helpers as h\n\nh.total_price([])\nself.total_price = 1\n", {3}),
    ],
)
def test_a_member_of_a_module_is_the_function_and_one_of_an_object_is_not(
    think: Think, text: str, lines: set[int]
) -> None:
    path = "helpers.py" if text.startswith("import") else "shop/helpers.py"
    found = think(
        {"shop/__init__.py": "", path: HELPERS, "use.py": text},
        {path: HELPERS.replace("def total_price", "def price_of")},
    )
    assert {item.line + 1 for item in found if item.kind.value == "rename" and item.path == "use.py"} == lines


def test_a_plain_word_is_meant_in_a_path_that_leads_to_it_and_among_what_is_exported(think: Think) -> None:
    module = '__all__ = ["other", "area"]\n\n\ndef area():\n    pass\n'
    test = 'def test(patch):\n    patch("shop.shapes.area")\n    patch("shop.area")\n    patch("area")\n'
    found = think(
        {"shop/shapes.py": module, "tests/test_shapes.py": test},
        {"shop/shapes.py": module.replace("def area", "def size")},
    )
    assert places(found, "rename") == {
        ("shop/shapes.py", 1, "area", "size"),
        ("tests/test_shapes.py", 2, "area", "size"),
    }


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


def test_a_short_name_is_followed_where_it_surely_means_the_same(think: Think) -> None:
    found = think(
        {
            "shapes.py": "def ar(w):\n    return w\n\n\nx = ar(1)\n",
            "a.py": "from shapes import ar\n\nprint(ar(1))\n",
            "b.py": "def f(o, ar):\n    return o.ar(ar)\n",
            "c.md": "The call `ar(1)`.\n",
        },
        {"shapes.py": "def area(w):\n    return w\n\n\nx = ar(1)\n"},
    )
    assert {(path, line) for path, line, _, _ in places(found, "rename")} == {
        ("shapes.py", 5),
        ("a.py", 1),
        ("a.py", 3),
    }
