"""Whose name a use is: an owner's attribute, an imported function, or something else that is called alike."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.imports import imported, imports, leads_to
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
