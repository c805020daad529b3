"""What uses a member by way of the interface that declares it, or of a base of its type."""

from __future__ import annotations

import pytest

from tests.unit.codeflow.conftest import Script, history_of


def told(script: Script, target: str, files: dict[str, str]) -> dict[str, str]:
    """What is said of each place of code that a target concerns, by file and line."""
    script.commit("Begin", files)
    items = history_of(script.root).impact(target).items
    return {f"{item.path}:{item.line}": item.reason for item in items if item.kind in ("caller", "test")}


SCRIPTS = {
    "router.ts": "export interface Router {\n  find(path: string): number;\n  name: string;\n}\n",
    "quick.ts": (
        "import type { Router } from './router';\n\nexport class Quick implements Router {\n  name = 'quick';\n"
        "  find(path: string) {\n    return 1;\n  }\n}\n"
    ),
    "other.ts": (
        "import type { Router } from './router';\n\nexport class Other implements Router {\n  name = 'other';\n"
        "  find(path: string) {\n    return this.find(path);\n  }\n}\n"
    ),
    "plain.ts": (
        "import type { Router } from './router';\n\nexport const plain: Router = {\n  name: 'plain',\n"
        "  find: (path) => 2,\n};\n"
    ),
    "app.ts": (
        "import type { Router } from './router';\nimport { Other } from './other';\n\n"
        "export function run(router: Router) {\n  return router.find('/');\n}\n\n"
        "export function walk(other: Other) {\n  return other.find('/');\n}\n\n"
        "export function seek(list: string[]) {\n  return list.find((a) => a);\n}\n"
    ),
}


def test_calls_of_an_interface_may_run_what_implements_it(script: Script) -> None:
    found = told(script, "quick.ts::Quick.find", SCRIPTS)
    assert found == {
        "app.ts:5": "calls `Router.find` in `run` (which may run `Quick.find`)",
        "router.ts:2": "declares `Router.find`, which `Quick.find` implements or overrides",
    }


def test_an_object_of_a_declared_type_implements_it(script: Script) -> None:
    found = told(script, "plain.ts::plain.find", SCRIPTS)
    assert found["app.ts:5"] == "calls `Router.find` in `run` (which may run `plain.find`)"
    assert "other.ts:6" not in found


def test_what_an_abstract_class_calls_on_itself_may_run_a_derived_method(script: Script) -> None:
    files = {
        "base.py": (
            "class Base:\n    def read(self):\n        raise NotImplementedError\n\n"
            "    def run(self):\n        return self.read()\n"
        ),
        "one.py": "from base import Base\n\n\nclass One(Base):\n    def read(self):\n        return 1\n",
        "two.py": (
            "from base import Base\n\n\nclass Two(Base):\n    def read(self):\n        return 2\n\n"
            "    def both(self):\n        return self.read()\n"
        ),
        "app.py": "from base import Base\n\n\ndef go(base: Base):\n    base.read()\n",
    }
    found = told(script, "one.py::One.read", files)
    assert found == {
        "app.py:5": "calls `Base.read` in `go` (which may run `One.read`)",
        "base.py:2": "declares `Base.read`, which `One.read` implements or overrides",
        "base.py:6": "calls `Base.read` in `Base.run` (which may run `One.read`)",
    }


def test_interfaces_of_go_are_implemented_by_their_methods(script: Script) -> None:
    files = {
        "go.mod": "module example.org/kit\n",
        "a.go": (
            "package kit\n\ntype Reader interface {\n\tRead() int\n}\n\ntype Closer interface {\n\tRead() int\n"
            "\tClose()\n}\n\ntype File struct{}\n\nfunc (f *File) Read() int { return 1 }\n"
        ),
        "b.go": (
            "package kit\n\nfunc one(r Reader) int { return r.Read() }\n\n"
            "func two(c Closer) int { return c.Read() }\n\n"
            "func three(f *File) int { return f.Read() }\n"
        ),
    }
    assert told(script, "a.go::File.Read", files) == {
        "b.go:3": "calls `Reader.Read` in `one` (which may run `File.Read`)",
        "b.go:7": "calls `Read` in `three`",
    }


def test_implementations_of_a_trait_are_called_through_it(script: Script) -> None:
    files = {
        "src/a.rs": "pub trait Reader {\n    fn read(&self) -> u8;\n}\n",
        "src/b.rs": (
            "use crate::a::Reader;\n\npub struct File;\n\nimpl Reader for File {\n    fn read(&self) -> u8 {\n"
            "        1\n    }\n}\n"
        ),
        "src/c.rs": "use crate::a::Reader;\n\nfn one(r: &dyn Reader) -> u8 {\n    r.read()\n}\n",
    }
    found = told(script, "src/b.rs::File.read", files)
    assert found["src/c.rs:4"] == "calls `Reader.read` in `one` (which may run `File.read`)"


HTML = "export function html(a) {\n  return a;\n}\n"


@pytest.mark.parametrize(
    "text",
    [
        "const a = () => <html>{1}</html>;\n",
        "test('a', () => {\n  let html = '';\n  html += 'b';\n  expect(html).toBe('');\n});\n",
        "test('a', (html) => {\n  [1].map(() => html.b);\n  [1].map(() => c(html));\n});\n",
    ],
)
def test_elements_and_inner_variables_are_no_uses(script: Script, text: str) -> None:
    files = {"html.js": HTML, "b.jsx": "import { html } from './html.js';\n\nhtml(1);\n" + text}
    assert set(told(script, "html.js::html", files)) == {"b.jsx:1", "b.jsx:3"}


def test_a_member_is_no_variable_of_its_name(script: Script) -> None:
    files = {
        "req.ts": "export class Asked {\n  text() {\n    return '';\n  }\n}\n",
        "context.ts": "import { Asked } from './req';\n\nexport class Context {\n  req: Asked = new Asked();\n}\n",
        "b.ts": (
            "import { Context } from './context';\n\nexport function run(c: Context) {\n"
            "  const req = new Request('/');\n  return c.req.text() + req.text();\n}\n\n"
            "export function other() {\n  const req = new Request('/');\n  return req.text();\n}\n"
        ),
    }
    found = told(script, "req.ts::Asked.text", files)
    assert "b.ts:5" in found
    assert "b.ts:10" not in found


def test_an_object_is_no_type_that_variables_are_called_after(script: Script) -> None:
    files = {
        "a.ts": "export const quickRouter = {\n  find: () => 1,\n};\n",
        "b.ts": "export function run(router) {\n  return router.find('/');\n}\n",
    }
    assert told(script, "a.ts::quickRouter.find", files) == {}
