"""Whose name a use is: an owner's attribute, an imported function, or something else that is called alike."""

from __future__ import annotations

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.syntax.imports import imported, imports, leads_to, modules
from iquest_lsp.codeflow.syntax.linking.references import references
from iquest_lsp.codeflow.syntax.owners import is_of
from tests.unit.codeflow.conftest import Script, history_of

OWNER = "class Configuration:\n    def load(self):\n        return 1\n\n    def editor(self):\n        return 2\n"


def risks_without_editor(script: Script, files: dict[str, str]) -> tuple[str, ...]:
    """The risks of removing `Configuration.editor` beside these files."""
    script.commit("Add the configuration", {"settings.py": OWNER, **files})
    script.commit("Remove a method", {"settings.py": OWNER.partition("\n    def editor")[0] + "\n"})
    return history_of(script.root).explain_diff("HEAD").risks


@pytest.mark.parametrize(
    "text",
    [
        '"""Settings from the editor, at the start: pushed, or pulled."""\n\nfrom settings import Configuration\n',
        "from settings import Configuration\n\n\ndef of_editor(path):\n    return [('editor', path.of_editor())]\n",
        "from settings import Configuration\n\n\ndef f(window: Window):\n    return window.editor(Configuration())\n",
        "from settings import Configuration\n\n\ndef f(editor):\n    return editor(Configuration())\n",
        "class Other:\n    def editor(self):\n        return 'Configuration'\n\n"
        "    def f(self):\n        return self.editor()\n",
    ],
)
def test_what_is_only_called_alike_does_not_use_a_removed_method(script: Script, text: str) -> None:
    assert risks_without_editor(script, {"app.py": text}) == ()


@pytest.mark.parametrize(
    "text",
    [
        "from settings import Configuration\n\n\ndef f(given: Configuration):\n    return given.editor()\n",
        "import settings\n\n\ndef f():\n    given = settings.Configuration()\n    return given.editor()\n",
        "from settings import Configuration\n\n\ndef f():\n    return Configuration().editor()\n",
        "from settings import Configuration\n\n\ndef f(app):\n    return app.parts.configuration.editor()\n",
        "from settings import Configuration\n\n\nclass Own(Configuration):\n"
        "    def f(self):\n        return self.editor()\n",
    ],
)
def test_an_object_of_the_type_uses_its_removed_method(script: Script, text: str) -> None:
    [risk] = risks_without_editor(script, {"app.py": text})
    line = text[: text.index("editor")].count("\n") + 1
    assert risk == f"`Configuration.editor` is removed, but the old name is still used: app.py:{line}"


def test_a_function_of_another_module_is_another_function(script: Script) -> None:
    script.commit(
        "Add both",
        {
            "one/load.py": "def read_all(path):\n    return path\n",
            "two/other.py": "def read_all(path):\n    return path\n",
            "app.py": "import one.load\nfrom two.other import read_all\n\nread_all('load')\n",
            "use.py": "from one.load import read_all\n\nread_all('x')\n",
        },
    )
    script.commit("Rename one", {"one/load.py": "def read_everything(path):\n    return path\n"})
    [risk] = history_of(script.root).explain_diff("HEAD").risks
    assert "use.py:1" in risk
    assert "app.py" not in risk


def test_from_which_modules_names_come() -> None:
    python = "from a.b import (\n    c,  # why\n    d as e,\n)\nfrom . import f\nfrom g import *\n"
    assert imported("x.py", python) == {"c": {"a.b"}, "d": {"a.b"}, "f": {"."}, "*": {"g"}}
    script = (
        "import A, { b, c as d, type E } from './a.js'\nimport * as ns from '../n'\n"
        "const { g, h: i } = require('./g')\nexport { k } from './k'\n"
    )
    assert imported("x.ts", script) == {
        **{name: {"./a.js"} for name in ("A", "b", "c", "E")},
        "*": {"../n"},
        "g": {"./g"},
        "h": {"./g"},
        "k": {"./k"},
    }


@pytest.mark.parametrize(
    ("module", "path", "leads"),
    [
        ("./errors.js", "src/errors.ts", True),
        ("../src", "src/index.ts", True),
        ("pack.errors", "pack/errors.py", True),
        ("pack", "pack/errors.py", True),
        (".", "pack/errors.py", True),
        ("other.faults", "pack/errors.py", False),
        ("lodash", "src/errors.ts", False),
    ],
)
def test_which_modules_lead_to_a_file(module: str, path: str, *, leads: bool) -> None:
    assert leads_to(module, path) is leads


@pytest.mark.parametrize(
    ("line", "does"),
    [
        ("from a import b", True),
        ("use crate::a::b;", True),
        ("} from './a'", True),
        ("const a = require('a')", True),
        ('"""Settings from the editor, for use in a package."""', False),
        ("x = items.include(mod)", False),
    ],
)
def test_lines_that_import(line: str, *, does: bool) -> None:
    assert imports(line) is does


