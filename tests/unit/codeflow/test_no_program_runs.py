"""A workspace is not trusted: no program that a repository's configuration names is run by any question.

Every key of git's documentation that may name a program is planted, under odd names, in every file that git reads.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.past.retyping import check_out, checked_out
from iquest_lsp.errors import IQuestError
from iquest_lsp.workspace.ignore import IgnoreRules
from iquest_lsp.workspace.tree import walk
from tests.e2e import forks
from tests.e2e.home import private_home
from tests.e2e.rawclient import RawClient, close_all
from tests.unit.codeflow.conftest import Script, history_of

NAMES = ("plain", "a=b", "a.b=c.d", "two words", 'quo"te', "back\\slash", "über", "x=", "=", "-c", "$(x)", "A=B")
SPEAKS_OF_A_PROGRAM = re.compile(
    r"command$|program|\.cmd$|pager|editor|helper$|hook|\.textconv$|\.clean$|smudge|process|external|proxy$|askpass"
    r"|fsmonitor$|\.vcs$|uploadpack$|receivepack$|^alias|\.driver$|difffilter|refscommand|packobjects|\.path$|tool$"
    r"|\.update$|ccCmd|tocmd|procReceive",
    re.IGNORECASE,
)
ATTRIBUTES = ("filter", "diff", "merge")
# Where a program would end git's own reading of its files, planted values that are no file are left out.
LEFT_OUT = re.compile(r"include|^advice\.|^color\.|^core\.(?:fsmonitorHookVersion|attributesFile|hooksPath)$")
MORE = ("filter.<driver>.process", "submodule.<name>.update", "trailer.<token>.command", "trailer.<token>.cmd")
HOOKS = (
    "post-index-change",
    "post-checkout",
    "reference-transaction",
    "pre-auto-gc",
    "fsmonitor-watchman",
    "query-watchman",
)


def keys() -> Iterator[str]:
    """Every key that may name a program, under every odd name where it takes one."""
    listed = subprocess.run(["git", "help", "--config"], capture_output=True, text=True, check=True).stdout.split()
    for key in (*listed, *MORE):
        if not SPEAKS_OF_A_PROGRAM.search(key) or LEFT_OUT.match(key):
            continue
        if key == "pager.<cmd>":
            yield from ("pager." + name for name in ("log", "diff", "rev-parse", "ls-files", "config", "checkout"))
        elif "<" in key:
            yield from (re.sub(r"<[^>]+>", lambda _, name=name: name, key) for name in NAMES)
        elif key.endswith("*"):
            yield from (key[:-1] + name for name in ("log", "diff", "rev-parse", "ls-files", "config", "checkout"))
        else:
            yield key


def planted(program: Path, names: list[str]) -> str:
    """A configuration file that gives the program to all keys."""
    lines = []
    for key in names:
        section, _, rest = key.partition(".")
        name, _, last = rest.rpartition(".")
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        head = f'[{section} "{quoted}"]' if name else f"[{section}]"
        lines.append(f"{head}\n\t{last} = {program}\n")
    lines += [f'[filter "{name}"]\n\trequired = true\n' for name in ("plain", "a=b", "=", "x=")]
    lines.append('[remote "origin"]\n\turl = ext::' + str(program) + "\n\tpromisor = true\n")
    return "".join(lines)


@pytest.fixture
def trap(script: Script, tmp_path: Path) -> Path:
    """A repository full of planted programs, one staged and one open change in it; returns the file they would make."""
    mark, program = tmp_path / "ran", tmp_path / "p.sh"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >>"{mark}"\ncat 2>/dev/null\nexit 0\n')
    program.chmod(0o755)
    script.commit("First", {"a.py": "def f(a):\n    return a\n", "b.py": "from a import f\n\nprint(f(1))\n"})
    script.commit("Second", {"a.py": "def f(a):\n    return a + 1\n"})
    script.write({"b.py": "from a import f\n\nprint(f(2))\n"})
    script.git("add", "b.py")
    git = script.root / ".git"
    script.git("config", "extensions.worktreeConfig", "true")
    names = list(keys())
    assert len(names) > 200
    third = len(names) // 3
    (git / "more.inc").write_text(planted(program, names[third : 2 * third]))
    (git / "if.inc").write_text(planted(program, names[2 * third :]))
    with (git / "config").open("a") as config:
        config.write(planted(program, names[:third]))
        config.write(f'[include]\n\tpath = more.inc\n[includeIf "gitdir:{script.root}/"]\n\tpath = if.inc\n')
        config.write(f"[core]\n\thooksPath = {git}/planted\n")
        config.write(f"[core]\n\tattributesFile = {git}/attributes\n")
    (git / "config.worktree").write_text(planted(program, names))
    for folder in (git / "planted", git / "hooks"):
        folder.mkdir(exist_ok=True)
        for hook in HOOKS:
            (folder / hook).write_bytes(program.read_bytes())
            (folder / hook).chmod(0o755)
    for file, name in ((script.root / ".gitattributes", "plain"), (git / "info" / "attributes", "a=b")):
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"* filter={name} diff={name} merge={name}\n")
    (script.root / "c").mkdir()
    (script.root / "c" / ".gitattributes").write_text("* filter=x= diff=x=\nd filter==\n")
    script.write({"a.py": "def f(a):\n    return a + 2\n", "c/new.py": "x = 1\n"})
    return mark


def test_the_trap_works(script: Script, trap: Path) -> None:
    subprocess.run(["git", "diff"], cwd=script.root, capture_output=True, check=False)
    subprocess.run(["git", "add", "-A"], cwd=script.root, capture_output=True, check=False)
    assert trap.exists()


@pytest.mark.slow
def test_no_question_runs_a_planted_program(script: Script, trap: Path, tmp_path: Path) -> None:
    history = history_of(script.root, tmp_path / "store")
    questions = [
        history.head,
        history.branch,
        lambda: history.explain_diff("").files,
        lambda: history.explain_diff("--staged").files,
        lambda: history.explain_diff("HEAD").files,
        lambda: history.explain_diff("HEAD~1..HEAD").files,
        history.update_index,
        lambda: history.why("a.py:2"),
        lambda: history.why("a.py::f"),
        lambda: history.impact("a.py::f"),
        lambda: history.suspects("a.py:2"),
        lambda: history.suspects_in_log('Traceback:\n  File "a.py", line 2, in f\nValueError: x\n'),
        lambda: history.flow_records(["a.py"]),
        history.recent_edits,
        lambda: history.cochanged(["a.py"]),
        lambda: walk(script.root, IgnoreRules(script.root)).paths,
    ]
    answered, refused = 0, list[str]()
    for question in questions:
        try:
            answered += bool(question())
        except IQuestError as error:
            refused.append(str(error))
        assert not trap.exists(), trap.read_text()
    assert answered >= len(questions) - 4, refused


def test_a_copy_for_replay_runs_none(script: Script, trap: Path) -> None:
    with checked_out(script.root, shows_all) as copy:
        check_out(copy, shows_all, script.git("--no-pager", "-c", "core.fsmonitor=false", "rev-parse", "HEAD~1"))
        assert (copy / "a.py").read_text().endswith("return a\n")
    assert not trap.exists(), trap.read_text()


@pytest.mark.parametrize("name", [*NAMES, os.fsdecode(b"odd\xff")])
def test_no_filter_touches_what_is_compared(script: Script, tmp_path: Path, name: str) -> None:
    mark = tmp_path / "ran"
    script.commit("First", {"a.py": "a = 1\n"})
    quoted = os.fsencode(name).replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    with (script.root / ".git" / "config").open("ab") as config:
        config.write(b'[filter "' + quoted + b'"]\n\tclean = touch ' + os.fsencode(mark) + b"; cat\n\trequired\n")
    attribute = (
        b'* "filter=' + quoted + b'"\n' if b" " in quoted or b'"' in quoted else b"* filter=" + os.fsencode(name)
    )
    (script.root / ".git" / "info" / "attributes").write_bytes(attribute + b"\n")
    script.write({"a.py": "a = 2\n"})
    (file,) = history_of(script.root).explain_diff("").files
    assert file.path == "a.py"
    assert not mark.exists()


LOG = 'Traceback (most recent call last):\n  File "a.py", line 2, in f\n    return a + 2\nValueError: x\n'
COMMANDS = (
    ("explain-diff",),
    ("explain-diff", "--staged"),
    ("explain-diff", "HEAD"),
    ("explain-diff", "HEAD~1..HEAD", "--format", "md"),
    ("why", "a.py:2"),
    ("why", "a.py::f"),
    ("impact", "a.py::f"),
    ("impact",),
    ("suspects", "a.py:2"),
    ("suspects", "-"),
    ("context", "a.py:2", "--engine", "fake"),
    ("complete", "a.py:2", "--engine", "fake"),
    ("context", "c/new.py:1", "--engine", "fake", "--standalone"),
    ("complete", "c/new.py:1", "--engine", "fake", "--standalone"),
    ("replay", ".", "--positions", "1", "--setting", "all", "--engine", "fake"),
)


@pytest.mark.slow
async def test_no_command_runs_a_planted_program(script: Script, trap: Path) -> None:
    """The commands themselves, the daemon that some of them ask, and what an editor has it do."""
    inner = script.root / "inner"  # a repository of its own in the tree, as full of programs
    shutil.copytree(script.root / ".git", inner / ".git")
    (inner / "a.py").write_text("a = 1\n")
    (script.root / ".gitmodules").write_text(
        '[submodule "inner"]\n\tpath = inner\n\turl = ./inner\n\tupdate = !touch x\n'
    )
    refused = {}
    with private_home() as home:
        for command in COMMANDS:
            done = forks.command(command, script.root, {**os.environ, **home.environment}, LOG)
            assert not trap.exists(), (command, trap.read_text())
            assert "Traceback" not in done.stderr, (command, done.stderr)
            if done.returncode:
                refused[command] = done.stderr
        try:
            client = await RawClient.start(home, "--engine", "fake")
            await client.initialize(script.root)
            await client.until(lambda: "ready" in client.states())
            uri = client.open(script.root / "a.py", "def f(a):\n    return a + 3\n")
            for method in ("textDocument/hover", "textDocument/inlineCompletion"):
                place = {"position": {"line": 1, "character": 6}, "context": {"triggerKind": 2}}
                await client.request(method, {"textDocument": {"uri": uri}, **place})
            await client.request("textDocument/codeLens", {"textDocument": {"uri": uri}})
            for method in ("iquest/why", "iquest/impact", "iquest/blame", "iquest/sinceRelease", "iquest/suspects"):
                await client.request(method, {"uri": uri, "line": 1})
            (script.root / "a.py").write_text("def f(a):\n    return a + 3\n")
            client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
            await client.request("iquest/explainDiff", {"uri": uri})
        finally:
            await close_all()
        assert not trap.exists(), trap.read_text()
    assert refused == {}
