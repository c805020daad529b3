"""Uses are followed through what a repository says of its modules: packages, aliases, folders of Go, derived types."""

from __future__ import annotations

import pytest

from tests.unit.codeflow.conftest import Script, history_of

SIZES = "export function sizes(of: number) {\n  return of;\n}\n"
OTHER = "export function sizes(of: string) {\n  return of;\n}\n"


def told(script: Script, target: str, files: dict[str, str]) -> dict[str, str]:
    """What is told of each caller and test of a target, by file and line."""
    script.commit("Begin", files)
    items = history_of(script.root).impact(target).items
    return {f"{item.path}:{item.line}": item.reason for item in items if item.kind in ("caller", "test")}


def test_a_package_of_the_repository_is_followed_by_its_name(script: Script) -> None:
    files = {
        "packages/kit/package.json": '{"name": "@own/kit", "exports": {".": "./dist/index.js"}}',
        "packages/kit/src/index.ts": "export { sizes } from './measure';\n",
        "packages/kit/src/measure.ts": SIZES,
        "packages/kit/src/text.ts": OTHER,
        "packages/app/package.json": '{"name": "app", "dependencies": {"@own/kit": "workspace:*"}}',
        "packages/app/src/run.ts": "import { sizes } from '@own/kit';\n\nexport const got = sizes(2);\n",
    }
    assert "packages/app/src/run.ts:3" in told(script, "packages/kit/src/measure.ts::sizes", files)
    items = history_of(script.root).impact("packages/kit/src/text.ts::sizes").items
    assert "packages/app/src/run.ts" not in {item.path for item in items}


def test_paths_of_the_compiler_and_comments_in_its_file_are_understood(script: Script) -> None:
    files = {
        "tsconfig.json": '{\n  // where things lie\n  "compilerOptions": {"baseUrl": ".", '
        '"paths": {"@/*": ["./src/*"],}},\n}\n',
        "src/measure.ts": SIZES,
        "lib/measure.ts": OTHER,
        "app/run.ts": "import { sizes } from '@/measure';\n\nexport const got = sizes(2);\n",
    }
    assert "app/run.ts:3" in told(script, "src/measure.ts::sizes", files)
    items = history_of(script.root).impact("lib/measure.ts::sizes").items
    assert "app/run.ts" not in {item.path for item in items}


@pytest.mark.parametrize("module", ["crypto", "node:crypto", "measure-kit/crypto"])
def test_a_module_from_outside_is_no_file_of_its_name(script: Script, module: str) -> None:
    files = {
        "package.json": '{"name": "own", "dependencies": {"measure-kit": "1"}}',
        "src/crypto.ts": SIZES,
        "src/run.ts": f"import {{ sizes }} from '{module}';\n\nexport const got = sizes(2);\n",
    }
    assert "src/run.ts:3" not in told(script, "src/crypto.ts::sizes", files)


def test_what_is_exported_or_imported_under_another_name_is_used_by_that(script: Script) -> None:
    files = {
        "src/measure.ts": SIZES,
        "src/index.ts": "export { sizes as measured } from './measure';\n",
        "src/run.ts": "import { measured } from './index';\n\nexport const got = measured(2);\n",
        "src/own.ts": "import { sizes as here } from './measure';\n\nexport const got = here(2);\n",
        "src/other.ts": "export const here = (of: number) => of;\n\nexport const got = here(3);\n",
    }
    found = told(script, "src/measure.ts::sizes", files)
    assert found["src/run.ts:3"] == "calls `sizes as measured`"
    assert found["src/own.ts:3"] == "calls `sizes as here`"
    assert "src/other.ts:3" not in found


def test_what_a_module_exports_by_default_is_used_by_the_name_of_its_import(script: Script) -> None:
    files = {
        "lib/measure.js": "function sizes(of) {\n  return of;\n}\n\nmodule.exports = sizes;\n",
        "lib/run.js": "const measure = require('./measure');\n\nexports.got = measure(2);\n",
        "app/measure.js": "function sizes(of) {\n  return of;\n}\n\nexport default sizes;\n",
        "app/run.js": "import far from '../lib/measure.js';\n\nexport const got = far(2);\n",
    }
    found = told(script, "lib/measure.js::sizes", files)
    assert found["lib/run.js:3"] == "calls `sizes as measure`"
    assert found["app/run.js:3"] == "calls `sizes as far`"


def test_a_member_that_is_looked_up_by_a_constant_uses_the_constant(script: Script) -> None:
    files = {
        "src/keys.ts": "export const ENTRY_KEY = Symbol();\n",
        "src/run.ts": "import { ENTRY_KEY } from './keys';\n\nexport const got = (of: any) => of[ENTRY_KEY]!;\n",
    }
    assert "src/run.ts:3" in told(script, "src/keys.ts::ENTRY_KEY", files)


