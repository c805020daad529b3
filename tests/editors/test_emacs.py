"""The Emacs package in a real Emacs: its own ERT tests, in batch."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.e2e.home import private_home
from tests.editors.home import emacs, left_out, repository

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1] / "editors" / "emacs"


def test_the_package_passes_its_tests(tmp_path: Path) -> None:
    file = repository(tmp_path / "work")
    file.with_name("rooms.py").write_text("from shapes import room_area\n\nprint(room_area(1, 2))\n")
    subprocess.run(["git", "-C", str(file.parent), "add", "rooms.py"], check=True)
    with private_home() as home:
        done = emacs(
            home,
            HERE / "iquest-tests.el",
            file,
            PACKAGE=str(PACKAGE),
            ANOTHER=f"{sys.executable} {HERE / 'another_server.py'}",
        )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told[-4000:]
    found = re.search(r"Ran (\d+) tests, (\d+) results as expected, 0 unexpected", told)
    assert found, told[-4000:]
    assert int(found[1]) == (HERE / "iquest-tests.el").read_text().count("(ert-deftest ")
    if "skipped" in told:  # eglot or lsp-mode is missing
        left_out(told[-1000:])
