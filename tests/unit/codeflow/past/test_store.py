"""The store: incremental, rebase-safe, process-safe, killable."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.diff.filters import COMPLETENESS, CONSISTENCY, CREDIBILITY
from iquest_lsp.codeflow.facts import WITHHELD
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.flow_index import FlowIndex
from iquest_lsp.codeflow.past.indexer import Indexer
from iquest_lsp.codeflow.past.store import Store
from iquest_lsp.codeflow.wording.purposes import ground_words
from iquest_lsp.errors import StoreError
from tests.unit.codeflow.conftest import Script, history_of
from tests.waiting import PATIENCE_S


def opened(script: Script, folder: Path) -> FlowIndex:
    return FlowIndex.open(Repository.open(script.root, shows_all), folder)


def subjects(script: Script, folder: Path) -> list[str]:
    """The live commits after an update, newest first."""
    with opened(script, folder) as index:
        assert index.update().complete
        assert index.head == script.git("rev-parse", "HEAD")
        return [item.subject for item in index.entries()]


def body(number: int) -> dict[str, str | None]:
    return {"a.py": f"def f():\n    return {number}\n", "b.py": f"X = {number}\n"}


def test_new_commits_cost_only_themselves(script: Script, tmp_path: Path) -> None:
    for number in range(5):
        script.commit(f"Step {number}", body(number))
    with opened(script, tmp_path) as index:
        first = index.update()
        assert (first.commits, first.deep) == (5, 5)
        again = index.update()
        assert (again.commits, again.deep, again.gone) == (0, 0, 0)
        script.commit("Step 5", body(5))
        more = index.update()
        assert (more.commits, more.deep) == (1, 1)
    assert subjects(script, tmp_path)[0] == "Step 5"


@pytest.mark.slow
def test_amended_and_rebased_and_switched(script: Script, tmp_path: Path) -> None:
    script.commit("One", body(1))
    script.commit("Two", body(2))
    assert subjects(script, tmp_path) == ["Two", "One"]
    script.git("commit", "-q", "--amend", "-m", "Two, better")
    assert subjects(script, tmp_path) == ["Two, better", "One"]
    script.git("checkout", "-q", "-b", "side", "HEAD~1")
    script.commit("Side", {"c.py": "z = 1\n"})
    assert subjects(script, tmp_path) == ["Side", "One"]
    script.git("checkout", "-q", "main")
    with opened(script, tmp_path) as index:
        # Going back to a branch reads nothing anew.
        assert index.update().commits == 0
    assert subjects(script, tmp_path) == ["Two, better", "One"]
    script.git("checkout", "-q", "side")
    script.git("rebase", "-q", "main")
    assert subjects(script, tmp_path) == ["Side", "Two, better", "One"]


@pytest.mark.slow
def test_the_old_head_is_gone_altogether(script: Script, tmp_path: Path) -> None:
    script.commit("One", body(1))
    script.commit("Two", body(2))
    subjects(script, tmp_path)
    script.git("reset", "-q", "--hard", "HEAD~1")
    script.commit("Other", body(3))
    script.git("reflog", "expire", "--expire=now", "--all")
    script.git("gc", "-q", "--prune=now")
    assert subjects(script, tmp_path) == ["Other", "One"]


def test_linked_worktrees_have_views_of_their_own(script: Script, tmp_path: Path) -> None:
    one = script.commit("One", body(1))
    script.commit("Two", body(2))
    script.git("worktree", "add", "-q", "--detach", str(tmp_path / "linked"), one)
    linked = Repository.open(tmp_path / "linked", shows_all)
    store = tmp_path / "store"
    assert subjects(script, store) == ["Two", "One"]
    with FlowIndex.open(linked, store) as index:
        assert index.update().commits == 0
        assert [item.subject for item in index.entries()] == ["One"]
    assert subjects(script, store) == ["Two", "One"]


@pytest.mark.slow
def test_a_force_push_from_elsewhere(script: Script, new_script: Callable[[str], Script], tmp_path: Path) -> None:
    """Somebody rewrote the branch on the server: after a fetch and a reset only the new line is told of."""
    script.commit("One", body(1))
    script.commit("Two", body(2))
    mine = new_script("mine")
    mine.git("remote", "add", "origin", str(script.root))
    mine.git("fetch", "-q", "origin")
    mine.git("reset", "-q", "--hard", "origin/main")
    store = tmp_path / "store"
    assert subjects(mine, store) == ["Two", "One"]
    script.git("reset", "-q", "--hard", "HEAD~1")
    script.commit("Two, rewritten", body(3))
    script.commit("Three", body(4))
    mine.git("fetch", "-q", "--force", "origin")
    mine.git("reset", "-q", "--hard", "origin/main")
    assert subjects(mine, store) == ["Three", "Two, rewritten", "One"]
    told = history_of(mine.root, folder=store).flow_records(["a.py"])
    assert [record.subject for record in told] == ["Three", "Two, rewritten", "One"]


@pytest.mark.slow
def test_a_submodule_has_a_history_of_its_own(
    script: Script, new_script: Callable[[str], Script], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    inner = new_script("inner")
    inner.commit("Inner one", {"deep.py": "def deep():\n    return 1\n"})
    script.commit("Outer one", body(1))
    script.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.root), "sub")
    script.commit("Take the part in")
    assert history_of(script.root).update_index().commits == 2
    assert history_of(script.root / "sub").update_index().commits == 1
    assert [record.subject for record in history_of(script.root / "sub").flow_records(["deep.py"])] == ["Inner one"]
    assert [record.subject for record in history_of(script.root).flow_records(["a.py"])] == ["Outer one"]
    # The outer history follows the part as one path and does not read inside.
    assert [record.subject for record in history_of(script.root).flow_records(["sub"])] == ["Take the part in"]
    assert history_of(script.root).flow_records(["sub/deep.py"]) == []


def test_empty_repository(script: Script, tmp_path: Path) -> None:
    with opened(script, tmp_path) as index:
        assert index.update().commits == 0
        assert index.entries() == []
    script.commit("One", body(1))
    assert subjects(script, tmp_path) == ["One"]


def test_releases_follow_the_tags(script: Script, tmp_path: Path) -> None:
    script.commit("One", body(1))
    script.git("tag", "v1.0rc1")
    script.commit("Two", body(2))
    script.git("tag", "-a", "v1.0", "-m", "first")
    script.commit("Three", body(3))
    with opened(script, tmp_path) as index:
        index.update()
        assert [item.release for item in index.entries()] == [None, "v1.0", "v1.0"]
        script.git("tag", "v1.1")
        index.update()
        assert [item.release for item in index.entries()] == ["v1.1", "v1.0", "v1.0"]
        script.git("tag", "-d", "v1.0")
        index.update()
        assert [item.release for item in index.entries()] == ["v1.1"] * 3


def test_filters_say_why(script: Script, tmp_path: Path) -> None:
    project = '[project]\nrequires-python = ">=3.8"\n'
    script.commit("Start", {"pyproject.toml": project, "a.py": "def f(x):\n    return x\n"})
    script.commit("wip", {"a.py": "def f(x):\n    return x + 1\n"})
    script.commit("Bump dependencies", {"poetry.lock": "1\n"}, author="renovate[bot] <r@x.org>")
    matching = "def f(x):\n    match x:\n        case 1:\n            return 2\n    return x + 1\n"
    script.commit("Use matching", {"a.py": matching})
    script.commit("Support lists", {"a.py": "def f(x):\n    return [x]\n"})
    undone = script.commit("Support tuples", {"a.py": "def f(x):\n    return (x,)\n"})
    script.git("revert", "--no-edit", undone)
    script.commit("Format the code", {"a.py": "def f( x ):\n    return [ x ]\n"})
    history_of(script.root, folder=tmp_path).update_index()
    with opened(script, tmp_path) as index:
        filters = {
            item.subject: (
                (item.objection.filter, ground_words(item.objection)) if item.objection is not None else ("", "")
            )
            for item in index.entries()
        }
    assert filters["wip"][0] == CREDIBILITY
    assert filters["Bump dependencies"] == (CREDIBILITY, "committed by the bot renovate[bot]")
    assert filters["Format the code"] == (CREDIBILITY, "only the formatting changes")
    assert filters["Use matching"][0] == CONSISTENCY
    assert "match statement" in filters["Use matching"][1]
    assert "Python 3.10" in filters["Use matching"][1]
    assert "3.8" in filters["Use matching"][1]
    assert filters["Support lists"] == ("", "")
    shown = [item.subject for item in history_of(script.root, folder=tmp_path).flow_records(["a.py"])]
    assert shown == ['Revert "Support tuples"', "Support lists", "Start"]
    everything = history_of(script.root, folder=tmp_path, include_filtered=True).flow_records(["a.py"])
    reasons = {item.subject: item.rationale for item in everything}
    assert CONSISTENCY in reasons["Use matching"]
    assert COMPLETENESS in reasons["Support tuples"]


def test_patterns_of_the_project(script: Script, tmp_path: Path) -> None:
    methods = {
        name: f"    def {name}(self, value):\n        first = value + {number}\n        second = first * 2\n"
        f"        return second - {number}\n"
        for number, name in enumerate(("read", "write", "check", "send"))
    }
    script.commit("Add Service", {"a.py": "class Service:\n" + "\n".join(methods.values())})
    script.commit(
        "Split Service",
        {
            "a.py": None,
            "reader.py": "class Reader:\n" + methods["read"],
            "writer.py": "class Writer:\n" + methods["write"] + "\n" + methods["check"],
            "sender.py": "class Sender:\n" + methods["send"],
        },
    )
    script.commit(
        "Rename the writer",
        {"writer.py": None, "output.py": "class Writer:\n" + methods["write"] + "\n" + methods["check"]},
    )
    script.commit(
        "Merge classes",
        {"reader.py": None, "sender.py": None, "both.py": "class Both:\n" + methods["read"] + "\n" + methods["send"]},
    )
    history_of(script.root, folder=tmp_path).update_index()
    with opened(script, tmp_path) as index:
        found = {(item.kind, item.what): item.others for _, item in index.patterns()}
        assert found["split", "a.py::Service"] == ("Reader", "Sender", "Writer")
        assert found["merge", "both.py::Both"] == ("Reader", "Sender")
        assert ("file-rename", "output.py") in found
        assert index.renamed_from("output.py")[:2] == ["output.py", "writer.py"]


def test_a_broken_store_is_made_anew(script: Script, tmp_path: Path) -> None:
    script.commit("One", body(1))
    subjects(script, tmp_path)
    file = next(tmp_path.glob("flow-*.sqlite"))
    for junk in (b"junk" * 1000, file.read_bytes()[:5000]):
        for path in tmp_path.glob("flow-*.sqlite-*"):
            path.unlink()
        file.write_bytes(junk)
        assert subjects(script, tmp_path) == ["One"]
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.slow
@pytest.mark.parametrize("junk", [b"\0", b"\x9c"], ids=["lost", "overwritten"])
def test_a_store_with_a_page_that_makes_no_sense_answers_all_the_same(
    script: Script, tmp_path: Path, junk: bytes
) -> None:
    for number in range(40):
        script.commit(f"Step {number}", {**body(number), f"m{number}.py": body(number)["a.py"]})
    history = history_of(script.root, folder=tmp_path)
    history.update_index()
    expected = history.why("a.py::f").to_json(), history.suspects("a.py:2").to_json(), history.impact("a.py").to_json()
    file = next(tmp_path.glob("flow-*.sqlite"))
    sound = file.read_bytes()
    size = 4096
    for at in range(size, len(sound), size * 5):
        for path in tmp_path.glob("flow-*.sqlite-*"):
            path.unlink()
        file.write_bytes(sound[:at] + junk * size + sound[at + size :])
        told = history.why("a.py::f").to_json(), history.suspects("a.py:2").to_json(), history.impact("a.py").to_json()
        assert told == expected
    assert history.update_index().complete


def test_a_newer_schema_is_left_alone(script: Script, tmp_path: Path) -> None:
    script.commit("One", body(1))
    subjects(script, tmp_path)
    file = next(tmp_path.glob("flow-*.sqlite"))
    db = sqlite3.connect(file)
    db.execute("PRAGMA user_version=99")
    db.close()
    assert subjects(script, tmp_path) == ["One"]
    assert list(tmp_path.glob("*.broken")), "the newer store is kept aside"


def test_what_is_withheld_is_no_sentence_in_the_store(script: Script, tmp_path: Path) -> None:
    secret = "hush-hush-4711"
    script.commit(f"Add {secret}\n\nWhy it is.\nSince {secret}.", {"a.py": "a = 1\n"}, author=f"{secret} <a@b.c>")
    with FlowIndex.open(Repository.open(script.root, lambda text: secret in text), tmp_path) as index:
        index.update()
        [entry] = [item for item in index.entries() if item.files]
    assert (entry.subject, entry.author) == (WITHHELD, WITHHELD)
    assert entry.body == f"Why it is. {WITHHELD}"
    db = sqlite3.connect(next(tmp_path.glob("flow-*.sqlite")))
    kept = db.execute("SELECT subject, body, author FROM commits").fetchall()
    words = {word for (word,) in db.execute("SELECT word FROM words")}
    db.close()
    assert WITHHELD not in str(kept)
    assert secret not in str(kept)
    assert not words & {"withheld", "looks", "secret", "hush"}


WORKER = """
import sys
from pathlib import Path
from iquest_lsp.codeflow.past.flow_index import FlowIndex
from iquest_lsp.codeflow.git.repository import Repository
with FlowIndex.open(Repository.open(Path(sys.argv[1]), lambda text: False), Path(sys.argv[2])) as index:
    print("ready", flush=True)
    index.update(lambda what, done, total: print(what, done, flush=True))
