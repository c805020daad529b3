"""Imports that changes made idle."""

from __future__ import annotations

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.reading import changed_texts
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.predictors.imports import imports_it, predict
from tests.unit.codeflow.conftest import Script
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


PLAIN = "import re\n\nre.purge()\n"


@pytest.mark.parametrize(
    "used",
    [
        "\n\ndef price(item: Item) -> None:\n    pass\n",
        "\n\ndef first() -> Item:\n    pass\n",
        "\nfor one in Item.all():\n    pass\n",
        "\ncall(Item, key=1)\n",
        "\nif x is Item:\n    pass\n",
        "\nwith Item() as one:\n    pass\n",
    ],
)
def test_a_name_is_missing_wherever_it_is_used(think: Think, used: str) -> None:
    other = "from shop.items import Item\n\nprint(Item())\n"
    found = places(think({"b.py": other, "a.py": PLAIN}, {"a.py": PLAIN + used}), "import")
    assert found == {("a.py", 2, "", "from shop.items import Item\n")}


@pytest.mark.parametrize(
    "used",
    [
        "\n\ndef price(Item):\n    return Item\n",
        "\nItem = 1\nprint(Item)\n",
        "\nfor Item in []:\n    print(Item)\n",
        "\nwith x as Item:\n    print(Item)\n",
        "\n\nclass Item:\n    pass\n",
        "\ncall(Item=1)\n",
        "\nx.Item()\n",
    ],
)
def test_a_name_that_something_binds_is_not_missing(think: Think, used: str) -> None:
    other = "from shop.items import Item\n\nprint(Item())\n"
    assert places(think({"b.py": other, "a.py": PLAIN}, {"a.py": PLAIN + used}), "import") == set()


def test_a_name_that_the_file_only_spoke_of_is_missing(think: Think) -> None:
    other = "from shop.items import Item\n\nprint(Item())\n"
    before = PLAIN + '# makes an Item\nx.Item("Item")\n'
    found = places(think({"b.py": other, "a.py": before}, {"a.py": before + "Item()\n"}), "import")
    assert found == {("a.py", 2, "", "from shop.items import Item\n")}


def test_nothing_is_imported_from_the_file_itself(think: Think) -> None:
    other = "from shop.items import Item\n\nprint(Item())\n"
    assert (
        places(think({"b.py": other, "shop/items.py": PLAIN}, {"shop/items.py": PLAIN + "Item()\n"}), "import") == set()
    )


def test_a_script_imports_what_another_folder_does(think: Think) -> None:
    other = "import {one, two} from '../lib/numbers.js';\n\none(two);\n"
    before = "import fs from 'node:fs';\n\nfs.open();\n"
    files = {"test/b.js": other, "lib/deep/a.js": before, "lib/numbers.js": "export const two = 2;\n"}
    found = places(think(files, {"lib/deep/a.js": before + "fs.close(two);\n"}), "import")
    assert found == {("lib/deep/a.js", 2, "", "import {two} from '../numbers.js';\n")}


def test_what_stands_beside_names_in_braces_is_imported_alone(think: Think) -> None:
    other = 'import shop, { one as two } from "./shop";\n\nshop(two);\n'
    before = 'import fs from "fs";\n\nfs.open();\n'
    for name, statement in (("shop", 'import shop from "./shop";'), ("two", 'import { one as two } from "./shop";')):
        assert alone_in("b.ts", other, name) == statement
    found = places(think({"b.ts": other, "a.ts": before}, {"a.ts": before + "shop();\n"}), "import")
    assert found == {("a.ts", 2, "", 'import shop from "./shop";\n')}


def test_what_others_use_without_an_import_needs_none(think: Think) -> None:
    free = "Buffer.from(1);\n"
    one = "import { Buffer } from 'node:buffer';\n\nBuffer.from(1);\n"
    before = "import fs from 'fs';\n\nfs.open();\n"
    files = {"b.js": one, "c.js": free, "d.js": free, "a.js": before}
    assert places(think(files, {"a.js": before + "Buffer.from(2);\n"}), "import") == set()


def test_a_name_goes_into_the_braces_of_what_is_required_already(think: Think) -> None:
    other = "const { one, two } = require('./numbers');\n\none(two);\n"
    before = "const { one } = require('./numbers.js');\n\none();\n"
    found = places(think({"b.js": other, "a.js": before}, {"a.js": before + "one(two);\n"}), "import")
    assert found == {("a.js", 1, "", ", two")}


def alone_in(path: str, text: str, name: str) -> str:
    return imports_it(path, name, text.encode())


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


def test_a_file_is_read_once_for_a_name(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many keys are pressed: what other files import is remembered."""
    other = "from shop.items import Item\n\nprint(Item())\n"
    script.commit("Begin", {"b.py": other, "c.py": other, "a.py": PLAIN})
    script.write({"a.py": PLAIN + "Item()\n"})
    with changed_texts(script.root, redact=shows_all) as (changed, sources):
        read: list[str] = []
        real = sources.read
        monkeypatch.setattr(sources, "read", lambda path: read.append(path) or real(path))
        changes = [Change(item) for item in changed]
        first = list(predict(changes, sources))
        assert sorted(read) == ["b.py", "c.py"]
        assert list(predict(changes, sources)) == first != []
        assert len(read) == 2
