"""A completion in a real Emacs, through eglot."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.e2e.home import private_home
from tests.editors.home import SHAPES, command, environment, left_out, repository, said
from tests.waiting import PATIENCE_S

HERE = Path(__file__).parent


def test_a_completion_is_inserted(tmp_path: Path) -> None:
    if shutil.which("emacs") is None:
        left_out("Emacs is not installed (tests/editors/install emacs)")
    file = repository(tmp_path / "work")
    with private_home() as home:
        (home.folder / ".emacs.d").mkdir()
        done = subprocess.run(
            ["emacs", "--batch", "-q", "-l", str(HERE / "eglot.el")],
            env={**environment(home), "COMMAND": command(), "FILE": str(file)},
            cwd=file.parent,
            capture_output=True,
            text=True,
            timeout=10 * PATIENCE_S,
            check=False,
        )
    seen = said(done.stdout)
    assert "error" not in seen, (seen, done.stderr[-2000:])
    assert seen["managed"] == "t", done.stderr[-2000:]
    assert "width, height):" in seen["candidate"]
    # Asked for by a key, a completion may have several lines.
    assert file.read_text() == f"{SHAPES}def area(width, height):\n    return width * height\n"
