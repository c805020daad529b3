"""The commands as a person or a script runs them: JSON as documented, errors in one line, exit codes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.e2e import forks
from tests.e2e.home import Home, private_home
from tests.waiting import PATIENT_MS

ROOT = Path(__file__).resolve().parents[2]
#: An engine that answers, and no deadline that a busy machine misses.
PATIENT = ("--engine", "fake", "--deadline-ms", str(PATIENT_MS))

_home: list[Home] = []


@pytest.fixture(scope="module", autouse=True)
def _one_home() -> Iterator[None]:
    """The commands of this module share a daemon, as those of a user do."""
    with private_home() as home:
        _home.append(home)
        yield
        _home.clear()


def run(
    *arguments: str, cwd: Path = ROOT, stdin: str = "", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    full = {**os.environ, **_home[0].environment, **(environment or {})}
    return forks.command(arguments, cwd, full, stdin, starts=forks.DAEMONS_AND_WORKERS)


def answer(
    *arguments: str, cwd: Path = ROOT, stdin: str = "", environment: dict[str, str] | None = None
) -> dict[str, Any]:
    done = run(*arguments, "--json", cwd=cwd, stdin=stdin, environment=environment)
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)  # one object and nothing else
    assert isinstance(value, dict)
    return value


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "shapes.py").write_text("def area(width, height):\n    return width * height\n\n\nclass area(")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "feat: area of a rectangle (#7)"], check=True)
    return tmp_path


def test_complete_gives_the_best_guess(project: Path) -> None:
    unsure = {"IQUEST_LSP_FAKE": json.dumps({"echo": "guess(a)", "logprob": -5.0})}
    made = answer("complete", "shapes.py:4", *PATIENT, "--standalone", cwd=project, environment=unsure)
    assert made["text"] == "guess(a)"


def test_complete(project: Path) -> None:
    made = answer("complete", "shapes.py:5:12", *PATIENT, cwd=project)
    assert made["text"] == "width, height):"
    assert made["range"]["start"] == made["range"]["end"] == {"line": 5, "column": 12}
    assert made["model"] == "fake"
    assert (made["finish"], made["source"]) == ("stop", "model")
    assert set(made["timings"]) == {"total_ms", "context_ms", "queue_ms", "prefill_ms", "decode_ms"}
    assert set(made["tokens"]) == {"window", "reused", "prefilled", "generated", "drafted", "accepted"}
    assert made["tokens"]["reused"] + made["tokens"]["prefilled"] == made["tokens"]["window"]
    assert made == made | {"text": answer("complete", "shapes.py:5", *PATIENT, cwd=project)["text"]}


def test_complete_with_the_embedded_model(project: Path) -> None:
    # Not where it lies: most of the time would go into evaluating a whole window of this repository.
    shutil.copy(ROOT / "iquest_lsp" / "errors.py", project)
    made = answer("complete", "errors.py:36", "--deadline-ms", str(PATIENT_MS), cwd=project)
    assert made["model"].startswith("IQuest")
    assert made["tokens"]["window"] > 100
    assert made["tokens"]["reused"] + made["tokens"]["prefilled"] == made["tokens"]["window"]


def test_context(project: Path) -> None:
    window = answer("context", "shapes.py:5", "--engine", "fake", cwd=project)
    assert window["tokens"] <= window["budget"]
    kinds = [chunk["kind"] for chunk in window["chunks"]]
    assert kinds[-1] == "current"
    assert "tree" in kinds
    for chunk in window["chunks"]:
        assert set(chunk) == {"kind", "path", "start", "end", "tokens", "reason"}
        assert chunk["reason"]
    current = window["chunks"][-1]
    assert (current["path"], current["start"], current["end"]) == ("shapes.py", 1, 5)
    assert sum(chunk["tokens"] for chunk in window["chunks"]) <= window["tokens"]
    assert window["stable_prefix_tokens"] == window["tokens"] - current["tokens"]


def test_context_says_what_stays_out(project: Path) -> None:
    (project / ".gitignore").write_text("build/\n")
    (project / "build").mkdir()
    (project / "build" / "out.py").write_text("x = 1\n")
    (project / ".env").write_text("TOKEN=abcdefgh12345678\n")
    window = answer("context", "shapes.py:5", "--engine", "fake", cwd=project)
    out = {item["path"]: item["reason"] for item in window["dropped"]}
    assert "ignored" in out["build/"]
    assert ".env" in out
    assert "TOKEN" not in json.dumps(window)


def test_explain_diff_of_a_commit_and_a_patch(project: Path) -> None:
    told = answer("explain-diff", "HEAD", cwd=project)
    assert set(told) >= {"summary", "intent", "files", "history", "missing", "risks", "model_text"}
    assert told["model_text"] is None
    assert told["files"][0]["path"] == "shapes.py"
    assert {symbol["name"] for symbol in told["files"][0]["symbols"]} == {"area"}
    (project / "shapes.py").write_text("def area(width, height, depth=0):\n    return width * height\n")
    patch = subprocess.run(["git", "diff"], cwd=project, capture_output=True, text=True, check=True).stdout
    for told in (answer("explain-diff", cwd=project), answer("explain-diff", "-", cwd=project, stdin=patch)):
        assert told["files"][0]["status"] in ("M", "modified")
        assert any(symbol["change"] == "signature" for symbol in told["files"][0]["symbols"])
    assert run("explain-diff", "--format", "md", cwd=project).stdout.startswith("#")


def test_the_same_command_under_the_name_people_look_for(project: Path) -> None:
    code = (
        "import sys; sys.argv = ['explain-this-diff', 'HEAD', '--json']; "
        "from iquest_lsp.cli import explain_this_diff; explain_this_diff()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["files"]


def test_models_and_runtime_and_doctor() -> None:
    models = answer("models", "list")["models"]
    assert models[0]["name"] == "nano"
    assert models[0]["passes"] == 2
    assert models[0]["size_bytes"] <= 16_000_000
    details = answer("models", "info", "nano")
    assert details["general.architecture"] == "iquestloopcoder"
    assert details["iquest.fim.order"] == "spm"
    assert "+loop." in answer("runtime", "info")["installed"]
    report = answer("doctor")
    assert {check["name"] for check in report["checks"]} >= {"python", "git", "runtime", "model"}
    assert all(set(check) == {"name", "ok", "detail"} for check in report["checks"])
    assert set(report["plan"]) == {"window", "kv_type", "batch", "threads", "reason"}


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["complete", "shapes.py"], 2, "FILE:LINE"),
        (["complete", "shapes.py:0"], 2, "from 1"),
        (["complete", "shapes.py:99", "--engine", "fake"], 2, "has no line 99"),
        (["complete", "shapes.py:1:999", "--engine", "fake"], 2, "has no column 999"),
        (["complete", "absent.py:1", "--engine", "fake"], 1, "Cannot read absent.py"),
        (["complete", "shapes.py:1", "--model", "absent.gguf"], 1, "There is no model"),
        (["explain-diff", "nosuchrevision"], 1, "nosuchrevision"),
        (["explain-diff", "--staged", "HEAD"], 2, "not both"),
        (["models", "info", "shapes.py"], 1, "does not begin with GGUF"),
        (["nonsense"], 2, "No such command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_errors_are_one_line_and_a_code(project: Path, arguments: list[str], code: int, says: str) -> None:
    done = run(*arguments, cwd=project)
    assert done.returncode == code, (done.stdout, done.stderr)
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_no_repository_is_a_clear_error(tmp_path: Path) -> None:
    done = run("explain-diff", "HEAD", cwd=tmp_path)
    assert done.returncode == 1
    assert "repository" in done.stderr


def test_replay_types_a_history_again(project: Path) -> None:
    git = ["git", "-C", str(project), "-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    (project / "shapes.py").write_text(
        "def area(width, height):\n    return width * height\n\n\nprint(area(3, 4))\nprint(area(width, height))\n"
    )
    subprocess.run([*git, "commit", "-q", "-am", "feat: print areas"], check=True)
    options = ["--positions", "4", *PATIENT]
    told = answer("replay", ".", "--commits", "5", *options, cwd=project)
    assert [row["setting"] for row in told["rows"]] == [
        "no context",
        "no context but memory",
        "related files too",
        "edits too",
        "all without edits",
        "all without memory",
        "open files only",
        "all",
    ]
    for row in told["rows"]:
        assert row["positions"] == 2
        low, high = row["exact_line_interval"]
        assert 0 <= low <= row["exact_line"] <= high <= 1
        assert row["p50_ms"] <= row["p95_ms"] <= row["p99_ms"]
        # The first two requests are answered by the model, the third from what is remembered; they are never mixed.
        assert row["cold_requests"] == row["warm_requests"] == 2
        assert row["cached_requests"] <= 2
        assert row["warm_tokens_evaluated"] <= row["cold_tokens_evaluated"] <= row["window_tokens"]
    picture = project / "replay.svg"
    few = ["--setting", "no context", "--window", "512", "--plot", str(picture)]
    told = answer("replay", ".", "--commits", "5", *options, *few, cwd=project)
    assert [row["setting"] for row in told["rows"]] == ["no context", "all, window of 512"]
    assert told["rows"][1]["window_tokens"] <= 512
    drawn = ElementTree.parse(picture).getroot()
    assert "all, window of 512" in "".join(drawn.itertext())
    assert run("replay", ".", "--setting", "nonsense", cwd=project).returncode == 2


def test_windows_are_kept_on_disk_and_cleared(project: Path) -> None:
    long = (project / "shapes.py").read_text().replace("class area(", "# a line of some length\n" * 40 + "class area(")
    (project / "shapes.py").write_text(long)
    last = len(long.splitlines())
    with private_home() as home:

        def command(*arguments: str) -> subprocess.CompletedProcess[str]:
            done = home.command(*arguments)
            assert done.returncode == 0, done.stderr
            return done

        def complete() -> dict[str, int]:
            place = f"{project / 'shapes.py'}:{last}"
            # Alone, since a window is kept when the process that evaluated it ends.
            done = command(
                "complete", place, "--engine", "fake", "--deadline-ms", str(PATIENT_MS), "--json", "--standalone"
            )
            tokens: dict[str, int] = json.loads(done.stdout)["tokens"]
            return tokens

        assert complete()["window"] > 500
        report = json.loads(command("cache", "info", "--json").stdout)
        assert [entry["workspace"] for entry in report["entries"]] == [str(project)]
        assert 0 < report["bytes"] <= report["limit_bytes"]
        (kept,) = (home.folder / "cache" / "iquest-lsp" / "kv").glob("*.kv")
        assert kept.stat().st_mode & 0o777 == 0o600
        assert "workspace" in command("cache", "info").stdout
        assert "removed 1 file," in command("cache", "clear").stderr
        assert json.loads(command("cache", "info", "--json").stdout)["entries"] == []


@pytest.mark.parametrize("kind", ["prefill", "decode", "answers"])
def test_a_benchmark_needs_a_model(kind: str) -> None:
    done = run("bench", kind, "--engine", "fake", "--json")
    assert done.returncode == 2
    assert "nothing to measure" in done.stderr


def test_bench_answers_cold_warm_and_restored() -> None:
    report = answer("bench", "answers", "--tokens", "128", "--repeat", "1")
    cases = {row["case"]: row for row in report["rows"]}
    assert {"cold", "cold, all passes", "restored", "warm", "warm, no drafts", "warm, one pass"} <= set(cases)
    assert {row["tokens"] for row in cases.values()} == {130}
    assert all(row["seconds"] > 0 for row in cases.values())


def test_bench_prefill_compares_in_one_run() -> None:
    report = answer("bench", "prefill", "--tokens", "256", "--repeat", "2")
    assert {"machine", "model", "rows"} <= set(report)
    cases = {row["case"]: row for row in report["rows"]}
    passes = {"stock", "one_pass", "two_passes", "ours", "dense", "sparse"}
    assert set(cases) == passes | {"cold", "warm", "saved", "restored"}
    assert all(row["seconds"] > 0 for row in cases.values())
    assert cases["ours"]["tokens"] == 256
    assert "256 tokens evaluated" in cases["cold"]["note"]  # in the second turn too, with the first one's on the disk
