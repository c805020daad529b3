from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from iquest_lsp.workspace import watcher as module
from iquest_lsp.workspace.disk_state import Changes
from iquest_lsp.workspace.ignore import IgnoreRules
from iquest_lsp.workspace.tree import MAX_DEPTH
from iquest_lsp.workspace.watcher import Pace, Watcher
from tests.waiting import PATIENCE_S, wait_until

#: A file that is changed until that is told: from then on the watcher sees what happens.
PROBE = "probe.py"


class Log:
    """Collects batches, and waits for what a test expects of them."""

    def __init__(self) -> None:
        self.batches: list[Changes] = []
        self.changed = threading.Condition()

    def __call__(self, changes: Changes) -> None:
        with self.changed:
            self.batches.append(changes)
            self.changed.notify_all()

    def wait(self, condition: Callable[[list[Changes]], object]) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: condition(self.batches), PATIENCE_S), self.batches

    def changes_until(self, file: Path, condition: Callable[[], object]) -> None:
        """Changes a file again and again, and waits longer each time for what comes of it, until it is so."""
        end = time.monotonic() + PATIENCE_S
        for turn in itertools.count(1):
            file.write_text("1" * turn)
            with self.changed:
                if self.changed.wait_for(condition, 0.05 * 2**turn):
                    return
            assert time.monotonic() < end, self.batches

    @property
    def paths(self) -> set[str]:
        return {path for batch in self.batches for path in batch.paths} - {PROBE}

    @property
    def probed(self) -> bool:
        return any(PROBE in batch.paths for batch in self.batches)


Start = Callable[..., tuple[Watcher, Log, list[str]]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    (folder / "src" / "deep").mkdir(parents=True)
    (folder / "ignored").mkdir()
    (folder / ".git" / "logs").mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / ".gitignore").write_text("ignored/\n")
    (folder / "src" / "a.py").write_text("1")
    return folder


@pytest.fixture(params=[False, True], ids=["native", "polling"])
def start(request: pytest.FixtureRequest, root: Path) -> Iterator[Start]:
    started: list[Watcher] = []

    def make(*, max_depth: int = MAX_DEPTH, **pace: float) -> tuple[Watcher, Log, list[str]]:
        log = Log()
        warnings: list[str] = []
        watcher = Watcher(
            root,
            lambda: IgnoreRules(root, global_file=root / "none"),
            log,
            warn=warnings.append,
            pace=replace(Pace(quiet_s=0.05, patience_s=0.5, poll_s=0.05), **pace),  # type: ignore[arg-type]  # a count among seconds
            polling=request.param,
            max_depth=max_depth,
        )
        watcher.start()
        started.append(watcher)
        log.changes_until(root / PROBE, lambda: log.probed)
        return watcher, log, warnings

    yield make
    for watcher in started:
        watcher.stop()
        assert watcher.mode == "off"


def test_files_created_changed_moved_and_deleted(start: Start, root: Path) -> None:
    _, log, _ = start()
    (root / "src" / "a.py").write_text("22")
    (root / "src" / "deep" / "b.py").write_text("1")
    (root / "top.py").write_text("1")
    log.wait(lambda _: {"src/a.py", "src/deep/b.py", "top.py"} <= log.paths)
    (root / "top.py").rename(root / "src" / "moved.py")
    (root / "src" / "deep" / "b.py").unlink()
    log.wait(lambda _: "src/moved.py" in log.paths)
    assert not any(batch.head or batch.everything for batch in log.batches)


def test_ignored_files_and_git_s_own_are_not_told(start: Start, root: Path) -> None:
    _, log, _ = start()
    (root / "ignored" / "x.py").write_text("1")
    (root / ".git" / "index").write_text("1")
    (root / "src" / "a.py").write_text("333")
    log.wait(lambda _: "src/a.py" in log.paths)
    assert log.paths == {"src/a.py"}


def test_a_folder_may_be_watched_without_those_in_it(start: Start, root: Path) -> None:
    watcher, log, _ = start(max_depth=0)
    (root / "src" / "a.py").write_text("22")
    (root / "top.py").write_text("1")
    log.wait(lambda _: "top.py" in log.paths)
    assert log.paths == {"top.py"}
    assert str(root / "src") not in watcher.watches


