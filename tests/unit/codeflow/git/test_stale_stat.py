"""What git lists only because a file was touched is no change, and takes no other file's counts or lines.

git compares times and sizes with its index first; an index that is out of date lists equal files as modified, without
counts and without a patch. The index of another's repository is not written, so it stays out of date.
"""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.diff.sources import worktree_files
from iquest_lsp.codeflow.git.commits import FileDiff
from iquest_lsp.codeflow.git.repository import Repository
from tests.unit.codeflow.conftest import Script, history_of

NAMES = (
    "a.py",
    "b.py",
    "two words.py",
    "a => b.py",
    'quo"te.py',
    "tab\there.py",
    "über.py",
    "back\\slash.py",
    "c/a.py",
    "c/b b/d.py",
    "{x => y}.py",
    "z",
)


def changed(root: Path) -> list[FileDiff]:
    repository = Repository.open(root, shows_all)
    return list(worktree_files(repository, repository.head()))


def out_of_date(root: Path, path: str, seconds: int = 10_000) -> None:
    os.utime(root / path, (1_600_000_000 + seconds,) * 2, follow_symlinks=False)


def test_an_edit_beside_a_touch(script: Script) -> None:
    script.commit("First", {"a.py": "a = 1\n", "b.py": "b = 1\n", "c.py": "c = 1\n"})
    out_of_date(script.root, "a.py")
    out_of_date(script.root, "c.py")
    script.write({"b.py": "b = 1\nd = 2\n"})
    (file,) = history_of(script.root).explain_diff().files
    assert (file.path, file.added, file.removed) == ("b.py", 1, 0)


@pytest.mark.parametrize("kind", ["binary", "link", "executable", "empty", "crlf", "attribute"])
def test_a_touched_file_of_any_kind_is_no_change(script: Script, kind: str) -> None:
    path = script.root / "odd"
    if kind == "link":
        path.symlink_to("a.py")
    else:
        path.write_bytes({"binary": b"x\0y", "empty": b"", "crlf": b"a\r\nb\r\n"}.get(kind, b"x\ny\n"))
    if kind == "executable":
        path.chmod(0o755)
    if kind == "attribute":
        (script.root / ".gitattributes").write_text("odd -diff\n")
    if kind == "crlf":
        script.git("config", "core.autocrlf", "input")
    script.commit("First", {"a.py": "a = 1\n", "z.py": "z = 1\n"})
    out_of_date(script.root, "odd")
    assert changed(script.root) == []
    script.write({"z.py": "z = 2\n"})
    (file,) = changed(script.root)
    assert (file.path, file.added, file.removed, len(file.hunks)) == ("z.py", 1, 1, 1)


@pytest.mark.parametrize("seed", range(12))
def test_the_same_is_read_from_a_stale_and_from_a_refreshed_index(script: Script, seed: int) -> None:
    rng = random.Random(seed)
    texts = {name: "".join(f"{name} {number} {rng.random()}\n" for number in range(12)) for name in NAMES}
    script.commit("First", texts)
    for name in ("one.bin", "two.bin"):
        (script.root / name).write_bytes(b"\0" + name.encode())
    script.commit("Second")
    for name in (*NAMES, "one.bin", "two.bin"):
        path, what = script.root / name, rng.choice(["edit", "touch", "touch", "delete", "move", "mode", "nothing"])
        if what == "edit":
            path.write_bytes(path.read_bytes() + b"more\n" * rng.randint(1, 5))
        elif what == "touch":
            out_of_date(script.root, name, rng.randint(0, 10**6))
        elif what == "delete":
            path.unlink()
        elif what == "move":
            script.git("mv", name, name + ".moved")
            out_of_date(script.root, name + ".moved")
        elif what == "mode":
            path.chmod(0o755)
    index = (script.root / ".git" / "index").read_bytes()
    stale = changed(script.root)
    assert (script.root / ".git" / "index").read_bytes() == index
    refresh = ["git", "update-index", "-q", "--refresh"]
    subprocess.run(refresh, cwd=script.root, capture_output=True, check=False)  # fails where a file did change
    assert stale == changed(script.root)
