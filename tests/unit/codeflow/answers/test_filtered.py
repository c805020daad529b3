"""What the filters leave out of the answers, and that it can be seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.answers import suspects as suspicion
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.store import Store
from iquest_lsp.codeflow.wording.phrases import WITHHELD
from tests.unit.codeflow.conftest import Script, history_of

BOT = "renovate[bot] <bot@renovate.com>"


def module(limit: int, gap: str = "") -> str:
    return f"def scale(value):\n    return min(value, {limit}){gap}\n\n\ndef other():\n    return 1\n"


@pytest.fixture
def scaled(script: Script) -> Script:
    """A bot always changes two files together; one commit only changes layout, one is undone."""
    script.commit("Add scaling", {"scale.py": module(1), "limits.json": "0\n"})
    for number in range(2, 8):
        script.commit(f"Update limits to {number}", {"scale.py": module(number), "limits.json": f"{number}\n"}, BOT)
    script.commit("Lay it out", {"scale.py": module(7).replace("(value, 7)", "( value,  7 )")})
    undone = script.commit("Raise the limit for large inputs", {"scale.py": module(900)})
    script.commit(
        f'Revert "Raise the limit for large inputs"\n\nThis reverts commit {undone}.', {"scale.py": module(7)}
    )
    script.commit("Cap small values as well", {"scale.py": module(7, " or 1")})
    return script


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.slow
def test_history_of_a_diff(scaled: Script, tmp_path: Path, *, indexed: bool) -> None:
    store = tmp_path / "store"
    if indexed:
        history_of(scaled.root, folder=store).update_index()
    shown = history_of(scaled.root, folder=store).explain_diff("HEAD")
    assert not any(item.subject.startswith("Update limits") for item in shown.history)
    assert shown.left_out >= 6
    assert "--include-filtered" in shown.to_markdown()
    everything = history_of(scaled.root, folder=store, include_filtered=True).explain_diff("HEAD")
    said = [item.reason for item in everything.history if item.subject.startswith("Update limits")]
    assert said
    assert all("normally filtered out (committed by the bot renovate[bot])" in reason for reason in said)
    assert everything.left_out == 0
    assert everything.to_json().keys() == shown.to_json().keys()


@pytest.mark.slow
def test_impact(scaled: Script, tmp_path: Path) -> None:
    def together(*, include_filtered: bool) -> set[str]:
        found = history_of(scaled.root, folder=tmp_path, include_filtered=include_filtered).impact("scale.py::scale")
        return {item.path for item in found.items}

    assert "limits.json" not in together(include_filtered=False)
    assert "limits.json" in together(include_filtered=True)


@pytest.mark.slow
def test_suspects(scaled: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suspicion, "MAX_ITEMS", 20)
    shown = history_of(scaled.root, folder=tmp_path).suspects("scale.py::scale")
    subjects = [item.subject for item in shown.items]
    assert "Raise the limit for large inputs" not in subjects
    assert "Lay it out" not in subjects
    assert shown.left_out == 2
    everything = {
        item.subject: item.reason
        for item in history_of(scaled.root, folder=tmp_path, include_filtered=True).suspects("scale.py::scale").items
    }
    assert "normally filtered out (a later commit reverts it)" in everything["Raise the limit for large inputs"]
    assert "normally filtered out (only the formatting changes)" in everything["Lay it out"]


@pytest.mark.slow
def test_impact_withholds_secrets(scaled: Script, tmp_path: Path) -> None:
    scaled.write({"use.py": "from scale import scale\n\nscale('hunter2')\n", "docs/a.md": "`scale('hunter2')` works\n"})
    scaled.git("add", "-A")
    found = history_of(scaled.root, folder=tmp_path, redact=lambda text: "hunter2" in text).impact("scale.py::scale")
    assert "hunter2" not in str(found.to_json()) + found.to_markdown()
    assert {item.path: item.reason for item in found.items}["docs/a.md"] == WITHHELD


@pytest.mark.slow
def test_an_older_schema_is_read_anew(scaled: Script, tmp_path: Path) -> None:
    """Kinds concluded by earlier rules do not stay."""
    history_of(scaled.root, folder=tmp_path).update_index()
    with Store(tmp_path) as store:
        store.db.execute("UPDATE commits SET kind='docs'")
        store.db.execute("PRAGMA user_version=2")
    assert history_of(scaled.root, folder=tmp_path).update_index().commits == 11
    with Store(tmp_path) as store:
        assert store.value("SELECT count(*) FROM commits WHERE kind='docs'") == 0
    assert Repository.open(scaled.root, shows_all).head()
