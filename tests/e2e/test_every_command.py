"""All commands in all conditions: no traceback, the documented exit codes, and with --json one object on stdout.

One process per encoding imports the program once and runs each command in a fork of itself.
"""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from iquest_lsp.server.framing import frame
from tests.e2e.forks import IMPORTS, SCRIPTS, address
from tests.e2e.home import Home, complaints, private_home

ALONE = ("--engine", "fake", "--standalone")
#: Every command as it succeeds here. {ROOT} is a repository with characters that few encodings have.
COMMANDS: dict[str, tuple[str, ...]] = {
    "--help": ("--help",),
    "--version": ("--version",),
    "complete": ("complete", "shapes.py:2", *ALONE),
    "context": ("context", "naïve→.py:1", *ALONE),
    "explain-diff": ("explain-diff", "HEAD"),
    "explain-diff, working tree": ("explain-diff",),
    "why": ("why", "naïve→.py:1"),
    "impact": ("impact", "shapes.py::area"),
    "impact, file": ("impact", "shapes.py"),
    "impact, lines": ("impact", "shapes.py:1-2"),
    "impact, working tree": ("impact",),
    "impact, commit": ("impact", "--diff", "HEAD"),
    "why, lines": ("why", "shapes.py:1-2"),
    "suspects": ("suspects", "shapes.py"),
    "next-edit": ("next-edit",),
    "doctor": ("doctor",),
    "cache info": ("cache", "info"),
    "cache clear": ("cache", "clear"),
    "runtime info": ("runtime", "info"),
    "models list": ("models", "list"),
    "models info": ("models", "info", "nano"),
    "models use": ("models", "use", "nano"),
    "replay": ("replay", ".", "--positions", "1", "--setting", "all", "--engine", "fake"),
    "replay, edits": ("replay", ".", "--edits"),
}
#: The same as they fail, and their exit codes.
FAILURES: dict[str, tuple[int, tuple[str, ...]]] = {
    "complete": (1, ("complete", "gone→.py:1", *ALONE)),
    "complete, no such line": (2, ("complete", "shapes.py:99", *ALONE)),
    "complete, no line": (2, ("complete", "shapes.py")),
    "context": (1, ("context", "gone→.py:1", *ALONE)),
    "explain-diff": (1, ("explain-diff", "größe")),
    "explain-diff, folder": (1, ("explain-diff", "--repo", "gone")),
    "explain-diff, both": (2, ("explain-diff", "--staged", "HEAD")),
    "why, line": (1, ("why", "gone→.py:1")),
    "why, symbol": (1, ("why", "gone.py::area")),
    "why, file": (1, ("why", "gone.py")),
    "impact": (1, ("impact", "gone.py::area")),
    "impact, both": (2, ("impact", "shapes.py", "--staged")),
    "impact, commit": (1, ("impact", "--diff", "größe")),
    "why, lines": (2, ("why", "shapes.py:2-1")),
    "suspects": (1, ("suspects", "gone.py:1")),
    "suspects, empty log": (2, ("suspects", "-")),
    "next-edit, patch": (1, ("next-edit", "--patch", "gone.patch")),
    "next-edit, folder": (1, ("next-edit", "--repo", "gone")),
    "ask, file": (1, ("ask", "Why?", "gone.py", *ALONE)),
    "ask, folder": (1, ("ask", "Why?", "--repo", "gone", *ALONE)),
    "ask, model": (1, ("ask", "Why?", *ALONE)),
    "replay": (1, ("replay", "gone")),
    "bench latency": (1, ("bench", "latency", "gone")),
    "bench latency, file": (1, ("bench", "latency", "--file", "gone.py")),
    "bench prefill": (1, ("bench", "prefill", "--model", "gone.gguf")),
    "bench decode": (2, ("bench", "decode", "--engine", "fake")),
    "bench answers": (2, ("bench", "answers", "--engine", "fake")),
    "models add": (1, ("models", "add", "gone.gguf")),
    "models use": (1, ("models", "use", "gone.gguf")),
    "models info": (1, ("models", "info", "gone.gguf")),
    "models remove": (1, ("models", "remove", "gone")),
    "daemon status": (1, ("daemon", "status")),
    "daemon stop": (1, ("daemon", "stop")),
    "no such command": (2, ("nonsense",)),
    "no such option": (2, ("why", "--nonsense")),
}
NO_JSON = {"--help", "--version", "cache clear", "daemon stop"}
#: Runs the commands of each line that it reads, each in a fork, and answers with a line of their exit codes.
DRIVER = (
    SCRIPTS
    + "ending = fork_server.Ending()"
    + IMPORTS
    + """
import json, os
for line in sys.stdin:
    asked = json.loads(line)
    said = {}
    for number, arguments in enumerate(asked["commands"]):
        child = os.fork()
        if not child:
            os.chdir(asked["folder"])
            for stream, target in enumerate((os.devnull, *asked["targets"])):
                target = target.format(number)
                opened = os.open(target, os.O_RDWR | os.O_CREAT, 0o600)
                os.dup2(opened, stream)
                os.close(opened)
            if asked["stdin"] == "closed":
                os.close(0)
            fork_server.start_forks(sys.argv[1], ["workers"])
            sys.argv[1:] = arguments
            ending.of(iquest_lsp.cli.main)
            sys.exit()
        said[number] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(json.dumps(said), flush=True)
"""
)


