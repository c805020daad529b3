"""Repositories as they really are: cut off, damaged, with names that are no text, and logs that say nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.git.path_bytes import decode_path, encode_path
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.unindexed import LiveEvidence
from iquest_lsp.codeflow.reading import texts_of_commits
from iquest_lsp.errors import RepositoryError, RevisionError, UsageError
from tests.unit.codeflow.conftest import Script, history_of


def body(number: int) -> str:
    return f"def f(x):\n    return x + {number}\n"


@pytest.fixture
def shallow(script: Script, tmp_path: Path) -> Path:
    for number in range(4):
        script.commit(f"Add {number} instead", {"a.py": body(number)})
    target = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth", "2", f"file://{script.root}", str(target)], check=True)
    return target


@pytest.mark.slow
def test_the_end_of_a_shallow_clone_is_no_beginning(shallow: Path, script: Script, tmp_path: Path) -> None:
    story = history_of(shallow, folder=tmp_path / "one").why("a.py::f")
    assert "shallow" in story.note
    assert "shallow" in story.to_markdown()
    whole = history_of(script.root, folder=tmp_path / "two").why("a.py::f")
    assert not whole.note


def test_what_the_end_of_a_shallow_clone_changed_is_not_known(shallow: Path, script: Script, tmp_path: Path) -> None:
    """Git shows all that it found there as added."""
    history = history_of(shallow, folder=tmp_path / "kept")
    told = history.explain_diff("HEAD~1").to_json()
    assert told["files"] == told["risks"] == told["missing"] == []
    assert told["summary"] == ("Add 2 instead. What HEAD~1 changed is not known: this shallow clone ends with it.")
    assert len(told["partial"]) == 1
    assert "git fetch --unshallow" in told["partial"][0]
    impact = history.impact_of_diff("HEAD~1")
    assert impact.to_json()["partial"] == told["partial"]
    assert "Nothing changes" not in impact.to_markdown()
    assert "No use" not in impact.to_markdown()
    with pytest.raises(UsageError, match="git fetch --unshallow"):
        history.commit_message("HEAD~1")
    # The whole commit, and one that truly is the first, are told.
    assert history.explain_diff("HEAD").files
    assert [item.status for item in history_of(script.root).explain_diff("HEAD~3").files] == ["added"]


def test_what_a_shallow_clone_ends_with_is_told_as_nobodys_change(shallow: Path, tmp_path: Path) -> None:
    """It looks as if it had brought everything; what it did is not known."""
    last, newest = (
        subprocess.run(
            ["git", "rev-parse", name], cwd=shallow, capture_output=True, text=True, check=True
        ).stdout.strip()
        for name in ("HEAD~1", "HEAD")
    )
    subprocess.run(["git", "tag", "v1.0"], cwd=shallow, check=True)
    history = history_of(shallow, folder=tmp_path / "kept")
    for place, commits in {"a.py:1": [], "a.py:2": [newest], "a.py::f": [newest], "a.py": [newest]}.items():
        story = history.why(place)
        assert [step.commit for step in story.story] == commits, place
        assert last[:10] in story.note
        assert "git fetch --unshallow" in story.note
    assert history.why("a.py:1").to_json()["since"] is None
    for place in ("a.py", "a.py:1", "a.py::f"):
        assert [item.commit for item in history.suspects(place).items] in ([], [newest]), place
    assert history.explain_diff("HEAD").history == ()
    origin = history.origin("a.py:1")
    assert (origin.commit, origin.author, origin.subject) == (last, "", "")
    assert history.origin("a.py:2").commit == newest


def test_what_a_shallow_clone_ends_with_changed_nothing_together(script: Script, tmp_path: Path) -> None:
    for number in range(5):
        script.commit(f"Add {number} instead", {"a.py": body(number), "b.py": body(number + 9)})
    clone = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth", "4", f"file://{script.root}", str(clone)], check=True)
    told = history_of(clone, folder=tmp_path / "kept").impact("a.py::f").to_markdown()
    assert "also changed in 3 of 3 commits that changed a.py" in told.replace("`", "")
    repository = Repository.open(clone, shows_all)
    (partner,) = LiveEvidence(repository, repository.head()).partners(["a.py"])
    assert (partner.path, partner.support, partner.total) == ("b.py", 3, 3)


@pytest.mark.parametrize("is_indexed", [True, False])
def test_what_was_kept_of_a_history_goes_with_its_ends(shallow: Path, tmp_path: Path, is_indexed: bool) -> None:
    """HEAD stays the same when the rest is fetched, or when a commit is given other parents."""

    def subjects() -> list[str]:
        history = history_of(shallow, folder=tmp_path / "kept")
        if is_indexed:
            history.update_index()
        return [item.subject for item in history.suspects("a.py").items]

    def git(*command: str) -> None:
        subprocess.run(["git", *command], cwd=shallow, check=True)

    every = [f"Add {number} instead" for number in (3, 2, 1, 0)]
    assert subjects() == every[:1]
    git("fetch", "-q", "--unshallow")
    assert subjects() == every
    git("replace", "--graft", "HEAD~1")
    assert subjects() == every[:2]
    git("replace", "-d", subprocess.check_output(["git", "rev-parse", "HEAD~1"], cwd=shallow, text=True).strip())
    assert subjects() == every


def test_a_lost_head_is_told(script: Script) -> None:
    script.commit("One", {"a.py": body(1)})
    for folder in (script.root / ".git" / "objects").iterdir():
        shutil.rmtree(folder)
    with pytest.raises(RepositoryError, match="damaged"):
        history_of(script.root).why("a.py:1")
    with pytest.raises(RepositoryError):
        history_of(script.root).explain_diff()


def test_a_name_that_is_no_text(script: Script, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.py")
    try:
        (script.root / name).write_text(body(1))
    except OSError:
        pytest.skip("this file system takes no such names")
    script.commit("One")
    (script.root / name).write_text(body(2))
    script.commit("Two")
    for asked in (name, "caf\\xe9.py"):
        story = history_of(script.root, folder=tmp_path / "store").why(f"{asked}::f")
        assert [item.subject for item in story.story] == ["One", "Two"]
        assert story.target == "caf\\xe9.py::f"
    assert encode_path(decode_path(b"a/\xff b.py")) == os.fsdecode(b"a/\xff b.py")
    assert encode_path("plain/ü.py") == "plain/ü.py"


def test_logs_that_say_nothing(script: Script, tmp_path: Path) -> None:
    script.commit("One", {"a.py": body(1)})
    with pytest.raises(UsageError, match="tells nothing"):
        history_of(script.root, folder=tmp_path).suspects_in_log("\n")
    words = history_of(script.root, folder=tmp_path).suspects_in_log("ValueError: frobnication failed for quux\n")
    assert "names no file" in words.note
    assert (
        not history_of(script.root, folder=tmp_path)
        .suspects_in_log('  File "a.py", line 2, in f\nValueError: x\n')
        .note
    )


#: Reads files that were made to hold up whoever looks for their imports; needs two seconds of the fifteen.
READS = """
import re, resource
resource.setrlimit(resource.RLIMIT_CPU, (15, 15))
from iquest_lsp import grammars
from iquest_lsp.codeflow.answers.logs import read_log
from iquest_lsp.codeflow.syntax.linking.bindings import Bindings
from iquest_lsp.codeflow.syntax.imports import imported, imports
from iquest_lsp.codeflow.syntax.comments import uncommented
from iquest_lsp.codeflow.past.indexer import code_words
from iquest_lsp.codeflow.syntax.linking.scripts import links_of
from iquest_lsp.codeflow.syntax.linking.rust import RustLinks
from iquest_lsp.codeflow.syntax.outline.c_marks import without_marks
from iquest_lsp.codeflow.syntax.outline.documents import markdown_sections
from iquest_lsp.codeflow.syntax.outline.keys import toml_keys
from iquest_lsp.codeflow.syntax.owners import is_of
from iquest_lsp.asking import statements
from iquest_lsp.codeflow.answers import deprecations, logs
from iquest_lsp.codeflow.diff import bug_risk
from iquest_lsp.codeflow.syntax import signatures
from iquest_lsp.codeflow.diff.intents import intent, shape
SEARCHED, MATCHED = (deprecations, logs, bug_risk, intent, shape, statements), (signatures,)
PIECES = (": https://aa", "#1\\n", "fixes ", " \\n", "1", "1.", "in ", "\\t", "x \\n", "/+.", "(a)/", "-", "prepare ",
    "#[a]", "<a> a::")
