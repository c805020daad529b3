"""The face of code flow: what it costs to import, and that no answer of it shows a secret."""

from __future__ import annotations

import dataclasses
import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from iquest_lsp.codeflow import History
from tests.unit.codeflow.conftest import Script

SECRET = "hunter2hunter2"
LIB = '''"""Reads things; the password is {0}."""

import os


def fetch(url, password="{0}"):
    """Fetches, with {0}."""
    # TODO: ask for {0} instead
    return os.path.join(url, "{0}", {1})


def send(url):
    """Sends.

    .. deprecated:: 1.1 use {0}
    """
    return fetch(url, "{0}")
'''


def test_a_history_says_what_to_withhold() -> None:
    assert [
        field.name
        for field in dataclasses.fields(History)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ] == ["root", "redact"]
    with pytest.raises(TypeError, match="redact"):
        History(Path())  # type: ignore[call-arg]


def test_importing_it_loads_neither_git_nor_tree_sitter() -> None:
    code = "import sys, iquest_lsp.codeflow; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"git", "tree_sitter", "sqlite3"} & set(loaded)


@pytest.fixture
def library(script: Script) -> Script:
    """A secret stands in messages, in code, in documents and in what is not committed."""
    script.commit(f"Add fetching with {SECRET}\n\nBecause {SECRET} is needed, see #12.", {"lib.py": LIB.format("x", 1)})
    script.git("tag", "v1.0")
    script.commit("Add a caller", {"app.py": f"from lib import fetch, send\n\nfetch('a', '{SECRET}')\nsend('b')\n"})
    for number in range(4):
        text = f"# Changes\n\n## 1.{number}\n\n- fetch takes {SECRET} {number}\n"
        script.commit(
            f"Fix fetch, {SECRET} was wrong {number}\n\nThe reason is {SECRET}.\nFixes #{number}",
            {
                "lib.py": LIB.format(SECRET, number),
                "CHANGELOG.md": text,
                "test_lib.py": f"def test_fetch():\n    assert fetch('{SECRET}', {number})\n",
            },
        )
        script.git("tag", f"v1.{number + 1}")
    script.commit(f"Take a name\n\n{SECRET}", {"lib.py": LIB.format(SECRET, 9).replace("url,", "address,")})
    script.write(
        {
            "lib.py": LIB.format(SECRET, 10).replace("send(", "post("),
            "app.py": f"from lib import fetch\n\nfetch('a', '{SECRET}')\nprint('b')\n",
            "new.py": f"def made():\n    return '{SECRET}'\n",
        }
    )
    return script


