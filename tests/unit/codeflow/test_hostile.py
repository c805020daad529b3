"""Repositories as they really are: cut off, damaged, with names that are no text, and logs that say nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from iquest_lsp.codeflow import DiffTarget, explain_diff, suspects_in_log, why
from iquest_lsp.codeflow.git.repository import decode_path, encode_path
from iquest_lsp.errors import RepositoryError, UsageError
from tests.unit.codeflow.conftest import Script


def body(number: int) -> str:
    return f"def f(x):\n    return x + {number}\n"


@pytest.fixture
def shallow(script: Script, tmp_path: Path) -> Path:
    for number in range(4):
        script.commit(f"Add {number} instead", {"a.py": body(number)})
    target = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth", "2", f"file://{script.root}", str(target)], check=True)
    return target


def test_the_end_of_a_shallow_clone_is_no_beginning(shallow: Path, script: Script, tmp_path: Path) -> None:
    story = why(shallow, "a.py::f", folder=tmp_path / "one")
    assert "shallow" in story.note
    assert "shallow" in story.to_markdown()
    assert any("shallow" in risk for risk in explain_diff(shallow, DiffTarget.parse("HEAD~1")).risks)
    assert not explain_diff(shallow, DiffTarget.parse("HEAD")).risks
    whole = why(script.root, "a.py::f", folder=tmp_path / "two")
    assert not whole.note
    assert not any("shallow" in risk for risk in explain_diff(script.root, DiffTarget.parse("HEAD~3")).risks)


def test_a_lost_head_is_told(script: Script) -> None:
    script.commit("One", {"a.py": body(1)})
    for folder in (script.root / ".git" / "objects").iterdir():
        shutil.rmtree(folder)
    with pytest.raises(RepositoryError, match="damaged"):
        why(script.root, "a.py:1")
    with pytest.raises(RepositoryError):
        explain_diff(script.root, DiffTarget.parse())


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
        story = why(script.root, f"{asked}::f", folder=tmp_path / "store")
        assert [item.subject for item in story.story] == ["One", "Two"]
        assert story.target == "caf\\xe9.py::f"
    assert encode_path(decode_path(b"a/\xff b.py")) == os.fsdecode(b"a/\xff b.py")
    assert encode_path("plain/ü.py") == "plain/ü.py"


def test_logs_that_say_nothing(script: Script, tmp_path: Path) -> None:
    script.commit("One", {"a.py": body(1)})
    with pytest.raises(UsageError, match="tells nothing"):
        suspects_in_log(script.root, "\n", folder=tmp_path)
    words = suspects_in_log(script.root, "ValueError: frobnication failed for quux\n", folder=tmp_path)
    assert "names no file" in words.note
    assert not suspects_in_log(script.root, '  File "a.py", line 2, in f\nValueError: x\n', folder=tmp_path).note