WORDS = ("import", "export", "import type", "export {", "import {", "const {", "const x =", "use ", "from a import (")
MORE = ("e", "a_", "fooBar", "a a\\n", "[package]", "A_(")
OTHERS = ("export default", "module.exports", "/*", "import { /*", '\\"', "import *", "FAILED ", "error: ")
for word in WORDS + OTHERS + MORE:
    for between in ("", " ", "\\n", " " * 10000, "\\t" * 5):
        text = (word + between) * max(1, 30000 // len(word + between)) + "x"
        for path in ("a.py", "a.ts", "a.rs", "a.go"):
            imported(path, text)
        links_of(text)
        imports(text)
        read_log(text, ())
        code_words(text)
        toml_keys(["[" + text, *text.splitlines()])
        is_of("Pile", "Heap", "", text)
        RustLinks(["Cargo.toml"], lambda path: text.encode()).place("pile::heap")
        without_marks(text.encode())
for word in (" /*", " /**/", " #", " //"):
    uncommented(word * 7000)
for word in ("<img ", "![", "[", "![](", ":a:`", "[a]["):
    markdown_sections(["# " + word * 30000 + ">"], "a.md")
for modules, method in ((SEARCHED, re.Pattern.search), (MATCHED, re.Pattern.match)):
    for pattern in [found for module in modules for found in vars(module).values() if isinstance(found, re.Pattern)]:
        for piece in PIECES:
            method(pattern, piece * (20000 // len(piece)) + "\\x01")
tree = grammars.tree("python", b"def f():\\n" + b"    x = a()\\n    x.b()\\n" * 20000)
bindings = Bindings("python")
for use in tree.root_node.named_children[0].child_by_field_name("body").named_children[1::2]:
    bindings.meaning(use.named_children[0].child_by_field_name("function").child_by_field_name("object"))
"""


@pytest.mark.slow
def test_no_text_takes_much_longer_than_its_length() -> None:
    """What a reader needs grows with the text: with its square or its cube this process would be ended first."""
    pytest.importorskip("resource")
    done = subprocess.run([sys.executable, "-c", READS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]


#: Files of which each line or bracket is a part with a name, as generated ones are and as hostile ones may be.
FILES = {
    "many.py": "".join(f"def a{i}():\n    return {i}\n" for i in range(3000)),
    "tests/test_many.py": "".join(f"def test_a{i}():\n    assert {i}\n" for i in range(1500)),
    "values.py": "".join(f"a{i} = {i}\n" for i in range(5000)),
    "many.go": "package a\n" + "".join(f"func A{i}() {{}}\n" for i in range(3000)),
    "many.c": "".join(f"#define A{i} {i}\n" for i in range(5000)),
    "long.js": f"class {'k' * 50000} {{\n" + "".join(f"  a{i}() {{}}\n" for i in range(2500)) + "}\n",
    "levels.json": '{"a":' * 25000,
    "items.json": '[{"a":' * 25000,
    "long.json": f'{{"{"k" * 50000}": {{' + ",".join(f'"a{i}": {i}' for i in range(10000)) + "}}",
    "long.toml": f"[{'k' * 50000}]\n" + "".join(f"a{i} = {i}\n" for i in range(10000)),
    "long.ini": f"[{'k' * 50000}]\n" + "".join(f"a{i} = {i}\n" for i in range(10000)),
    "long.yaml": f"{'k' * 50000}:\n" + "".join(f"  a{i}: {i}\n" for i in range(10000)),
    "levels.xml": "<a>" * 25000 + "</b>" * 25000,
    "pom.xml": "<dependency>" * 5000,
    "macros.rs": "cfg! { fn f() {} }\n" * 5000,
    "levels.rs": "cfg! { mod f { " * 1500,
    "texts.kt": "{" + '"' * 15000 + "}\n" + '"a" /*/ */' * 1500,
    "levels.html": "<div>\n" * 25000,
}
EXPLAINS = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
from pathlib import Path
from iquest_lsp.codeflow import History
explained = History(Path(sys.argv[1]), lambda text: False).explain_diff(sys.argv[2])
assert explained.to_markdown() and explained.to_json()
"""


@pytest.mark.slow
@pytest.mark.parametrize("target", ["HEAD~2", "HEAD~1", "HEAD"])
def test_thousands_of_named_parts_take_as_long_as_they_are(script: Script, target: str) -> None:
    """Each part came, changed or went by itself: a walk over all of them for each of them would be ended first."""
    pytest.importorskip("resource")
    script.commit("One", {"a.py": body(1)})
    script.commit("Two", FILES)
    script.commit(
        "Three", {name: text.replace("return", "return 1 +").replace("A", "B") for name, text in FILES.items()}
    )
    script.commit("Four", dict.fromkeys(FILES, "x\n"))
    command = [sys.executable, "-c", EXPLAINS, str(script.root), target]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]


def test_a_history_that_has_not_begun_lacks_nothing(script: Script) -> None:
    script.write({"a.py": body(1)})
    history = history_of(script.root)
    for answer in (history.why("a.py::f"), history.impact("a.py::f"), history.suspects("a.py"), history.explain_diff()):
        assert "index" not in str(answer.to_json()["partial"])
    assert history.explain_diff("--staged").summary == "Nothing is staged."
    with pytest.raises(UsageError, match="defines no nope"):
        history.why("a.py::nope")
    for asked in (
        lambda: history.retyped_lines(5, 5),
        lambda: list(texts_of_commits(script.root, 5, redact=shows_all)),
    ):
        with pytest.raises(RevisionError, match="There is no history"):
            asked()


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("core.repositoryFormatVersion", "99", "git repo version"),
        ("extensions.refStorage", "future", "refstorage|future"),
        ("extensions.neverHeardOf", "true", "unknown repository extension found: neverheardof"),
    ],
)
def test_a_repository_in_a_form_that_git_does_not_know(script: Script, key: str, value: str, why: str) -> None:
    script.commit("Begin", {"a.py": body(1)})
    script.git("config", "core.repositoryFormatVersion", "1")
    script.git("config", key, value)
    for asked in (lambda: history_of(script.root).explain_diff(), lambda: history_of(script.root).why("a.py:1")):
        with pytest.raises(RepositoryError) as failed:
            asked()
        assert re.search(why, failed.value.why)
        assert failed.value.fix == "Install a newer git"