Outcome = tuple[int, bytes, bytes]


class Runner:
    """A home, and the processes that run commands in it, by the encoding that Python was told of when it started."""

    def __init__(self, home: Home) -> None:
        self.folder = home.folder
        self._environment = {**os.environ, **home.environment, "PYTHONUTF8": "0"}
        self._drivers: dict[str, subprocess.Popen[str]] = {}

    def run(
        self, folder: Path, commands: list[tuple[str, ...]], stdout: str = "", stdin: str = "", encoding: str = ""
    ) -> list[Outcome]:
        """Runs the commands; exit codes, and what each wrote to stdout (unless that is elsewhere) and stderr.

        Their stdin is empty, or "closed".
        """
        out = self.folder / "said"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        if encoding not in self._drivers:
            self._drivers[encoding] = subprocess.Popen(
                [sys.executable, "-P", "-c", DRIVER, address()],
                env={**self._environment, **({"PYTHONIOENCODING": encoding} if encoding else {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        driver = self._drivers[encoding]
        assert driver.stdin
        assert driver.stdout
        targets = (stdout or f"{out}/{{}}.out", f"{out}/{{}}.err")
        asked = {"folder": str(folder), "commands": commands, "targets": targets, "stdin": stdin}
        driver.stdin.write(json.dumps(asked) + "\n")
        driver.stdin.flush()
        codes = json.loads(driver.stdout.readline())
        return [
            (
                codes[str(number)],
                b"" if stdout else (out / f"{number}.out").read_bytes(),
                (out / f"{number}.err").read_bytes(),
            )
            for number in range(len(commands))
        ]

    def end(self) -> None:
        """Ends the processes; each ends when nothing more is to be read."""
        for driver in self._drivers.values():
            driver.communicate()


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with private_home() as made:
        yield made


@pytest.fixture(scope="module")
def runner(home: Home) -> Iterator[Runner]:
    made = Runner(home)
    yield made
    made.end()


@pytest.fixture(scope="module")
def root(home: Home) -> Path:
    folder = home.folder / "repository"
    folder.mkdir()
    git = ["git", "-C", str(folder), "-c", "user.name=Zoë", "-c", "user.email=zoe@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    for size, parameters, message in ((0, "w", "Begin"), (1, "w, h", "feat: größe → area (#7)")):
        (folder / "shapes.py").write_text(f"def area({parameters}):\n    return w * h  # é→漢\n", "utf-8")
        (folder / "naïve→.py").write_text(f"größe = {size}\n", "utf-8")
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-q", "-m", message], check=True)
    (folder / "shapes.py").write_text("def area(w, h, d=1):\n    return w * h  # é→漢\n", "utf-8")
    return folder


@pytest.mark.parametrize(
    ("encoding", "more"),
    [("latin-1", ()), ("ascii", ()), ("ascii", ("--json",)), ("latin-1", ("--json",)), ("ascii", ("--format", "md"))],
    ids=lambda value: value if isinstance(value, str) else " ".join(value) or "text",
)
def test_an_answer_in_any_encoding(runner: Runner, root: Path, encoding: str, more: tuple[str, ...]) -> None:
    md = {"explain-diff", "explain-diff, working tree", "why", "impact", "suspects"}
    left_out = NO_JSON if more == ("--json",) else set(COMMANDS) - md if more else set()
    chosen = {name: (*words, *more) for name, words in COMMANDS.items() if name not in left_out}
    outcomes = runner.run(root, list(chosen.values()), encoding=encoding)
    for (name, words), (code, out, err) in zip(chosen.items(), outcomes, strict=True):
        assert code == 0, (name, err)
        assert b"Traceback" not in err, name
        assert out or words[:2] == ("cache", "clear"), name
        text = out.decode(encoding)  # nothing that the encoding has not
        assert not any(sign in text for sign in (r"\u2022", r"\u2212", r"\u201c", r"\u2026")) or more == ("--json",), (
            name
        )
        if more == ("--json",):
            assert isinstance(json.loads(text), dict), name
            assert err == b"", name
    if more == ("--json",):
        told = json.loads(outcomes[list(chosen).index("explain-diff")][1].decode(encoding))
        assert "größe → area" in told["summary"]  # JSON loses nothing


@pytest.mark.parametrize(
    ("encoding", "more"),
    [("latin-1", ()), ("ascii", ("--json",))],
    ids=lambda value: value if isinstance(value, str) else " ".join(value) or "text",
)
def test_an_error_in_any_encoding(runner: Runner, root: Path, encoding: str, more: tuple[str, ...]) -> None:
    failures = {name: found for name, found in FAILURES.items() if not more or name not in NO_JSON}
    commands = [(*words, *more) for _, words in failures.values()]
    outcomes = runner.run(root, commands, encoding=encoding)
    for (name, (expected, _)), (code, out, err) in zip(failures.items(), outcomes, strict=True):
        assert code == expected, (name, err)
        (line,) = complaints(err.decode(encoding))
        assert line.startswith("error: "), name
        if more:
            error: dict[str, Any] = json.loads(out.decode(encoding))
            assert set(error) == {"error"}, name
            assert set(error["error"]) == {"what", "why", "fix"}, name
            assert error["error"]["what"], name
        else:
            assert out == b"", name


#: Commands that look at a folder, and their exit codes where it is no repository, one without a commit, and a bare one.
FOLDERS: dict[str, tuple[tuple[str, ...], tuple[int, int, int]]] = {
    "complete": (("complete", "shapes.py:2", *ALONE), (0, 0, 0)),
    "context": (("context", "shapes.py:1", *ALONE), (0, 0, 0)),
    "explain-diff": (("explain-diff",), (1, 0, 1)),
    "explain-diff, revision": (("explain-diff", "HEAD"), (1, 1, 1)),
    "explain-diff, range": (("explain-diff", "HEAD~1..HEAD"), (1, 1, 1)),
    "explain-diff, index": (("explain-diff", "--staged"), (1, 0, 1)),
    "explain-diff, stdin": (("explain-diff", "-"), (2, 2, 2)),
    "why, line": (("why", "shapes.py:1"), (1, 0, 1)),
    "why, symbol": (("why", "shapes.py::area"), (1, 0, 1)),
    "why, file": (("why", "shapes.py"), (1, 0, 1)),
    "impact": (("impact", "shapes.py::area"), (1, 0, 1)),
    "suspects": (("suspects", "shapes.py:1"), (1, 0, 1)),
    "suspects, stdin": (("suspects", "-"), (1, 2, 2)),
    "ask": (("ask", "Why?", *ALONE), (1, 1, 1)),
    "replay": (("replay", ".", "--positions", "1", "--engine", "fake"), (1, 1, 1)),
    "bench latency": (("bench", "latency", "--engine", "fake"), (1, 1, 1)),
    "doctor": (("doctor",), (0, 0, 0)),
    "cache info": (("cache", "info"), (0, 0, 0)),
    "models list": (("models", "list"), (0, 0, 0)),
    "runtime info": (("runtime", "info"), (0, 0, 0)),
    "daemon status": (("daemon", "status"), (1, 1, 1)),
}


@pytest.mark.parametrize("kind", ["plain", "empty", "bare"])
def test_a_folder_of_any_kind(home: Home, runner: Runner, kind: str) -> None:
    folder = home.folder / kind
    folder.mkdir()
    if kind != "plain":
        more = ["--bare"] if kind == "bare" else []
        subprocess.run(["git", "init", "-q", *more, str(folder)], check=True)
    (folder / "shapes.py").write_text("def area(w, h):\n    return w * h\n")
    outcomes = runner.run(folder, [(*words, "--json") for words, _ in FOLDERS.values()])
    for (name, (_, codes)), (code, out, err) in zip(FOLDERS.items(), outcomes, strict=True):
        assert code == codes[("plain", "empty", "bare").index(kind)], (name, err)
        assert b"Traceback" not in err, name
        answer = json.loads(out)
        assert ("error" in answer) == (code != 0), name
        if code:
            assert set(answer["error"]) == {"what", "why", "fix"}, name
            assert len(err.splitlines()) == 1, name
        else:
            assert err == b"", name


def test_a_closed_stdin_changes_nothing(runner: Runner, root: Path) -> None:
    chosen = {name: (0, words) for name, words in COMMANDS.items() if name not in NO_JSON} | FAILURES
    commands = [(*words, *(() if name in NO_JSON else ("--json",))) for name, (_, words) in chosen.items()]
    outcomes = runner.run(root, commands, stdin="closed")
    for (name, (expected, _)), (code, out, err) in zip(chosen.items(), outcomes, strict=True):
        assert code == expected, (name, err)
        assert b"Traceback" not in err, name
        if name not in NO_JSON:
            assert ("error" in json.loads(out)) == (expected != 0), name


def test_a_full_disk_is_one_error(runner: Runner, root: Path) -> None:
    commands = [words for name, words in COMMANDS.items() if name != "cache clear"]
    for words, (code, _, err) in zip(commands, runner.run(root, commands, "/dev/full"), strict=True):
        assert code == 1, words
        assert complaints(err.decode()) == ["error: The output cannot be written: No space left on device."], words


def test_a_stream_that_is_closed_ends_nothing(home: Home, root: Path) -> None:
    for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
        for words in ("explain-diff HEAD --json", "complete gone.py:1 --json --engine fake --standalone", ""):
            line = f'exec "{sys.executable}" -P -m iquest_lsp.cli {words} {closed}'
            done = subprocess.run(
                ["bash", "-c", line],
                cwd=root,
                env={**os.environ, **home.environment},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
            assert done.returncode == (0 if "HEAD" in words else 1), (closed, words, done.stderr)
            assert b"Traceback" not in done.stderr


def test_a_folder_that_is_gone_is_one_error(home: Home) -> None:
    line = f'mkdir gone && cd gone && rmdir ../gone && exec "{sys.executable}" -P -m iquest_lsp.cli explain-diff --json'
    done = subprocess.run(
        ["bash", "-c", line], cwd=home.folder, env={**os.environ, **home.environment}, capture_output=True
    )
    assert (done.returncode, json.loads(done.stdout)["error"]["what"]) == (1, "The current folder is gone")


DAEMON = ("daemon status", "daemon stop", "daemon logs")
#: Options ahead of a command, and where they count (--log-level: everywhere).
AHEAD = {
    ("--engine", "fake"): {"complete", "context", "ask", "replay", "bench decode", *DAEMON},
    ("--model", "gone.gguf"): {"complete", "context", "ask", "replay", "bench decode", "doctor", *DAEMON},
    ("--standalone",): {"complete", "context", "ask", "explain-diff"},
    ("--log-level", "error"): set(),
    ("--stdio",): set(),
    ("--tcp", "0"): set(),
    ("--connect", "1"): set(),
}
#: The least that each command needs to get to its work, or to fail there.
LEAST = {
    "complete": ("gone.py",),
    "explain-diff": (),
    "why": ("gone.py",),
    "impact": ("gone.py::x",),
    "suspects": ("gone.py",),
    "ask": ("Why?", "gone.py"),
    "replay": ("gone",),
    "bench decode": ("--tokens", "1"),
    "doctor": (),
    "cache info": (),
    "models list": (),
    "models info": ("gone",),
    "daemon status": (),
    "daemon logs": (),
}


def test_options_ahead_of_a_command_count_or_are_refused(runner: Runner, root: Path) -> None:
    table = [(option, name) for option in AHEAD for name in LEAST]
    commands = [(*option, *name.split(), *LEAST[name]) for option, name in table]
    for (option, name), (code, out, err) in zip(table, runner.run(root, commands), strict=True):
        refused = f"error: {option[0]} means nothing to `iquest-lsp {name}`."
        if option[0] == "--log-level" or name in AHEAD[option]:
            assert refused.encode() not in err, (option, name)
        else:
            assert (code, out) == (2, b""), (option, name)
            assert err.decode().startswith(refused), (option, name)
            assert len(err.splitlines()) == 1, (option, name)


def test_an_option_ahead_is_the_same_as_one_behind(runner: Runner, root: Path) -> None:
    place = ("complete", "shapes.py:2", "--json")
    outcomes = runner.run(root, [(*ALONE, *place), ("--engine", "llama", *place, *ALONE), (*place, *ALONE)])
    made = [json.loads(out) for _, out, _ in outcomes]
    assert [answer["model"] for answer in made] == ["fake"] * 3  # behind the command it counts more
    assert made[0]["text"] == made[1]["text"] == made[2]["text"]


@pytest.mark.parametrize(
    "options",
    [
        ("--tcp", "0", "--connect", "9"),
        ("--tcp", "0", "--standalone"),
        ("--connect", "9", "--standalone"),
        ("--connect", "9", "--model", "nano"),
        ("--connect", "9", "--engine", "fake"),
        ("--connect", "9", "--log-level", "debug"),
    ],
    ids=" ".join,
)
def test_contradictions_are_refused(home: Home, options: tuple[str, ...]) -> None:
    done = home.command(*options)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: Give either ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("more", [(), ("--standalone",)], ids=["shared", "alone"])
def test_without_an_editor_the_server_says_what_it_is(home: Home, more: tuple[str, ...]) -> None:
    with Path(os.devnull).open() as nothing:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "iquest_lsp.cli", "--engine", "fake", *more],
            stdin=nothing,
            capture_output=True,
            text=True,
            env={**os.environ, **home.environment},
            check=False,
        )
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert "language server" in line
    assert "iquest-lsp --help" in line
    # The same for a pipe that ends at once.
    if not more:
        (line,) = home.command("--engine", "fake").stderr.splitlines()
        assert "language server" in line


def test_a_session_from_a_file_to_a_file(home: Home) -> None:
    def framed(message: dict[str, Any]) -> bytes:
        return frame({"jsonrpc": "2.0", **message})

    source, sink = home.folder / "session", home.folder / "answers"
    begin = {"id": 1, "method": "initialize", "params": {"capabilities": {}, "processId": None, "rootUri": None}}
    source.write_bytes(framed(begin) + framed({"id": 2, "method": "shutdown"}) + framed({"method": "exit"}))
    with source.open("rb") as given, sink.open("wb") as taken:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "iquest_lsp.cli", "--engine", "fake", "--standalone"],
            stdin=given,
            stdout=taken,
            stderr=subprocess.PIPE,
            env={**os.environ, **home.environment},
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b'"id":2' in sink.read_bytes().replace(b" ", b"")


def test_who_waits_at_a_terminal_is_told_what_for(home: Home, root: Path) -> None:
    """Also with --json: the line goes to the terminal, the answer to where stdout goes."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "iquest_lsp.cli", "suspects", "-", "--json"],
        cwd=root,
        env={**os.environ, **home.environment},
        stdin=subprocess.PIPE,  # a log that does not come
        stdout=subprocess.DEVNULL,
        stderr=follower,
    )
    os.close(follower)
    said = os.read(leader, 100)
    os.close(leader)
    with process:
        process.kill()
    assert said == b"reading the history ...\r\n"
