"""What is told to who asks for the next edits."""

from __future__ import annotations

import pytest

from iquest_lsp.nextedit import gate
from iquest_lsp.nextedit.predict import next_edits
from tests.unit.codeflow.conftest import Script

MODULE = "package shop\n\nfunc total(sum int) int {\n\treturn sum\n}\n"
CALLS = "package shop\n\nfunc bill() int {\n\treturn 1 + total(2)\n}\n"


@pytest.fixture
def script(tmp_path_factory: pytest.TempPathFactory) -> Script:
    return Script(tmp_path_factory.mktemp("places") / "r")


@pytest.mark.parametrize(("sure", "told"), [(0.6, True), (0.4, False)])
def test_a_call_that_does_not_fit_is_told_without_a_value(
    script: Script, monkeypatch: pytest.MonkeyPatch, sure: float, told: bool
) -> None:
    monkeypatch.setattr(gate, "place_precision", lambda sort: sure)
    script.commit("Begin", {"total.go": MODULE, "bill.go": CALLS})
    script.write({"total.go": MODULE.replace("sum int)", "sum, tax int)")})
    found = next_edits(script.root, redact=lambda text: False).to_json()
    assert found["items"] == []
    place = {"path": "bill.go", "lines": [4, 4], "kind": "signature", "confidence": sure}
    assert found.get("places", []) == ([place | {"reason": "`total` takes other parameters now"}] if told else [])
