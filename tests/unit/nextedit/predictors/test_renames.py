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