def test_a_private_member_is_another_than_the_public_one(script: Script) -> None:
    files = {"kind.js": "export class Kind {\n  #type = 1;\n  get type() {\n    return this.#type;\n  }\n}\n"}
    assert told(script, "kind.js::Kind.type", files) == {}


def test_a_method_that_overrides_one_is_told_with_it(script: Script) -> None:
    files = {
        "base.py": "class Base:\n    def measure(self):\n        return 1\n",
        "app.py": "from base import Base\n\n\nclass Far(Base):\n    def measure(self):\n        return 2\n",
        "other.py": "class Other:\n    def measure(self):\n        return 3\n",
    }
    assert told(script, "base.py::Base.measure", files) == {"app.py:5": "overrides `Base.measure`"}


def test_a_file_with_a_class_of_that_name_means_its_own(script: Script) -> None:
    files = {
        "typings/index.d.ts": "export class Help {\n  wrapped(of: string): string;\n}\n",
        "lib/help.js": "class Help {\n  wrapped(of) {\n    return of;\n  }\n\n"
        "  f() {\n    return this.wrapped(1);\n  }\n}\n",
    }
    assert told(script, "typings/index.d.ts::Help.wrapped", files) == {}


GO = {
    "go.mod": "module example.org/kit\n\ngo 1.21\n",
    "kit.go": "package kit\n\ntype Kit struct{}\n\nfunc New() *Kit { return &Kit{} }\n\nfunc (k *Kit) Run() {}\n\n"
    "func Exit(code int) {}\n",
}


@pytest.mark.parametrize(
    ("target", "text", "line"),
    [
        ("kit.go::Exit", "func f() {\n\tkit.Exit(2)\n}\n", 6),
        ("kit.go::Kit.Run", "func f() {\n\ta := kit.New()\n\ta.Run()\n}\n", 7),
        ("kit.go::Kit.Run", "func f() {\n\t(&kit.Kit{}).Run()\n}\n", 6),
        ("kit.go::Kit.Run", "type More struct {\n\t*kit.Kit\n}\n\nfunc f(m *More) {\n\tm.Run()\n}\n", 10),
    ],
)
def test_a_package_of_go_is_followed_by_its_module(script: Script, target: str, text: str, line: int) -> None:
    user = f'package app\n\nimport "example.org/kit"\n\n{text}'
    assert f"app/app.go:{line}" in told(script, target, {**GO, "app/app.go": user})


def test_a_type_of_go_is_that_of_its_package(script: Script) -> None:
    codec = "package {0}\n\ntype Codec struct{{}}\n\nfunc (Codec) Decode() {{}}\n"
    test = "package {0}\n\nfunc f() {{\n\tcodec := Codec{{}}\n\tcodec.Decode()\n}}\n"
    files = {f"{name}/codec.go": codec.format(name) for name in ("json", "yaml")}
    files |= {f"{name}/codec_test.go": test.format(name) for name in ("json", "yaml")}
    found = told(script, "json/codec.go::Codec.Decode", {"go.mod": GO["go.mod"], **files})
    assert [place for place in found if place.startswith("json/codec_test.go")] == ["json/codec_test.go:5"]
    assert not any(place.startswith("yaml/") for place in found)


def test_the_key_of_a_literal_and_a_second_parameter_of_go_are_other_things(script: Script) -> None:
    files = {
        "tree.go": "package kit\n\ntype root struct{}\n\ntype tree struct{ root bool }\n",
        "use.go": "package kit\n\nfunc f() tree { return tree{root: true} }\n\n"
        "func g(path, root string) string {\n\treturn path + root\n}\n",
    }
    assert told(script, "tree.go::root", {"go.mod": GO["go.mod"], **files}) == {}


def test_a_function_with_the_type_in_its_head_makes_one(script: Script) -> None:
    files = {
        "src/tree.ts": "export class TreeNode {\n  size() {\n    return 1;\n  }\n}\n"
        "export function rooted(): TreeNode {\n  return new TreeNode();\n}\n",
        "src/a.ts": "import { rooted } from './tree';\n\nconst made = rooted();\nexport const got = made.size();\n",
        "src/b.ts": "export const got = (node: any) => node.size();\n",
        "src/c.ts": "const made = Rooted();\nexport const got = made.size();\n",
    }
    found = told(script, "src/tree.ts::TreeNode.size", files)
    assert {"src/a.ts:4"} <= set(found)
    assert "src/c.ts:2" not in found