def test_head_and_rules(start: Start, root: Path) -> None:
    _, log, _ = start()
    (root / ".git" / "HEAD").write_text("ref: refs/heads/other\n")
    log.wait(lambda batches: any(batch.head for batch in batches))
    (root / ".gitignore").write_text("ignored/\nmore/\n")
    log.wait(lambda batches: any(batch.rules for batch in batches))


def test_the_head_of_a_worktree_and_of_a_branch(start: Start, root: Path) -> None:
    main, own = root.parent / "main.git", root.parent / "main.git" / "worktrees" / "work"
    shutil.rmtree(root / ".git")
    for folder in (own / "logs", main / "refs" / "heads", main / "info"):
        folder.mkdir(parents=True)
    (own / "HEAD").write_text("ref: refs/heads/topic\n")
    (own / "commondir").write_text("../..\n")
    (root / ".git").write_text(f"gitdir: {own}\n")
    _, log, _ = start()
    (own / "HEAD").write_text("ref: refs/heads/elsewhere\n")
    log.wait(lambda batches: any(batch.head for batch in batches))
    (main / "info" / "exclude").write_text("*.tmp\n")
    log.wait(lambda batches: any(batch.rules for batch in batches))
    assert log.paths == set()


def test_a_new_folder_with_files_in_it(start: Start, root: Path, tmp_path: Path) -> None:
    _, log, _ = start()
    (tmp_path / "made" / "inner").mkdir(parents=True)
    (tmp_path / "made" / "inner" / "x.py").write_text("1")
    (tmp_path / "made").rename(root / "made")
    log.wait(lambda batches: "made/inner/x.py" in log.paths or any(batch.everything for batch in batches))
    (root / "made" / "inner" / "y.py").write_text("1")
    log.wait(lambda _: "made/inner/y.py" in log.paths)


