"""A member in whose place an alias stands has not gone, and one that takes the place of an alias is not new."""

from __future__ import annotations

import pytest

from tests.unit.codeflow.answers.conftest import Case, is_told_of
from tests.unit.codeflow.conftest import Script

REEL = """class Reel:
    def set(self, key, tape):
        self.tapes[key] = tape

{}
    def run(self):
        return 1
"""
DEFINED = """    def __setitem__(self, key, tape):
        self.check(key)
        self.tapes[key] = tape
"""
ALIAS = "    __setitem__ = set\n"
RUBY = """class Reel
  def wind(tape)
    @tapes << tape
  end

{}
end
"""
OTHER = "\n\nclass Other:\n    def set(self):\n        return 1\n"
CONFIG = "class Config:\n    def name(self):\n        return 1\n\n"
LOAD = "\n\ndef load(config: Config):\n    path = default\n    return path\n"
CASES = [
    Case(
        "a method that became an alias",
        {"a.py": REEL.format(DEFINED)},
        {"a.py": REEL.format(ALIAS)},
        told=("becomes `__setitem__ = set`",),
        untold=("removed", "Removes", "removes"),
    ),
    Case(
        "an alias that became a method",
        {"a.py": REEL.format(ALIAS)},
        {"a.py": REEL.format(DEFINED)},
        told=("`__setitem__ = set` becomes",),
        untold=("Adds", "gone"),
    ),
    Case(
        "an alias in another class says nothing of this one",
        {"a.py": REEL.format(DEFINED) + OTHER},
        {"a.py": REEL.format("") + OTHER + "\n" + ALIAS},
        told=("emoves `Reel.__setitem__`",),
    ),
    Case(
        "one of Ruby",
        {"a.rb": RUBY.format("  def push(tape)\n    @tapes << tape\n    log(tape)\n  end")},
        {"a.rb": RUBY.format("  alias push wind")},
        untold=("emoves `Reel.push`",),
    ),
    Case(
        "a variable of a function that takes the class, and has the name of its member",
        {"a.py": CONFIG + "    def path(self):\n        return self.root\n" + LOAD},
        {"a.py": CONFIG + LOAD},
        told=("emoves `Config.path`",),
        untold=("becomes",),
    ),
    Case(
        "an alias that stood there before",
        {"a.py": CONFIG + "    def path(self):\n        return self.root\n\n    path = name\n"},
        {"a.py": CONFIG + "    path = name\n"},
        untold=("becomes",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_an_alias(script: Script, case: Case) -> None:
    is_told_of(script, case)