def questions(root: Path) -> dict[str, Callable[[History], Any]]:
    """Every method of the face, asked."""
    log = (
        "Traceback (most recent call last):\n"
        f'  File "{root}/lib.py", line 9, in fetch\n    return {SECRET}\nValueError: {SECRET}\n'
    )
    places = ["lib.py::fetch", "lib.py::send", "lib.py:9", "lib.py:6", "lib.py", "app.py:3", "CHANGELOG.md:5"]
    places += ["lib.py:1-9", "CHANGELOG.md:1-5"]
    diffs = ["", "--staged", "HEAD", "HEAD~1", "HEAD~3..HEAD"]
    patch = subprocess.run(["git", "diff"], cwd=root, capture_output=True, check=True).stdout

    def checked_out(history: History) -> list[object]:
        with history.checked_out() as copy:
            copy.check_out(history.head())
            return [copy.why("lib.py::fetch"), copy.explain_diff("HEAD")]

    def explained(history: History) -> list[object]:
        heard: list[object] = []
        return [
            heard,
            *(history.explain_diff(diff, None, heard.append) for diff in diffs),
            history.explain_diff("-", patch),
        ]

    def shown(history: History) -> list[str]:
        texts = [history.diff_text(diff, None, 100_000, hide=lambda path: "") for diff in diffs]
        return [*texts, history.diff_text("-", patch, 100_000, hide=lambda path: "")]

    return {
        "explain_diff": explained,
        "commit_message": lambda history: [
            *(history.commit_message(diff).text for diff in diffs if diff != "--staged"),  # nothing is staged
            history.commit_message("-", patch).text,
        ],
        "why": lambda history: [history.why(place) for place in places],
        "last_change": lambda history: history.last_change("lib.py:6"),
        "origin": lambda history: history.origin("lib.py:6"),
        "new_lines": lambda history: history.new_lines("lib.py"),
        "no_story": lambda history: history.no_story("lib.py:6", "It has no history."),
        "path_in": lambda history: history.path_in("lib.py:6"),
        "impact": lambda history: [
            history.impact(place) for place in ("lib.py::fetch", "lib.py::post", "lib.py", "lib.py:1-9")
        ],
        "impact_of_diff": lambda history: [
            *(history.impact_of_diff(diff) for diff in diffs),
            history.impact_of_diff("", patch),
        ],
        "suspects": lambda history: [history.suspects(place) for place in ("lib.py::fetch", "lib.py:9", "app.py")],
        "suspects_in_log": lambda history: history.suspects_in_log(log),
        "flow_records": lambda history: history.flow_records(["lib.py", "app.py"]),
        "recent_edits": lambda history: history.recent_edits(),
        "lacks": lambda history: history.lacks(),
        "cochanged": lambda history: history.cochanged(["lib.py"]),
        "diff_text": shown,
        "unknown_commits": lambda history: history.unknown_commits(["0123456789a"]),
        "head": lambda history: history.head(),
        "branch": lambda history: history.branch(),
        "update_index": lambda history: history.update_index(),
        "forget_index": lambda history: history.forget_index(),
        "retyped_lines": lambda history: history.retyped_lines(20, 500),
        "checked_out": checked_out,
        "check_out": lambda history: None,  # asked of the copy, see `checked_out`
    }


@pytest.mark.slow
@pytest.mark.parametrize("include_filtered", [False, True])
@pytest.mark.parametrize("indexed", [False, True])
def test_no_answer_shows_a_secret(library: Script, tmp_path: Path, *, include_filtered: bool, indexed: bool) -> None:
    asked = questions(library.root)
    assert set(asked) == {name for name, _ in inspect.getmembers(History, inspect.isfunction) if name[0] != "_"}
    open_handed = History(library.root, lambda text: False, tmp_path / "open", include_filtered)
    careful = History(library.root, lambda text: SECRET in text, tmp_path / "careful", include_filtered)
    if indexed:
        open_handed.update_index()
        careful.update_index()
    leaks, heard = [], set()
    for name, ask in asked.items():
        if SECRET in forms(ask(open_handed)):
            heard.add(name)
        if SECRET in (said := forms(ask(careful))):
            at = said.index(SECRET)
            leaks.append(f"{name}: …{said[max(at - 200, 0) : at + 40]}…")
    assert not leaks, "\n".join(leaks)
    # The secret stands where these look: an answer without it would be no evidence.
    assert heard >= {"explain_diff", "why", "suspects", "flow_records", "recent_edits", "diff_text", "retyped_lines"}


def forms(answer: object) -> str:
    """All an answer can be shown as: its fields, its JSON, its markdown."""
    if isinstance(answer, list | tuple):
        return "\n".join(map(forms, answer))
    told = [repr(answer)]
    if hasattr(answer, "to_json"):
        told.append(json.dumps(answer.to_json()))
    if hasattr(answer, "to_markdown"):
        told.append(answer.to_markdown())
    return "\n".join(told)


def test_a_repository_without_a_commit_is_answered(script: Script) -> None:
    script.write({"lib.py": "def fetch(url):\n    return url\n"})
    history = History(script.root, lambda text: False, folder=script.root / ".git" / "store")
    assert history.suspects("lib.py:1").to_json()["items"] == []
    assert history.suspects("lib.py").to_json()["items"] == []
    assert history.impact("lib.py::fetch").to_json()["items"] == []
