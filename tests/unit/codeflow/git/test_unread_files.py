"""A file that cannot be asked about: why, as it is."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from iquest_lsp.codeflow.git.blob_reader import MAX_BLOB
from iquest_lsp.errors import NoSuchFileError
from tests.unit.codeflow.conftest import Script, history_of


def told(script: Script, place: str, root: Path | None = None) -> str:
    with pytest.raises(NoSuchFileError) as caught:
        history_of(root or script.root).why(place)
    return str(caught.value)


def test_what_is_there_is_not_told_as_deleted(script: Script) -> None:
    script.write({"a.py": "x = 1\n", "big.txt": "a line\n" * (MAX_BLOB // 6)})
    (script.root / "link.py").symlink_to("a.py")
    (script.root / "loop").symlink_to("loop")
    script.commit("Begin")
    os.mkfifo(script.root / "pipe")
    for place, why in {
        "link.py": "link.py cannot be asked about: it is a symbolic link",
        "loop:1": "loop cannot be asked about: it is a symbolic link",
        "big.txt:3": "big.txt cannot be asked about: it has more than 2 MB",
        "pipe": "pipe cannot be asked about: it is no regular file",
        "none.py": "There is no file none.py: it is not in the repository",
        "a/" * 1500 + "b.py": f"There is no file {'a/' * 1500}b.py: it is not in the repository",
    }.items():
        assert told(script, place).startswith(why)
    (script.root / "a.py").unlink()
    assert told(script, "a.py") == "There is no file a.py: it was deleted since the last commit. Check the path."


def test_a_submodule_is_said_to_be_one(script: Script, new_script: Callable[[str], Script], tmp_path: Path) -> None:
    inner = new_script("inner")
    inner.commit("Begin", {"b.py": "y = 1\n"})
    allowed = ("-c", "protocol.file.allow=always")
    script.git(*allowed, "submodule", "--quiet", "add", str(inner.root), "sub")
    script.commit("Add sub")
    assert told(script, "sub").startswith("sub cannot be asked about: it is a submodule")
    copy = tmp_path / "copy"
    subprocess.run(["git", "clone", "-q", str(script.root), str(copy)], check=True)
    for place, root in (("sub/b.py:1", copy), ("b.py:1", copy / "sub")):
        words = told(script, place, root)
        assert words.startswith(
            "There is no file sub/b.py: it would lie in the submodule sub, which is not checked out"
        )
        assert words.endswith("Run `git submodule update --init sub`.")


def test_what_lies_beside_a_submodule_has_its_history_here(script: Script, new_script: Callable[[str], Script]) -> None:
    inner = new_script("inner")
    inner.commit("Begin", {"b.py": "y = 1\n"})
    script.commit("Add a reader", {"lib/own/deep/a.py": "x = 1\n", "lib/c.py": "z = 1\n"})
    allowed = ("-c", "protocol.file.allow=always")
    script.git(*allowed, "submodule", "--quiet", "add", str(inner.root), "lib/foreign")
    script.commit("Add foreign")
    for place in ("lib/own/deep/a.py:1", "lib/c.py:1"):
        assert [step.subject for step in history_of(script.root).why(place).story] == ["Add a reader"]
    assert "it is a folder" in told(script, "lib/own")
    assert "is not in the repository" in told(script, "lib/none.py")
