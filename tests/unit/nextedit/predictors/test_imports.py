"""Imports that changes made idle."""

from __future__ import annotations

import pytest

from tests.unit.nextedit.conftest import Think, places


@pytest.mark.parametrize(
    ("path", "before", "after", "suggested"),
    [
        (
            "a.py",
            "import os\nimport re\n\nprint(os.name, re)\n",
            "import os\nimport re\n\nprint(re)\n",
            (1, "import os\n"),
        ),
        (
            "a.py",
            "from m import one, two\n\none()\ntwo()\n",
            "from m import one, two\n\ntwo()\n",
            (1, "one, "),
        ),
        (
            "a.ts",
            'import { one, two } from "./m";\n\none();\ntwo();\n',
            'import { one, two } from "./m";\n\none();\n',
            (1, ", two"),
        ),
        (
            "a.go",
            'package a\n\nimport (\n\t"fmt"\n\t"os"\n)\n\nfunc f() {\n\tfmt.Println(os.Args)\n}\n',
            'package a\n\nimport (\n\t"fmt"\n\t"os"\n)\n\nfunc f() {\n\tfmt.Println()\n}\n',
            (5, '\t"os"\n'),
        ),
        (
            "a.js",
            'var fs = require("fs");\nvar os = require("os");\n\nfs.open(os.name);\n',
            'var fs = require("fs");\nvar os = require("os");\n\nfs.open();\n',
            (2, 'var os = require("os");\n'),
        ),
    ],
)
def test_an_idle_import_goes(think: Think, path: str, before: str, after: str, suggested: tuple[int, str]) -> None:
    found = places(think({path: before}, {path: after}), "import")
    assert found == {(path, suggested[0], suggested[1], "")}


def test_an_import_that_was_idle_before_or_is_passed_on_stays(think: Think) -> None:
    text = "import os\n\nx = 1\n"
    assert places(think({"a.py": text}, {"a.py": text.replace("1", "2")}), "import") == set()
    text = "from m import one\n\none()\n"
    assert places(think({"p/__init__.py": text}, {"p/__init__.py": "from m import one\n"}), "import") == set()


def test_a_missing_import_is_made_as_the_others_make_it(think: Think) -> None:
    other = "from shop.items import Item\n\nprint(Item())\n"
    before = "from shop.prices import total\n\ntotal()\n"
    found = think({"b.py": other, "c.py": other, "a.py": before}, {"a.py": before + "total(Item())\n"})
    assert places(found, "import") == {("a.py", 1, "", "from shop.items import Item\n")}


GO = (
    'package a\n\nimport (\n\t"fmt"\n\t"os"\n\n\t"example.com/tool"\n)\n\n'
    "func f(c tool.Context) {\n\tfmt.Println(os.Args)\n}\n"
)


def test_a_module_of_the_language_is_imported_where_a_name_can_only_be_that(think: Think) -> None:
    go = GO.replace("os.Args", "os.Args, strings.ToUpper(c.Name)")
    assert places(think({"a.go": GO}, {"a.go": go}), "import") == {("a.go", 6, "", '\t"strings"\n')}
    python = "import os\n\n\ndef f(shelve):\n    print(os.name)\n"
    used = python + "    warnings.warn(shelve.name)\n"
    assert places(think({"a.py": python}, {"a.py": used}), "import") == {("a.py", 2, "", "import warnings\n")}


def test_a_variable_is_no_module(think: Think) -> None:
    go = GO.replace("fmt.Println(os.Args)", "fmt.Println(os.Args)\n\tpath := c.Path\n\tpath.Join()")
    assert places(think({"a.go": GO}, {"a.go": go}), "import") == set()
    python = "def f(x):\n    return x\n"
    used = python.replace("x", "string").replace("return string", "return string.upper()")
    assert places(think({"a.py": python}, {"a.py": used}), "import") == set()


def test_what_was_renamed_is_neither_idle_nor_missing(think: Think) -> None:
    others = {f"{name}.py": "from m import new_name\n\nnew_name()\n" for name in "xyz"}
    before = "from m import old_name\n\nold_name()\n"
    after = before.replace("old_name()", "new_name()")
    assert places(think({**others, "a.py": before}, {"a.py": after}), "import") == set()


def test_a_file_that_gives_each_name_its_line_keeps_to_that(think: Think) -> None:
    head = "from a import one\nfrom b import two\nfrom c import three\nfrom c import tree\n"
    before = head + "\none(two, three, tree)\n"
    after = before.replace("tree)", "tree, Third())")
    found = places(think({"b.py": "from c import Third\n\nThird()\n", "a.py": before}, {"a.py": after}), "import")
    assert found == {("a.py", 3, "", "from c import Third\n")}


def test_the_name_of_a_module_of_the_language_may_be_short(think: Think) -> None:
    before = "import sys\n\n\ndef f(x):\n    return sys.path\n"
    found = think({"a.py": before}, {"a.py": before.replace("sys.path", "sys.path, os.sep")})
    assert places(found, "import") == {("a.py", 1, "", "import os\n")}


def test_what_says_how_a_file_is_read_is_never_idle(think: Think) -> None:
    before = "from __future__ import annotations\n\n#: Its annotations.\nx = 1\n"
    assert not places(think({"a.py": before}, {"a.py": before.replace("#: Its annotations.\n", "")}), "import")


@pytest.mark.parametrize(
    ("path", "before", "used", "suggested"),
    [
        (
            "shop/a.py",
            "from .other import x\n\n\ndef f():\n    return x\n",
            "x + area()",
            (2, "from .shapes import area\n"),
        ),
        (
            "shop/a.py",
            "from shop.other import x\n\n\ndef f():\n    return x\n",
            "x + area()",
            (2, "from shop.shapes import area\n"),
        ),
        ("shop/a.py", "import sys\n\n\ndef f():\n    return sys\n", "sys + area()", None),
        (
            "web/a.ts",
            "import { x } from './other'\n\nexport const f = () => {\n  return x\n}\n",
            "x + size()",
            (2, "import { size } from './shapes'\n"),
        ),
        (
            "web/in/a.ts",
            'import { x } from "../other.js";\n\nexport const f = () => {\n  return x;\n};\n',
            "x + size()",
            (2, 'import { size } from "../shapes.js";\n'),
        ),
    ],
)
def test_a_name_that_one_file_defines_is_imported_from_there(
    think: Think, path: str, before: str, used: str, suggested: tuple[int, str] | None
) -> None:
    files = {
        "shop/shapes.py": "def area():\n    return 1\n",
        "shop/other.py": "x = 1\n",
        "web/shapes.ts": "export function size() {\n  return 1\n}\n",
        "web/other.ts": "export const x = 1\n",
    }
    word = "sys" if "return sys" in before else "x"
    found = places(think({**files, path: before}, {path: before.replace(f"return {word}", f"return {used}")}), "import")
    assert found == ({(path, suggested[0], "", suggested[1])} if suggested else set())


def test_statements_of_one_form_stand_together(think: Think) -> None:
    before = "import abc\nimport sys\nfrom typing import Any\n\n\ndef f(x: Any) -> Any:\n    return abc, sys\n"
    found = think({"a.py": before}, {"a.py": before.replace("abc, sys", "abc, sys, os.sep")})
    assert places(found, "import") == {("a.py", 2, "", "import os\n")}
