"""A diff as text, for a model that is asked about it."""

from __future__ import annotations

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.diff.sources import DiffTarget
from iquest_lsp.codeflow.facts import WITHHELD
from iquest_lsp.codeflow.wording.hunk_text import diff_text
from tests.unit.codeflow.conftest import Script


def text(script: Script, limit: int = 9999, hidden: str = "", secret: str = "\0") -> str:
    return diff_text(
        script.root,
        DiffTarget(),
        limit,
        hide=lambda path: "a secret" if path == hidden else "",
        redact=lambda line: secret in line,
    )


def changed(script: Script) -> None:
    script.commit("Begin", {"a.py": "one\ntwo\n", "b.py": "x\n"})
    script.write({"a.py": "one\nTWO\n", "b.py": "y\n"})


def test_hunks_are_told_with_their_lines(script: Script) -> None:
    changed(script)
    assert text(script).startswith("a.py\n@@ line 2, in one\n-two\n+TWO\n\nb.py\n@@ line 1\n-x\n")


def test_what_may_not_be_shown_is_not(script: Script) -> None:
    changed(script)
    found = text(script, hidden="b.py", secret="TWO")
    assert "b.py: not shown (a secret)\n" in found
    assert "TWO" not in found
    assert f"+{WITHHELD}" in found


def test_what_is_too_long_is_named(script: Script) -> None:
    changed(script)
    assert text(script, limit=5) == "a.py: not shown (too long)\nb.py: not shown (too long)\n"


def test_nothing_changed_is_no_text(script: Script) -> None:
    script.commit("Begin", {"a.py": "one\n"})
    assert diff_text(script.root, DiffTarget(), 99, hide=lambda _: "", redact=shows_all) == ""
