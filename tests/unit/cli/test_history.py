"""The history's commands: what they load, and that a diff is explained once, wherever that is."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from iquest_lsp.cli import cli
from iquest_lsp.codeflow.answers import explain
from iquest_lsp.errors import DaemonError
from tests.unit.codeflow.conftest import Script

TEMPLATE = "{% for m in messages %}{{ m.content }}{% endfor %}"
FAKE = {"responses": ["It computes an area."] * 9, "metadata": {"tokenizer.chat_template": TEMPLATE}}


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    for name in ("CONFIG", "CACHE", "STATE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("IQUEST_LSP_FAKE", json.dumps(FAKE))
    script = Script(tmp_path / "repository")
    script.commit("Add area", {"a.py": "def area(side):\n    return side\n"})
    script.commit("Square it", {"a.py": "def area(side):\n    return side * side\n"})
    return script


@pytest.fixture
def explained(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """One entry for each time that the facts of a diff are worked out."""
    made: list[object] = []
    real = explain.explain_diff

    def count(*args: Any, **options: Any) -> object:
        made.append(options["include_filtered"])
        return real(*args, **options)

    monkeypatch.setattr(explain, "explain_diff", count)
    return made


def use_a_model(tmp_path: Path) -> None:
    folder = tmp_path / "CONFIG" / "iquest-lsp"
    folder.mkdir(parents=True)
    (folder / "settings.toml").write_text('engine = "fake"\ninstruct_model = "any"\n')


def asked(script: Script, *more: str) -> Any:
    done = CliRunner().invoke(cli, ["explain-diff", "HEAD", "--repo", str(script.root), *more])
    assert done.exit_code == 0, done.output
    return done


@pytest.mark.slow
def test_why_loads_neither_engine_nor_assistant(script: Script) -> None:
    code = (
        "import sys, json\nfrom iquest_lsp.cli import main\nsys.argv = ['iquest-lsp', 'why', 'a.py:2', '--json']\n"
        "try:\n    main()\nfinally:\n    print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=script.root, capture_output=True, text=True, check=True)
    assert [item["subject"] for item in json.loads(done.stdout)["story"]] == ["Add area", "Square it"]
    loaded = json.loads(done.stderr)
    ours = ("iquest_lsp.runtime", "iquest_lsp.assistant", "iquest_lsp.project", "iquest_lsp.context")
    for name in (*ours, "llama_cpp", "numpy", "pygls", "lsprotocol", "httpx", "asyncio", "rich"):
        assert not [module for module in loaded if module == name or module.startswith(name + ".")], name


@pytest.mark.parametrize("more", [("--facts-only",), ()], ids=["facts only", "no model"])
@pytest.mark.slow
def test_without_a_model_the_facts_are_worked_out_here(
    script: Script, explained: list[object], monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    monkeypatch.setattr("iquest_lsp.daemon.client.joined", lambda *args: pytest.fail("no daemon is needed"))
    assert json.loads(asked(script, "--json", "--include-filtered", *more).stdout)["model_text"] is None
    assert explained == [True]


@pytest.mark.slow
def test_with_a_model_here_they_are_worked_out_once(script: Script, tmp_path: Path, explained: list[object]) -> None:
    use_a_model(tmp_path)
    told = json.loads(asked(script, "--json", "--standalone", "--include-filtered").stdout)
    assert told["model_text"] == "It computes an area."
    assert explained == [True]


class Daemon:
    """What a command sees of a daemon, with an answer that it could not have made itself."""

    messages = ("the model was slow",)

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, object]]] = []

    def request(self, method: str, params: dict[str, object]) -> dict[str, object]:
        self.requests.append((method, params))
        return {"summary": "From afar", "model_text": "It computes.", "markdown": "# From afar\n"}


def test_with_a_daemon_its_whole_answer_is_printed(
    script: Script, tmp_path: Path, explained: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    use_a_model(tmp_path)
    daemon = Daemon()

    @contextlib.contextmanager
    def joined(*args: object) -> Iterator[Daemon]:
        yield daemon

    monkeypatch.setattr("iquest_lsp.daemon.client.joined", joined)
    done = asked(script, "--json", "--include-filtered")
    assert json.loads(done.stdout) == {"summary": "From afar", "model_text": "It computes."}
    assert done.stderr == "warning: the model was slow\n"
    assert asked(script, "--format", "md").stdout == "# From afar\n\n"
    assert "From afar" in asked(script).stdout
    assert explained == []
    assert [method for method, _ in daemon.requests] == ["iquest/explainDiff"] * 3
    assert [params["include_filtered"] for _, params in daemon.requests] == [True, False, False]


def test_a_daemon_that_fails_costs_the_words_alone(
    script: Script, tmp_path: Path, explained: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    use_a_model(tmp_path)

    @contextlib.contextmanager
    def joined(*args: object) -> Iterator[Daemon]:
        daemon = Daemon()
        monkeypatch.setattr(daemon, "request", lambda *args: (_ for _ in ()).throw(DaemonError("It is gone")))
        yield daemon

    monkeypatch.setattr("iquest_lsp.daemon.client.joined", joined)
    done = asked(script, "--json")
    assert json.loads(done.stdout)["model_text"] is None
    assert "warning: not explained in words: It is gone" in done.stderr
    assert explained == [False]


@pytest.mark.parametrize("place", [".", "..", "./", "/"])
def test_a_folder_is_no_place(script: Script, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """It is not looked for in the folder above, which may be in no repository."""
    monkeypatch.chdir(script.root)
    done = CliRunner().invoke(cli, ["impact", place])
    assert done.exit_code == 2
    assert f"{place} is a folder" in done.output


def test_any_name_of_a_file_is_a_place(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    names = (":(top).py", "new\nline.py", "a:3.py", "-dash.py")
    script.commit("Add others", dict.fromkeys(names, "x = 1\n"))
    monkeypatch.chdir(script.root)
    for name in names:
        done = CliRunner().invoke(cli, ["why", "--json", "--", f"{name}:1"])
        assert [step["subject"] for step in json.loads(done.output)["story"]] == ["Add others"]


@pytest.mark.slow
def test_files_have_their_names_in_any_locale(script: Script) -> None:
    """A locale that is not UTF-8, as C is without Python's help, shows signs as it can and names files as git does."""
    script.commit("Add another", {"caf\u00e9.py": "x = 1\n"})
    environment = {**os.environ, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    environment.pop("PYTHONIOENCODING", None)
    command = [sys.executable, "-m", "iquest_lsp.cli", "why", "caf\u00e9.py:1"]
    done = subprocess.run(
        [os.fsencode(word) for word in command], cwd=script.root, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert b"Add another" in done.stdout


@pytest.mark.parametrize(("index", "afar"), [("index", True), ("next-index-77.lock", False)])
def test_what_a_hook_sees_as_staged_is_explained_where_it_is_seen(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index: str, afar: bool
) -> None:
    """`git commit -a` tells its hooks of another index, which the daemon does not know of."""
    use_a_model(tmp_path)
    asked: list[bool] = []

    def with_model(configuration: object, work: object, ask: object) -> Any:
        asked.append(ask is not None)
        raise DaemonError("It is gone")

    monkeypatch.setattr("iquest_lsp.cli.history.with_model", with_model)
    monkeypatch.setenv("GIT_INDEX_FILE", str(script.root / ".git" / index))
    CliRunner().invoke(cli, ["explain-diff", "--staged", "--repo", str(script.root)])
    CliRunner().invoke(cli, ["explain-diff", "HEAD", "--repo", str(script.root)])
    assert asked == [afar, True]


@pytest.mark.parametrize("form", ["--json", ""])
@pytest.mark.parametrize("kind", [ValueError, OSError])
def test_a_fault_of_the_program_is_an_error_in_the_form_asked_for(
    script: Script, monkeypatch: pytest.MonkeyPatch, kind: type[Exception], form: str
) -> None:
    def fails(*_: object, **__: object) -> object:
        raise kind("'x' is not in list")

    monkeypatch.setattr(explain, "known_of", fails)
    done = CliRunner().invoke(cli, ["explain-diff", "HEAD", "--repo", str(script.root), *form.split()])
    assert done.exit_code == 1
    assert "Traceback" in done.stderr, "whoever mends it needs the place"
    assert done.stderr.rstrip().endswith(
        f"error: This program failed: {kind.__name__}: 'x' is not in list. Tell its makers, with the lines above."
    )
    assert (json.loads(done.stdout)["error"]["what"] if form else done.stdout) == (
        "This program failed" if form else ""
    )


def test_a_bare_repository_is_asked_about_a_patch(script: Script, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(script.root), str(bare)], check=True)
    told = {
        name: CliRunner().invoke(cli, [name, "--repo", str(bare)]).output.strip().rpartition(". ")[2]
        for name in ("explain-diff", "impact", "next-edit")
    }
    assert told["next-edit"] == "Give a patch with --patch."
    assert told["explain-diff"] == told["impact"] == "Ask about a commit, a range or a patch."
    patch = script.git("show", "HEAD")
    done = CliRunner().invoke(cli, ["next-edit", "--repo", str(bare), "--patch", "-"], input=patch)
    assert done.exit_code == 0