def test_what_is_made_in_a_new_folder_while_it_is_looked_through(
    start: Start, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is watched before it is looked through: nothing falls between the two."""
    walk, late = os.walk, root / "made" / "late.py"

    def walk_and_then(folder: Any, *more: Any, **others: Any) -> Iterator[Any]:
        found = list(walk(folder, *more, **others))
        if folder == str(root / "made") and not late.exists():
            late.write_text("1")
        return iter(found)

    watcher, log, _ = start()
    monkeypatch.setattr(os, "walk", walk_and_then)
    (root / "made").mkdir()
    (root / "made" / "early.py").write_text("1")
    if watcher.mode == "polling":  # which looks through everything, by other means
        late.write_text("1")
    log.wait(lambda batches: "made/late.py" in log.paths or any(batch.everything for batch in batches))


def test_a_folder_deleted_and_made_again(start: Start, root: Path) -> None:
    _, log, _ = start()
    shutil.rmtree(root / "src")
    log.wait(lambda batches: "src/a.py" in log.paths or any(batch.everything for batch in batches))
    (root / "src").mkdir()
    log.changes_until(root / "src" / "again.py", lambda: "src/again.py" in log.paths)


def test_the_root_deleted_and_made_again(start: Start, root: Path) -> None:
    watcher, log, _ = start()
    shutil.rmtree(root)
    log.wait(lambda batches: any(batch.everything for batch in batches))
    root.mkdir()
    wait_until(lambda: watcher.mode != "off")
    log.changes_until(root / "new.py", lambda: "new.py" in log.paths)


def told(log: Log) -> bool:
    return any(batch.everything for batch in log.batches)


def test_a_burst_is_one_batch_that_says_everything(start: Start, root: Path) -> None:
    _, log, _ = start(max_paths=50, quiet_s=0.3, patience_s=5.0)
    for turn in itertools.count(1):  # where the machine takes so long over it that it is no burst, again
        for number in range(200):
            (root / "src" / f"f{number}.py").write_text("1" * turn)
        log.wait(lambda _: "src/f199.py" in log.paths or told(log))
        if told(log):
            break
    assert all(not batch.paths for batch in log.batches if batch.everything)


def test_a_callback_that_fails_does_not_end_the_watching(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    calls = threading.Semaphore(0)

    def fail(_: Changes) -> None:
        calls.release()
        raise RuntimeError("fault of the callback")

    watcher = Watcher(root, lambda: IgnoreRules(root, global_file=root / "none"), fail, pace=Pace(quiet_s=0.02))
    watcher.start()
    wait_until(lambda: watcher.mode == "native")
    for number in range(2):
        (root / f"{number}.py").write_text("1")
        assert calls.acquire(timeout=PATIENCE_S)
    watcher.stop()
    assert "handling changed files failed" in caplog.text


@pytest.mark.parametrize("limit", ["instances", "watches"])
def test_without_native_watches_it_polls_and_says_so_once(
    root: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    if limit == "instances":

        def refuse() -> None:
            raise OSError(24, "inotify instance limit reached")

        monkeypatch.setattr(module, "Observer", refuse)
    else:
        for number in range(200):
            (root / "src" / f"d{number}").mkdir()
        # The system granted no watch at all, and watchdog passed over it in silence.
        monkeypatch.setattr(module, "inotify_watches", lambda: 0)
    log = Log()
    warnings: list[str] = []
    watcher = Watcher(
        root, lambda: IgnoreRules(root, global_file=root / "none"), log, warn=warnings.append, pace=Pace(poll_s=0.05)
    )
    watcher.start()
    wait_until(lambda: watcher.mode == "polling")
    log.changes_until(root / "src" / "a.py", lambda: "src/a.py" in log.paths)
    watcher.stop()
    assert len(warnings) == 1
    assert "looked for every" in warnings[0]


def test_no_thread_and_no_watch_is_left(root: Path) -> None:
    threads, watches = threading.active_count(), module.inotify_watches()
    watcher = Watcher(root, lambda: IgnoreRules(root, global_file=root / "none"), lambda _: None)
    watcher.start()
    wait_until(lambda: watcher.mode == "native")
    watcher.stop()
    assert threading.active_count() == threads
    if watches is not None:
        assert module.inotify_watches() == watches


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("polling", [False, True])
def test_a_commit_and_the_rules_above_are_noticed_in_a_subfolder(tmp_path: Path, polling: bool) -> None:
    top = tmp_path / "repo"
    folder = top / "deep" / "sub"
    folder.mkdir(parents=True)
    (folder / "a.py").write_text("1")
    git(top, "init", "-q")
    log = Log()
    watcher = Watcher(folder, lambda: IgnoreRules(folder), log, pace=Pace(quiet_s=0.05, poll_s=0.1), polling=polling)
    watcher.start()
    wait_until(lambda: watcher.mode != "off")
    time.sleep(0.3)
    git(top, "add", "-A")
    git(top, "commit", "-qm", "First")
    log.wait(lambda batches: any(batch.head for batch in batches))
    (top / "deep" / ".gitignore").write_text("*.log\n")
    log.wait(lambda batches: any(batch.rules and batch.everything for batch in batches))
    watcher.stop()


@pytest.mark.parametrize("polling", [False, True])
@pytest.mark.parametrize("where", ["", ".."])
def test_a_repository_that_comes_later_is_noticed(tmp_path: Path, polling: bool, where: str) -> None:
    folder = tmp_path / "above" / "sub"
    folder.mkdir(parents=True)
    (folder / "a.py").write_text("1")
    log = Log()
    watcher = Watcher(folder, lambda: IgnoreRules(folder), log, pace=Pace(quiet_s=0.05, poll_s=0.2), polling=polling)
    watcher.start()
    wait_until(lambda: watcher.mode != "off")
    time.sleep(0.3)
    git(folder / where, "init", "-q")
    log.wait(lambda batches: any(batch.head and batch.rules for batch in batches))
    before = len(log.batches)
    time.sleep(0.3)
    git(folder, "commit", "-q", "--allow-empty", "-m", "First")
    log.wait(lambda batches: any(batch.head for batch in batches[before:]))
    watcher.stop()
