"""A completion in a real Emacs, through eglot."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.home import private_home
from tests.editors.home import SHAPES, emacs, repository, said

HERE = Path(__file__).parent


def test_a_completion_is_inserted(tmp_path: Path) -> None:
    file = repository(tmp_path / "work")
    with private_home() as home:
        done = emacs(home, HERE / "eglot.el", file)
    seen = said(done.stdout)
    assert "error" not in seen, (seen, done.stderr[-2000:])
    assert seen["managed"] == "t", done.stderr[-2000:]
    assert "width, height):" in seen["candidate"]
    # Asked for by a key, a completion may have several lines.
    assert file.read_text() == f"{SHAPES}def area(width, height):\n    return width * height\n"
