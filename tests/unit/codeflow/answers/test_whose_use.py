"""What a name at a place means where others are called alike, and what is told of a definition beside its changes."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.filters import rationale
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.codeflow.syntax.signatures import signature_effects
from iquest_lsp.codeflow.wording.effects import effect_words
from tests.unit.codeflow.conftest import Script, history_of

SIZES = "export function sizes(of) {\n  return of;\n}\n"


def users(script: Script, target: str, files: dict[str, str]) -> dict[str, str]:
    """Kind of each place that uses a target, by file and line."""
    script.commit("Begin", files)
    items = history_of(script.root).impact(target).items
    return {f"{item.path}:{item.line}": item.kind for item in items if item.kind in ("caller", "test", "docs")}


def test_words_between_two_pieces_in_code_font_are_none(script: Script) -> None:
    files = {
        "a.rs": "struct Out {}\nimpl Out {\n    fn write(&self) {}\n}\n",
        "README.md": "Give it to `echo`. It is clearer to write `fd -x echo` there.\n\nUse `Out::write` for it.\n",
    }
    assert users(script, "a.rs::Out.write", files) == {"README.md:3": "docs"}


@pytest.mark.parametrize(
    "text",
    [
        "async function run(b) {\n  const { sizes } = await b.go();\n  return sizes.map((x) => x);\n}\n",
        "function run(b) {\n  const [first, sizes] = b.go();\n  return sizes;\n}\n",
        "function run(b, { of: sizes = [] }) {\n  return sizes;\n}\n",
        "function run(sizes) {\n  return [sizes];\n}\n",
        "const run = (b) => b.map(sizes => [sizes]);\n",
        "const sizes = 3;\n\nexport const both = [sizes, sizes];\n",
    ],
)
def test_a_variable_of_that_name_is_another_thing(script: Script, text: str) -> None:
    first = "import { other } from './sizes.js';\n\n"
    found = users(script, "sizes.js::sizes", {"sizes.js": SIZES + "export const other = 1;\n", "b.js": first + text})
    assert found == {}


def test_a_package_of_several_files_that_define_it_does_not_say_which(script: Script) -> None:
    files = {
        "kit/v4/large/sizes.ts": "export function sizes(of) {\n  return of ? sizes(of[0]) : 0;\n}\n",
        "kit/v4/small/sizes.ts": "export function sizes(of) {\n  return of ? sizes(of[1]) : 0;\n}\n",
        "app/run.ts": "import * as kit from 'kit/v4';\n\nexport const got = kit.sizes(2);\n",
        "app/near.ts": "import { sizes } from '../kit/v4/small/sizes';\n\nexport const got = sizes(2);\n",
    }
    found = users(script, "kit/v4/small/sizes.ts::sizes", files)
    assert "app/near.ts:3" in found
    assert "app/run.ts:3" not in found


def test_a_type_of_a_namespace_is_used_by_its_qualified_name(script: Script) -> None:
    files = {
        "util.ts": "export namespace util {\n  export type Deep<T> = {\n    of: T;\n  };\n}\n",
        "a.ts": "import type { util } from './util.js';\n\nexport interface A {\n  deep(): util.Deep<A>;\n}\n",
    }
    assert users(script, "util.ts::util.Deep", files)["a.ts:4"] == "caller"


def test_a_file_that_defines_the_member_too_means_its_own(script: Script) -> None:
    parts = "  export interface Parts {\n    a: string;\n  }\n  export interface All {\n    p: Parts;\n  }\n"
    text = "export namespace One {\n" + parts + "}\n"
    files = {"v3/one.ts": text, "v4/one.ts": text.replace("string", "number")}
    assert not any(place.startswith("v3/") for place in users(script, "v4/one.ts::One.Parts", files))


def test_tests_inside_a_file_of_rust_are_tests(script: Script) -> None:
    text = (
        "pub fn cut(a: u8) -> u8 {\n    a\n}\n\npub fn run() -> u8 {\n    cut(1)\n}\n\n"
        "#[cfg(test)]\nmod checks {\n    use super::*;\n\n    fn help() -> u8 {\n        cut(2)\n    }\n}\n"
    )
    assert users(script, "src/a.rs::cut", {"src/a.rs": text}) == {"src/a.rs:6": "caller", "src/a.rs:14": "test"}


def test_titles_of_squashed_commits_are_no_reasons() -> None:
    assert rationale("* Add limits\n\n* lint\n\n---------\n\nCo-authored-by: Ada <a@b.org>\n") == ""
    told = "* Add limits\n\nServers close idle connections after 5 s.\n\n* lint\n\n---------\n"
    assert rationale(told) == "Servers close idle connections after 5 s."
    assert rationale("\n\n".join(f"* Step {number}\n\nFor its own reason." for number in range(30))) == ""
    assert rationale("Two changes:\n\n* The first one.\n* The second one.\n").startswith("Two changes: * The first")


def test_a_class_in_the_place_of_a_value_takes_nothing() -> None:
    for before, after in (
        ("class Lost(Failure):", "Lost = core.Lost"),
        ("Lost = core.Lost", "class Lost(Failure):"),
    ):
        words = [effect_words(effect) for effect in signature_effects(before, after)]
        assert words == [f"`{before}` becomes `{after}`"]


def test_a_package_called_doc_is_code() -> None:
    assert category("doc/md_docs.go") is Category.SOURCE
    assert category("docs/examples/simple.c") is Category.DOCS
    assert category("docs/conf.py") is Category.DOCS


def test_a_test_beside_a_file_of_its_name_is_that_ones(script: Script) -> None:
    run = "export const run = (a) => a;\n"
    check = "import { run } from './client';\n\ntest('runs', () => run(1));\n"
    files = {
        "src/client/client.ts": run,
        "src/client/client.test.ts": check,
        "src/dom/client.ts": run,
        "src/dom/client.test.ts": check,
        "src/one/index.ts": run,
        "src/two/index.test.ts": check,
        "jsr.json": '{\n  "./dom": "./src/dom/client.ts",\n  "./client": "./src/client/client.ts"\n}\n',
    }
    script.commit("Begin", files)
    items = [(item.path, item.line) for item in history_of(script.root).impact("src/client/client.ts::run").items]
    assert ("src/dom/client.test.ts", 1) not in items
    assert ("jsr.json", 2) not in items
    assert ("jsr.json", 3) in items
    assert not any(
        item.path == "src/two/index.test.ts" for item in history_of(script.root).impact("src/one/index.ts::run").items
    )


def test_a_type_of_another_package_of_go_is_used_by_its_qualified_name(script: Script) -> None:
    files = {
        "util/slab.go": "package util\n\ntype Slab struct {\n\tI []int\n}\n",
        "algo/run.go": 'package algo\n\nimport "example.org/x/util"\n\nfunc Run(s *util.Slab) int {\n\treturn 1\n}\n',
    }
    assert users(script, "util/slab.go::Slab", files) == {"algo/run.go:5": "caller"}


def test_the_end_of_a_comment_is_no_reason(script: Script) -> None:
    script.commit("Begin", {"a.ts": "/** @deprecated Use `other` instead. */\nexport type Old = string;\n"})
    told = [reason.words for reason in history_of(script.root).why("a.ts::Old").reasons]
    assert any("other" in words for words in told)
    assert not any("*/" in words for words in told)


def test_what_an_object_or_a_type_calls_so_is_no_use(script: Script) -> None:
    text = (
        "import { sizes } from './sizes.js'\n\ninterface Options {\n  sizes?: number\n}\n\n"
        "export const both = { sizes: 3, other: { sizes: 4 } }\nexport const all = { sizes }\n"
        "export const map = { of: sizes }\n"
    )
    found = users(script, "sizes.js::sizes", {"sizes.js": SIZES, "b.ts": text})
    assert found == {"b.ts:1": "caller", "b.ts:8": "caller", "b.ts:9": "caller"}


def test_what_a_module_gives_by_require_is_used(script: Script) -> None:
    text = (
        "const { sizes } = require('./sizes')\nconst { other } = require('./sizes')\n\nmodule.exports = sizes(other)\n"
    )
    found = users(script, "sizes.js::sizes", {"sizes.js": SIZES, "b.js": text})
    assert found == {"b.js:1": "caller", "b.js:4": "caller"}


def test_an_old_name_that_is_left_is_told_of_code_before_tests(script: Script) -> None:
    use = "import { sizes } from '%s/sizes.js'\n\nexport const all = sizes(1)\n"
    script.commit("One", {"sizes.js": SIZES, "a.test.js": use % ".", "src/b.js": use % ".."})
    script.commit("Two", {"sizes.js": SIZES.replace("sizes", "lengths")})
    (risk,) = history_of(script.root).explain_diff("HEAD").risks
    assert "still used: src/b.js:1, src/b.js:3, a.test.js:1" in risk


GO_MOD = "module shop.test/app\n\ngo 1.22\n"


def test_types_of_go_that_only_their_package_names(script: Script) -> None:
    files = {
        "go.mod": GO_MOD,
        "kit/box.go": "package kit\n\ntype box struct{}\n\nfunc takeBox() *box {\n\treturn &box{}\n}\n\n"
        "func (b *box) Put(n int) *box {\n\treturn b\n}\n\ntype crate struct{}\n\nfunc (c *crate) Put(n int) {}\n",
        "kit/box_test.go": "package kit\n\nfunc TestBox(t *T) {\n"
        "\tt.Run(func() {\n\t\tb := &crate{}\n\t\tb.Put(1)\n\t})\n"
        "\tt.Run(func() {\n\t\tb := takeBox()\n\t\tb.Put(2)\n\t})\n"
        "\tb := box{}\n\tb.Put(3).Put(4)\n\tc := any(b).(*crate)\n\tc.Put(5)\n}\n",
    }
    assert users(script, "kit/box.go::box.Put", files) == {"kit/box_test.go:10": "test", "kit/box_test.go:13": "test"}
    items = history_of(script.root).impact("kit/box.go::crate.Put").items
    assert [f"{item.path}:{item.line}" for item in items if item.kind == "test"] == [
        "kit/box_test.go:6",
        "kit/box_test.go:15",
    ]


def test_packages_of_go_whose_types_are_called_alike(script: Script) -> None:
    box = "type Box struct{}\n\nfunc New() *Box {\n\treturn &Box{}\n}\n\nfunc (b *Box) Put(n int) {}\n"
    files = {
        "go.mod": GO_MOD,
        "kit/box.go": f"package kit\n\n{box}",
        "far/box.go": f"package far\n\n{box}",
        "kit/box_test.go": 'package kit\n\nimport "shop.test/app/far"\n\nfunc TestBox() {\n\tb := New()\n\tb.Put(1)\n'
        "\tc := far.New()\n\tc.Put(2)\n\tvar d far.Box\n\td.Put(3)\n\tNew().Put(4)\n}\n",
        "app/run.go": 'package app\n\nimport "shop.test/app/kit"\n\nfunc run() {\n\tb := kit.New()\n\tb.Put(1)\n}\n',
    }
    found = users(script, "kit/box.go::Box.Put", files)
    assert found == {"kit/box_test.go:7": "test", "kit/box_test.go:12": "test", "app/run.go:7": "caller"}


def test_a_member_that_a_derived_type_has_itself_is_called_on_that(script: Script) -> None:
    files = {
        "go.mod": GO_MOD,
        "kit.go": "package kit\n\ntype Group struct{}\n\nfunc (g *Group) Use() {}\n\nfunc (g *Group) Get() {}\n\n"
        "type Engine struct {\n\tGroup // its routes\n}\n\nfunc (e *Engine) Use() {}\n\n"
        "func Made(w int) (e *Engine, err error) {\n\treturn nil, nil\n}\n",
        "kit_test.go": "package kit\n\nfunc TestIt() {\n\te, _ := Made(1)\n\te.Use()\n\te.Get()\n"
        "\tg := Group{}\n\tg.Use()\n}\n",
    }
    assert users(script, "kit.go::Group.Use", files) == {"kit.go:13": "caller", "kit_test.go:8": "test"}
    items = history_of(script.root).impact("kit.go::Group.Get").items
    assert [item.line for item in items if item.kind == "test"] == [6]


def test_what_is_derived_from_a_type_by_its_module(script: Script) -> None:
    files = {
        "kit/base.py": "class Base:\n    def dump(self): ...\n",
        "kit/far.py": "from kit import base\n\nclass Far(base.Base, metaclass=M):\n    def load(self): ...\n\n"
        "class Other(strange.Base): ...\n",
        "app.py": "from kit.far import Far, Other\n\na = Far()\na.dump()\n"
        "b = Other()\nb.dump()\nc = [Far()]\nc.dump()\n",
    }
    assert users(script, "kit/base.py::Base.dump", files) == {"app.py:4": "caller"}


def test_a_module_is_told_apart_from_its_package_by_the_name_before_a_use(script: Script) -> None:
    files = {
        "kit/__init__.py": "from kit import checks, fields\n",
        "kit/checks.py": "class Mail:\n    pass\n",
        "kit/fields.py": "class Mail:\n    pass\n",
        "app.py": "from kit import checks, fields\n\na = checks.Mail()\nb = fields.Mail()\n",
    }
    assert users(script, "kit/checks.py::Mail", files) == {"app.py:3": "caller"}


def test_what_functions_of_go_return_is_known(script: Script) -> None:
    files = {
        "go.mod": GO_MOD,
        "kit/box.go": 'package kit\n\nimport "bytes"\n\ntype Box struct{}\n\nfunc (b *Box) Close() {}\n\n'
        "func (b *Box) With(n int) *Box {\n\treturn b\n}\n\ntype Sweet struct{ box *Box }\n\n"
        "func (s *Sweet) With(n int) *Sweet {\n\treturn s\n}\n\nfunc (s *Sweet) Close() {}\n\n"
        "func MadeSweet() *Sweet {\n\treturn nil\n}\n\nvar boxed = pool.Get\n\ntype Rack struct {\n\tbox *Box // one\n"
        "\tbuf *bytes.Buffer\n}\n",
        "kit/box_test.go": 'package kit\n\nimport "net"\n\nfunc TestBox(r *Rack, b *Box, s *Sweet) {\n'
        "\tbox := MadeSweet()\n"
        "\tbox.Close()\n\tbox, _ = net.Dial()\n\tbox.Close()\n\tr.box.Close()\n\tb.With(1).Close()\n"
        "\ts.With(1).Close()\n\tbox = boxed()\n\tbox.Close()\n}\n",
    }
    found = users(script, "kit/box.go::Box.Close", files)
    assert sorted(found) == ["kit/box_test.go:10", "kit/box_test.go:11", "kit/box_test.go:14"]


def test_a_package_of_go_is_no_object(script: Script) -> None:
    files = {
        "go.mod": GO_MOD,
        "kit/log.go": "package kit\n\ntype Log struct{}\n\nfunc (l *Log) Fatal(n int) {}\n\n"
        "type Far struct{ log *Log }\n",
        "kit/run.go": 'package kit\n\nimport "log"\n\nfunc run(f *Far) {\n\tlog.Fatal(1)\n\tf.log.Fatal(2)\n}\n',
    }
    assert users(script, "kit/log.go::Log.Fatal", files) == {"kit/run.go:7": "caller"}


def test_a_module_behind_an_alias_may_be_the_one(script: Script) -> None:
    modules = {"c": "@/box", "d": "~/box", "e": "src/box", "f": "@app/box", "g": "elsewhere"}
    text = "import { Box } from '%s';\nexport function c(box: Box) {\n  return box.size();\n}\n"
    files = {f"src/{name}.ts": text % module for name, module in modules.items()}
    files["src/box.ts"] = "export class Box {\n  size(): number {\n    return 1;\n  }\n}\n"
    found = users(script, "src/box.ts::Box.size", files)
    assert sorted(found) == [f"src/{name}.ts:3" for name in "cdef"]


def test_packages_called_alike_that_say_not_that_they_are_any(script: Script) -> None:
    files = {
        f"services/{name}/app/{file}.py": text
        for name in "ab"
        for file, text in (
            ("models", "class Box:\n    def size(self):\n        return 1\n"),
            ("main", "from app.models import Box\n\n\ndef use(box: Box):\n    return box.size()\n"),
        )
    }
    found = users(script, "services/a/app/models.py::Box.size", files)
    assert "services/a/app/main.py:5" in found
