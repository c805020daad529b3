"""What changed a definition, its earlier names and places included."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.answers.definition_changes import outer_names
from tests.unit.codeflow.conftest import Script, history_of


@pytest.mark.parametrize(("name", "outer"), [("read", []), ("Shop.read", ["Shop"]), ("a.b.c", ["a.b", "a"]), ("", [])])
def test_the_definitions_around_one(name: str, outer: list[str]) -> None:
    assert outer_names(name) == outer


BODY = "(a):\n    b = a + 1\n    c = b * 2\n    return c\n"


@pytest.mark.slow
def test_a_definition_is_followed_to_its_earlier_name_and_file(script: Script) -> None:
    script.commit("Add it", {"a.py": f"def read{BODY}"})
    script.commit("Name it well", {"a.py": f"def load{BODY}"})
    script.commit("Move it", {"a.py": None, "b.py": f"def load{BODY}"})
    script.commit("Mend it", {"b.py": f"def load{BODY}".replace("+ 1", "+ 2")})
    subjects = [item.subject for item in history_of(script.root).why("b.py::load").story]
    assert {"Add it", "Mend it"} <= set(subjects)
    assert "Name it well" in subjects


def test_what_changes_beside_a_definition_is_none_of_its_changes(script: Script) -> None:
    script.commit("Add it", {"a.py": f"def read{BODY}"})
    script.commit("Add another", {"a.py": f"def read{BODY}\n\ndef other():\n    return 1\n"})
    assert [item.subject for item in history_of(script.root).why("a.py::read").story] == ["Add it"]
