"""A history that is rewritten while two processes index it, one of which is killed again and again."""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.flow_index import FlowIndex
from tests.unit.codeflow.conftest import Script
from tests.waiting import wait_until

# A short lease, so that the two really take turns and meet, and a dead one is soon forgotten.
KEEPER = """
import sys, time
from pathlib import Path
from iquest_lsp.codeflow.past import store
from iquest_lsp.codeflow.past.flow_index import FlowIndex
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.errors import IQuestError
store.LEASE_SECONDS = 0.3
while True:
    try:
        with FlowIndex.open(Repository.open(Path(sys.argv[1]), lambda text: False), Path(sys.argv[2])) as index:
            done = index.update(lambda *told: print("at work", flush=True))
            print("done" if done.complete else "waits", flush=True)
    except IQuestError as error:
        print("refused", error, flush=True)
    time.sleep(0.1)
"""


@contextmanager
def keeper(script: Script, folder: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that follows the repository until it is ended."""
    command = [sys.executable, "-c", KEEPER, str(script.root), str(folder)]
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def content(script: Script, folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything that an index of this working tree says."""
    tables = {
        "commits": "c.oid, c.kind, c.ground, c.depth, c.files FROM live l JOIN commits c ON c.id=l.commit_id",
        "changes": "c.oid, p.path, x.status, x.added, x.removed FROM live l JOIN commits c ON c.id=l.commit_id"
        " JOIN changes x ON x.commit_id=c.id JOIN paths p ON p.id=x.path_id",
        "patterns": "c.oid, x.kind, x.what, x.others FROM live l JOIN commits c ON c.id=l.commit_id"
        " JOIN patterns x ON x.commit_id=c.id",
        "symbols": "c.oid, p.path, x.name, x.change, x.signature, x.effects FROM live l"
        " JOIN commits c ON c.id=l.commit_id"
        " JOIN symbols x ON x.commit_id=c.id JOIN paths p ON p.id=x.path_id",
    }
    with FlowIndex.open(Repository.open(script.root, shows_all), folder) as index:
        wait_until(lambda: index.update().complete)
        assert index.head == script.git("rev-parse", "HEAD")
        assert index.store.value("PRAGMA integrity_check") == "ok"
        order = [(item.oid,) for item in index.entries(limit=10_000)]
        return {
            "order": order,
            **{name: sorted(index.store.rows(f"SELECT {what}"), key=str) for name, what in tables.items()},
        }


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_rewritten_under_two_processes_one_of_them_killed(
    script: Script, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The lease of whoever was killed last runs out for this process as soon as for the others.
    monkeypatch.setattr("iquest_lsp.codeflow.past.store.LEASE_SECONDS", 0.3)
    rng = random.Random(seed)
    store, log, victims = tmp_path / "store", tmp_path / "log", tmp_path / "victims"
    victims.touch()
    script.made_anew(300)
    generations = itertools.count(1)

    def amend() -> None:
        script.git("commit", "-q", "--amend", "--allow-empty", "-m", f"Amended {rng.random()}")

    def rebase() -> None:
        script.git("reset", "-q", "--hard", "HEAD~3")
        script.commit("Another end", {"b.py": f"X = {rng.random()}\n"})
        script.git("branch", "-qf", "side", "HEAD")
        script.git("reset", "-q", "--hard", "HEAD~20")
        script.commit("Another base", {"c.py": f"Y = {rng.random()}\n"})
        script.git("branch", "-qf", "base", "HEAD")
        script.git("checkout", "-q", "-B", "main", "side")
        script.git("rebase", "-q", "-X", "theirs", "--onto", "base", "main~10", "main")

    def force_push() -> None:
        script.made_anew(rng.randrange(200, 400), next(generations))

    def prune() -> None:
        for branch in ("side", "base"):
            subprocess.run(["git", "branch", "-qD", branch], cwd=script.root, capture_output=True, check=False)
        script.git("reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all")
        script.git("gc", "-q", "--prune=now")

    def said(what: str) -> int:
        return log.read_text().count(what) + victims.read_text().count(what)

    with keeper(script, store, log) as lasting:
        for step in range(8):
            seen = victims.stat().st_size
            with keeper(script, store, victims) as victim:
                for _ in range(2):
                    time.sleep(rng.uniform(0.1, 0.6))
                    rng.choice([amend, rebase, force_push, prune])()
                time.sleep(rng.uniform(0.0, 0.4))
                wait_until(lambda seen=seen: victims.stat().st_size > seen)  # it has opened the store
                os.kill(victim.pid, signal.SIGKILL)
                victim.wait()
            assert lasting.poll() is None, f"the other process ended at step {step}: {log.read_text()[-2000:]}"
        while said("at work") <= 5 or said("done") <= 3:
            before = said("done")
            amend()
            wait_until(lambda before=before: said("done") > before, log.read_text)
    written = log.read_text() + victims.read_text()
    assert "Traceback" not in written
    assert written.count("at work") > 5, "they were really at work while it happened"
    assert written.count("done") > 3
    assert content(script, store) == content(script, tmp_path / "fresh")
