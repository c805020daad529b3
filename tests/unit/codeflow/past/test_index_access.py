from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from iquest_lsp.codeflow.past import index_access
from tests.unit.codeflow.conftest import Script, history_of


@pytest.mark.slow
def test_a_large_history_is_asked_without_a_store(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_script: Callable[[str], Script]
) -> None:

    monkeypatch.setattr(index_access, "SMALL", 2)
    script.commit("Add f", {"a.py": "def f():\n    return 0\n", "b.py": "X = 0\n"})
    script.commit("Fix f", {"a.py": "def f():\n    return 1\n", "b.py": "X = 1\n"})
    script.git("mv", "a.py", "c.py")
    script.commit("Move a to c")
    script.commit("Improve f", {"c.py": "def f():\n    return 7\n", "b.py": "X = 9\n"})
    store = tmp_path / "store"
    assert [item.subject for item in history_of(script.root, folder=store).why("c.py::f").story] == [
        "Add f",
        "Fix f",
        "Improve f",
    ]
    assert history_of(script.root, folder=store).suspects("c.py:2").items[0].subject == "Improve f"
    assert history_of(script.root, folder=store).impact("c.py::f").target == "c.py::f"
    assert not store.exists()
