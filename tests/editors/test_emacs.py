"""The Emacs package in a real Emacs: its own ERT tests, in batch."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from tests.e2e.home import private_home
from tests.editors.home import command, environment, left_out, repository
from tests.waiting import PATIENCE_S

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1] / "editors" / "emacs"


def test_the_package_passes_its_tests(tmp_path: Path) -> None:
    if shutil.which("emacs") is None:
        left_out("Emacs is not installed (tests/editors/install emacs)")
    file = repository(tmp_path / "work")
    with private_home() as home:
        (home.folder / ".emacs.d").mkdir()
        done = subprocess.run(
            ["emacs", "--batch", "-q", "-l", str(HERE / "iquest-tests.el")],
            env={**environment(home), "COMMAND": command(), "FILE": str(file), "PACKAGE": str(PACKAGE)},
            cwd=file.parent,
            capture_output=True,
            text=True,
            timeout=10 * PATIENCE_S,
            check=False,
        )
    told = done.stdout + done.stderr
    assert done.returncode == 0, told[-4000:]
    found = re.search(r"Ran (\d+) tests, (\d+) results as expected, 0 unexpected", told)
    assert found, told[-4000:]
    assert int(found[1]) == (HERE / "iquest-tests.el").read_text().count("(ert-deftest ")
    if "skipped" in told:  # eglot or lsp-mode is missing
        left_out(told[-1000:])
