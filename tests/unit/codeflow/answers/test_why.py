"""How a definition came to be: what is told of each step, and what is not."""

from __future__ import annotations

from tests.unit.codeflow.conftest import Script, history_of


def test_a_getter_and_its_setter_are_introduced_once(script: Script) -> None:
    script.commit("Add the class", {"lib.py": "class Config:\n    def load(self):\n        return 1\n"})
    both = (
        "class Config:\n    def load(self):\n        return 1\n"
        "\n    @property\n    def env(self):\n        return self._env\n"
        "\n    @env.setter\n    def env(self, value):\n        self._env = value\n"
    )
    script.commit("Add the environment", {"lib.py": both})
    story = history_of(script.root).why("lib.py::Config").story
    assert [item.change for item in story if item.subject == "Add the environment"] == [
        "the class was changed; `env` was introduced"
    ]
