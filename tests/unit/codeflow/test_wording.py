"""Words decide nothing: every sentence can be another one, and what is found, its order and its facts stay."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp import codeflow
from iquest_lsp.codeflow import wording
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.flow_index import FlowIndex
from iquest_lsp.codeflow.past.store import Store
from iquest_lsp.codeflow.wording import phrases
from tests.unit.codeflow.conftest import Script, history_of

pytestmark = pytest.mark.slow  # engines, daemons or long sessions

ROOT = Path(codeflow.__file__).parent


def nonsense(template: str, /, *values: object) -> str:
    """The same values among other words."""
    pieces = re.split(r"(\{[^}]*\})", template)
    return "".join(piece if piece.startswith("{") else re.sub(r"[A-Za-z]+", "zorp", piece) for piece in pieces).format(
        *values
    )


@pytest.fixture
def history(script: Script) -> Script:
    body = "def load(path):\n    return open(path).read()\n"
    script.commit("Add a loader (#3)", {"lib.py": body, "pyproject.toml": '[project]\nrequires-python = ">=3.8"\n'})
    script.commit("Add the command", {"app.py": "from lib import load\n\n\ndef run():\n    return load('a')\n"})
    script.commit("Test loading", {"tests/test_lib.py": "from lib import load\n\n\ndef test_load():\n    load('x')\n"})
    script.commit("wip", {"lib.py": body + "\n\nLIMIT = 3\n"})
    script.commit("Bump", {"poetry.lock": "1\n", "lib.py": body + "\n\nLIMIT = 4\n"}, author="renovate[bot] <r@x.org>")
    script.commit("Lay it out", {"lib.py": body.replace("(path)", "( path )") + "\n\nLIMIT = 4\n"})
    checked = "def load(path, encoding):\n    if not path:\n        raise ValueError('no path')\n"
    checked += "    return open(path).read()\n"
    script.commit("Fix empty paths", {"lib.py": checked + "\n\nLIMIT = 4\n"})
    script.write({"lib.py": checked.replace("encoding", "encoding, errors") + "\n\nLIMIT = 4\n"})
    return script


def answers(script: Script, folder: Path) -> dict[str, object]:
    """The JSON forms of all answers without their sentences, and what is stored."""
    said: dict[str, object] = {}
    log = 'Traceback (most recent call last):\n  File "lib.py", line 3, in load\nValueError: no path\n'
    for include in (False, True):
        past = history_of(script.root, folder=folder, include_filtered=include)
        for target in ("", "HEAD", "HEAD~1", "HEAD~3", "HEAD~6..HEAD"):
            said[f"explain {target} {include}"] = without(past.explain_diff(target).to_json())
        for place in ("lib.py::load", "lib.py:2", "app.py"):
            said[f"why {place} {include}"] = without(past.why(place).to_json())
            said[f"suspects {place} {include}"] = without(past.suspects(place).to_json())
        said[f"impact {include}"] = without(past.impact("lib.py::load").to_json())
        said[f"log {include}"] = without(past.suspects_in_log(log).to_json())
        said[f"records {include}"] = [
            (item.commit, item.kind, item.paths, item.symbols, item.score, item.before, item.after)
            for item in past.flow_records(["lib.py"])
        ]
    with Store(folder) as store:
        for table in ("commits", "symbols", "patterns", "words"):
            said[table] = store.rows(f"SELECT * FROM {table} ORDER BY 1, 2")
    return said


def without(value: object) -> object:
    """A JSON form without its sentences; how many risks there are stays."""
    if isinstance(value, dict):
        return {
            key: len(item) if key == "risks" else without(item)
            for key, item in value.items()
            if key not in ("summary", "reason", "change") or (key == "change" and "kind" in value)
        }
    return [without(item) for item in value] if isinstance(value, list) else value


def modules() -> Iterator[str]:
    for found in pkgutil.iter_modules(wording.__path__):
        yield f"{wording.__name__}.{found.name}"


def test_other_words_change_no_fact(history: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = answers(history, tmp_path / "usual")
    past = history_of(history.root, folder=tmp_path / "usual")
    told = past.explain_diff("HEAD").to_json()
    for name in modules():
        module = importlib.import_module(name)
        if hasattr(module, "say"):
            monkeypatch.setattr(module, "say", nonsense)
    assert past.explain_diff("HEAD").to_json() != told
    other = answers(history, tmp_path / "other")
    assert other.keys() == usual.keys()
    for name, value in usual.items():
        assert other[name] == value, name
    with FlowIndex.open(Repository.open(history.root, shows_all), tmp_path / "other") as index:
        assert {item.objection.kind.value for item in index.entries() if item.objection} >= {"bot", "silent"}
    assert phrases.say is nonsense


def test_only_answers_import_the_wording() -> None:
    for path in sorted(ROOT.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(("git/", "syntax/", "diff/", "past/")):
            assert "codeflow.wording" not in path.read_text("utf-8"), name
