"""What changing a definition may affect."""

from __future__ import annotations

from tests.unit.codeflow.conftest import Script, history_of


def test_a_page_that_names_only_the_module_tells_of_something_else(script: Script) -> None:
    files = {
        "shop/billing.py": "def total(items):\n    return sum(items)\n\n\ndef receipt(items):\n    return str(items)\n",
        "docs/billing.md": "Write `from shop.billing import receipt` first.\n",
        "docs/sums.md": "Call `billing.total(items)`.\n",
    }
    script.commit("Begin", files)
    items = history_of(script.root).impact("shop/billing.py::total").items
    assert [(item.path, item.kind) for item in items] == [("docs/sums.md", "docs")]
    whole = history_of(script.root).impact("shop/billing.py").items
    assert {"docs/billing.md", "docs/sums.md"} <= {item.path for item in whole}


def test_a_line_that_declares_a_variable_means_what_uses_it(script: Script) -> None:
    files = {
        "go.mod": "module example.org/kit\n",
        "kit.go": 'package kit\n\nimport "errors"\n\nvar (\n\tErrClosed = errors.New("closed")\n'
        '\tErrFull   = errors.New("full")\n)\n\nfunc Open() error {\n\treturn ErrClosed\n}\n',
        "far/far.go": 'package far\n\nimport "example.org/kit"\n\nfunc far() error {\n\treturn kit.ErrClosed\n}\n',
    }
    script.commit("Begin", files)
    items = history_of(script.root).impact("kit.go:6").items
    assert {(item.path, item.line) for item in items} == {("kit.go", 11), ("far/far.go", 6)}


def test_members_are_followed_through_imports_under_other_names(script: Script) -> None:
    files = {
        "src/shop.ts": "export interface Shop {\n  sell(name: string): number;\n}\n\n"
        "export class Stall implements Shop {\n  sell(name: string) {\n    return 1;\n  }\n}\n\n"
        "export const instance: Shop = new Stall();\n"
        "export const made = () => new Stall();\n",
        "src/index.ts": "export { instance as stall, made } from './shop';\n",
        "src/run.ts": "import { stall as shop, made as open } from './index';\n\nshop.sell('a');\nopen().sell('b');\n",
        "src/other.ts": "const sellers = [];\nsellers.sell('a');\n",
    }
    script.commit("Begin", files)
    items = history_of(script.root).impact("src/shop.ts::Stall.sell").items
    assert {f"{item.path}:{item.line}": item.reason for item in items if item.path != "src/shop.ts"} == {
        "src/run.ts:3": "calls `Shop.sell` (which may run `Stall.sell`)",
        "src/run.ts:4": "calls `sell`",
    }