@pytest.mark.parametrize(
    ("receiver", "within", "text", "told"),
    [
        ("reader", "f", "let reader = Reader::new(file);", True),
        ("reader", "f", "func f(reader *Reader) {", True),
        ("reader", "f", "def f(reader: Reader | None): ...", True),
        ("reader", "f", "Reader reader = open();", True),
        ("x", "f", "with Reader(1) as x:\n    pass", True),
        ("x", "f", "x = Writer()", False),
        ("self", "Reader.read", "", True),
        ("self", "Writer.write", "class Writer(Base): ...", False),
        ("x", "f", "x = thing()", None),
    ],
)
def test_whose_member_it_is(receiver: str, within: str, text: str, *, told: bool | None) -> None:
    assert is_of("Reader", receiver, within, text) is told


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.py", "import a.b as c, d\nfrom .e import f as g\n", {"c": {"a.b"}, "d": {"d"}, "g": {".e", ".e.f"}}),
        (
            "a.ts",
            "import * as u from './u.js';\nimport v, { type W as X } from '../v';\n",
            {"u": {"./u.js"}, "v": {"../v"}, "X": {"../v"}},
        ),
        ("a.js", "const u = require('../lib/u');\n", {"u": {"../lib/u"}}),
        (
            "a.go",
            'import (\n\t"net/http"\n\tj "a.io/x/json/v2"\n\t"a.io/x/v3"\n)\n',
            {"http": {"net/http"}, "j": {"a.io/x/json/v2"}, "x": {"a.io/x/v3"}},
        ),
        (
            "a.rs",
            "use crate::{a::{b, c as d}, e::*, f::{self}};\n",
            {"b": {"crate::a", "crate::a::b"}, "d": {"crate::a", "crate::a::c"}, "f": {"crate", "crate::f"}},
        ),
    ],
)
def test_modules_that_names_stand_for(path: str, text: str, expected: dict[str, set[str]]) -> None:
    found = modules(path, text)
    assert {name: found.get(name) for name in expected} == expected


def test_what_a_use_tree_of_rust_brings() -> None:
    found = imported("x.rs", "use crate::{a::{b, c as d}, e::*};\npub use super::g;\n")
    assert found == {"b": {"crate::a"}, "c": {"crate::a"}, "*": {"crate::e"}, "g": {"super"}}


def test_a_member_may_be_that_of_a_derived_type(script: Script) -> None:
    script.commit("Begin", {"a.py": "class Base:\n    def go(self): ...\n\n\nclass Heir(Base): ...\n"})
    script.commit("Use", {"b.py": "thing = Heir()\nthing.go()\nother = Stranger()\nother.go()\n"})
    repository = Repository.open(script.root, shows_all)
    uses = references(repository, ["go"], repository.work_tree_file, owners={"go": "Base"})
    assert [(use.line, use.owned) for use in uses if use.path == "b.py"] == [(1, True), (3, False)]


def test_two_uses_on_a_line_are_two_where_they_are_of_different_things(script: Script) -> None:
    script.commit("Begin", {"a.js": "import go from './go.js';\nthing.go = go;\n"})
    repository = Repository.open(script.root, shows_all)
    uses = references(repository, ["go"], repository.work_tree_file)
    assert {(use.line, use.on) for use in uses if use.line == 1} == {(1, "thing"), (1, "")}


@pytest.mark.parametrize(
    ("module", "path", "user", "leads"),
    [
        ("../src/index", "packages/a/src/ref.ts", "packages/a/tests/ref.spec.ts", True),
        ("../src/index", "packages/b/src/ref.ts", "packages/a/tests/ref.spec.ts", False),
        ("./errors.js", "src/errors.ts", "src/main.ts", True),
        ("./errors.js", "other/errors.ts", "src/main.ts", False),
        ("../u", "lib/u/index.js", "lib/x/a.js", True),
        (".parts", "pack/parts.py", "pack/a.py", True),
        ("..parts", "pack/parts.py", "pack/deep/a.py", True),
        (".parts", "pack/parts.py", "pack/deep/a.py", False),
        (".", "pack/parts.py", "pack/a.py", True),
    ],
)
def test_a_relative_module_is_followed_from_its_user(module: str, path: str, user: str, *, leads: bool) -> None:
    assert leads_to(module, path, user) is leads


def test_a_module_called_by_a_common_word_does_not_hide_uses(script: Script) -> None:
    many = "".join(f"app.step{number}(app)\n" for number in range(600))
    script.commit("Begin", {"app.py": "def start():\n    return 1\n", "a.py": many})
    script.commit("Use", {"z.py": "from app import start\n\nstart()\n"})
    items = history_of(script.root).impact("app.py::start").items
    assert ("z.py", 3) in {(item.path, item.line) for item in items}


def test_many_lines_with_the_module_in_a_file_do_not_hide_a_use_behind_them(script: Script) -> None:
    many = "".join(f"app.step{number}(app)\n" for number in range(300))
    script.commit(
        "Begin", {"app.py": "def start():\n    return 1\n", "a.py": f"from app import start\n{many}start()\n"}
    )
    items = history_of(script.root).impact("app.py::start").items
    assert ("a.py", 302) in {(item.path, item.line) for item in items}


def test_a_constructor_is_used_by_the_name_of_its_class(script: Script) -> None:
    script.commit("Begin", {"a.js": "export class Token {\n  constructor(x) {\n    this.x = x;\n  }\n}\n"})
    script.commit("Use", {"b.js": "import { Token } from './a.js';\n\nnew Token(1);\n"})
    found = history_of(script.root).impact("a.js::Token.constructor")
    assert found.definitions == ("Token.constructor",)
    assert ("b.js", 3) in {(item.path, item.line) for item in found.items}
