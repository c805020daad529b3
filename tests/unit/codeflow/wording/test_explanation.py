from __future__ import annotations

from dataclasses import replace

import pytest

from iquest_lsp.codeflow.wording.explanation import CHECKED
from tests.unit.codeflow.conftest import Script, history_of


@pytest.mark.slow
def test_prose_of_a_model_stands_apart_under_its_name_after_the_facts(script: Script) -> None:
    script.commit("Add reading", {"lib.py": "def load(path):\n    return open(path).read()\n"})
    facts = history_of(script.root).explain_diff("HEAD")
    told = replace(facts, model_text="It reads less.", model_name="tiny_model").to_markdown()
    assert told.startswith(facts.to_markdown().rstrip("\n"))
    assert told.endswith(f"\n## Written by the model tiny\\_model\n\n{CHECKED}\n\nIt reads less.\n")
