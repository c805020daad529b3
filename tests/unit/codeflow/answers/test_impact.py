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