"""


def worker(script: Script, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORKER, str(script.root), str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_killed_in_the_middle(script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script.made_anew(1500)
    for line in ("ready", "commits 500", "symbols 100"):
        process = worker(script, tmp_path)
        assert process.stdout is not None
        for printed in process.stdout:
            if printed.startswith(line):
                break
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    # The dead process's lease runs out.
    monkeypatch.setattr("iquest_lsp.codeflow.past.store.LEASE_SECONDS", 0.0)
    with opened(script, tmp_path) as index:
        assert index.update().complete
        assert len(index.entries(limit=5000)) == 1500
        assert index.store.value("SELECT count(*) FROM commits") == 1500
        assert index.store.value("SELECT count(*) FROM changes") == 1500
        assert index.store.value("SELECT count(*) FROM commits WHERE depth=1") == 1500
        assert index.store.value("SELECT count(*) FROM symbols") == 1500
        assert index.store.value("PRAGMA integrity_check") == "ok"


@pytest.mark.slow
def test_two_processes_at_once(script: Script, tmp_path: Path) -> None:
    script.made_anew(600)
    both = [worker(script, tmp_path) for _ in range(2)]
    for process in both:
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0
    assert len(subjects(script, tmp_path)) == 500
    with opened(script, tmp_path) as index:
        assert index.store.value("SELECT count(*) FROM commits") == 600
        assert index.store.value("SELECT count(*) FROM symbols") == 600


def test_many_open_a_new_store_at_once(tmp_path: Path) -> None:
    start = threading.Barrier(8)

    def open_one(_: int) -> None:
        start.wait()
        Store(tmp_path).close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(open_one, range(8)))
    with Store(tmp_path) as store:
        assert store.value("PRAGMA journal_mode") == "wal"


def test_reading_older_commits_takes_no_lease(script: Script, tmp_path: Path) -> None:
    script.commit("One", body(1))
    script.commit("Two", body(2))
    with opened(script, tmp_path) as index:
        index.update()
        with index.store.transaction() as db:
            for statement in ("UPDATE commits SET depth=0", "DELETE FROM symbols"):
                db.execute(statement)
        index.deepen(["a.py"])
        assert index.store.value("SELECT count(*) FROM commits WHERE depth=0") == 0
        assert len(index.symbols_on(["a.py"])) == 2
        assert index.store.value("SELECT value FROM meta WHERE key='lease'") is None


def test_a_lease_keeps_others_out_until_it_runs_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(tmp_path) as store:
        assert store.lease("one")
        assert store.lease("one")
        assert not store.lease("two")
        later = time.time() + 60
        monkeypatch.setattr(time, "time", lambda: later)
        assert store.lease("two")
        # As after a clock that was far ahead.
        monkeypatch.setattr(time, "time", lambda: later - 1_000_000)
        assert store.lease("three")


def test_an_unusable_cache_folder_is_no_obstacle(script: Script, tmp_path: Path) -> None:

    script.commit("Add f", body(0))
    (tmp_path / "file").write_text("")
    assert [
        item.subject for item in history_of(script.root, folder=tmp_path / "file" / "store").why("a.py::f").story
    ] == ["Add f"]


@contextlib.contextmanager
def no_room() -> Iterator[None]:
    """Files can no longer grow, as on a disk without a free byte."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # half of it would be found for ever after
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        sys.dont_write_bytecode = written
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("in_use", [False, True], ids=["nobody has it open", "another process has it open"])
@pytest.mark.parametrize("built", [False, True], ids=["not yet filled", "one commit behind"])
@pytest.mark.slow
def test_a_full_disk_costs_no_answer_and_no_store(script: Script, tmp_path: Path, *, in_use: bool, built: bool) -> None:
    store = tmp_path / "store"
    script.commit("Add f", {"a.py": "def f():\n    return 0\n"})
    with opened(script, store) as index:
        assert not built or index.update().complete
    script.commit("Let f return one, as the survey asks", {"a.py": "def f():\n    return 1\n"})
    with contextlib.ExitStack() as held:
        if in_use:
            held.enter_context(opened(script, store))
        with no_room():
            found = history_of(script.root, folder=store).why("a.py::f")
            blamed = history_of(script.root, folder=store).suspects("a.py:2")
    roomy = history_of(script.root, folder=tmp_path / "roomy").why("a.py::f")
    assert found.story == roomy.story
    assert {item.subject for item in found.story} == {"Let f return one, as the survey asks", "Add f"}
    assert blamed.items[0].subject == "Let f return one, as the survey asks"
    assert not list(store.glob("*.broken*")), "the store is sound and stays where it is"
    assert subjects(script, store) == ["Let f return one, as the survey asks", "Add f"]


def test_a_full_disk_ends_the_indexing_with_a_plain_error(script: Script, tmp_path: Path) -> None:
    script.commit("Add f", body(0))
    with opened(script, tmp_path) as index:
        with no_room(), pytest.raises(StoreError, match="cannot be written"):
            index.update()
        assert index.update().complete
        assert [item.subject for item in index.entries()] == ["Add f"]


def test_merges_and_side_branches(script: Script, tmp_path: Path) -> None:
    script.commit("One", body(1))
    script.git("checkout", "-q", "-b", "side")
    script.commit("Side", {"c.py": "z = 1\n"})
    script.git("checkout", "-q", "main")
    script.commit("Two", body(2))
    script.git("merge", "-q", "--no-ff", "-m", "Merge branch 'side'", "side")
    with opened(script, tmp_path) as index:
        index.update()
        merge = index.entries()[0]
        assert (merge.kind, merge.objection and merge.objection.filter, merge.merge) == ("merge", CREDIBILITY, True)
        assert len(index.entries()) == 4
        assert Indexer(index.repository, index.store).update().commits == 0
