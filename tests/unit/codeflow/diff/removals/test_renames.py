"""A new name is not all that changes where the text is another one too."""

from __future__ import annotations

import pytest

from tests.unit.codeflow.answers.conftest import Case, is_told_of
from tests.unit.codeflow.conftest import Script

REEL = "class {}({}):\n    def wind(self, tape):\n        self.tapes.append(tape)\n        return len(self.tapes)\n"
DOC = """# Guide

One text.

## {}

The tape is wound by hand, turn by turn, until nothing is left of it.
It {} at the end.
Then turn it round.
"""
KOTLIN = """class Reel {
    fun other() = 1

    open fun %s: String? {
        val tag = %swound.trim()
        val found = find(tag)
        if (found == null) return null
        log("found", found)
        return cut(found)
    }
}
"""
CASES = [
    Case(
        "a function of Kotlin that extends what it took before",
        {"a.kt": KOTLIN % ("wind(tape: Tape)", "tape.")},
        {"a.kt": KOTLIN % ("Tape.wind()", "")},
        told=("(`open fun wind(tape: Tape): String? {` becomes `open fun Tape.wind(): String? {`)",),
        untold=("ename", "→"),
    ),
    Case(
        "and one that takes what it extended",
        {"a.kt": KOTLIN % ("Tape.wind()", "")},
        {"a.kt": KOTLIN % ("wind(tape: Tape)", "tape.")},
        told=("becomes `open fun wind(tape: Tape): String? {`",),
        untold=("ename", "→"),
    ),
    Case(
        "a class that loses its base",
        {"a.py": REEL.format("ReelWrapper", "Base") + "\n\n" + REEL.format("TapeWrapper", "ReelWrapper")},
        {"a.py": REEL.format("ReelMixin", "").replace("()", "") + "\n\n" + REEL.format("TapeMixin", "ReelMixin")},
        told=("(ReelWrapper → ReelMixin; its content changes too)", "(TapeWrapper → TapeMixin)"),
    ),
    Case(
        "a section whose text changes",
        {"guide.md": DOC.format("Reels and tapes", "stops")},
        {"guide.md": DOC.format("Tapes and reels", "halts")},
        told=("`Guide > Tapes and reels` renamed and changed", "→ Guide > Tapes and reels; its content changes too)"),
    ),
    Case(
        "a section of which only the title changes, and the line under it",
        {"guide.rst": "Guide\n=====\n\nReels\n-----\n\nThe tape is wound.\nIt stops.\n"},
        {"guide.rst": "Guide\n=====\n\nThe reels\n---------\n\nThe tape is wound.\nIt stops.\n"},
        told=("renamed",),
        untold=("too", "and changed"),
    ),
    Case(
        "a method whose name ends in a sign",
        {"a.rb": "class Reel\n  def empty?(tape)\n    tape.size == 0 && @wound\n  end\nend\n"},
        {"a.rb": "class Reel\n  def none?(tape)\n    tape.size == 0 && @wound\n  end\nend\n"},
        told=("renamed (Reel.empty? → Reel.none?)",),
    ),
    Case(
        "a function that calls itself",
        {"a.go": "package a\n\nfunc wind(n int) int {\n\tif n == 0 {\n\t\treturn 1\n\t}\n\treturn wind(n - 1)\n}\n"},
        {"a.go": "package a\n\nfunc roll(n int) int {\n\tif n == 0 {\n\t\treturn 1\n\t}\n\treturn roll(n - 1)\n}\n"},
        told=("(wind → roll)",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_told_of_a_rename(script: Script, case: Case) -> None:
    is_told_of(script, case)