def test_a_log_of_a_project_without_a_commit_has_no_suspects(script: Script) -> None:
    script.write({"a.py": body(1)})
    script.git("add", "a.py")
    with pytest.raises(RevisionError, match="nothing is committed yet"):
        history_of(script.root).suspects_in_log('Traceback\n  File "a.py", line 2, in f\nValueError: no')


def test_a_file_of_a_submodule_has_its_history_there(script: Script, new_script: Callable[[str], Script]) -> None:
    other = new_script("other")
    other.commit("Inner", {"b.py": "def total(a):\n    return a\n"})
    script.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.root), "kit")
    script.commit("Begin", {"a.py": "from kit.b import total\n\ntotal(1)\n"})
    history = history_of(script.root)
    for asked in (history.why, history.suspects):
        with pytest.raises(UsageError, match="Ask in the folder kit") as failed:
            asked("kit/b.py:1")
        assert failed.value.why == "it lies in the submodule kit"
    assert [item.place for item in history.impact("kit/b.py::total").items] == ["a.py:3", "a.py:1"]
    assert [step.subject for step in history_of(script.root / "kit").why("b.py:1").story] == ["Inner"]


def test_uses_that_are_not_searched_are_not_told_as_none(script: Script) -> None:
    script.commit("Begin", {"a.py": body(1), "b.py": "from a import f\n\nf(1)\n"})
    impact = history_of(script.root).impact("a.py::f")
    assert impact.to_json()["partial"] == [
        "the uses of `f` were not searched: a name of one letter is found everywhere"
    ]
    assert "No use" not in impact.to_markdown()
