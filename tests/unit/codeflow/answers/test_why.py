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
        "the class was changed; `env` was added"
    ]


def test_a_function_that_came_back_is_as_old_as_it_was_before_it_went(script: Script) -> None:
    body = "def find(path):\n    for part in path.split('/'):\n        if part:\n            return part\n"
    other = "def keep(value):\n    return value\n"
    script.commit("Begin", {"a.py": body + "\n\n" + other, "b.py": other})
    script.git("tag", "v1.0")
    script.commit("Move it", {"a.py": other, "b.py": other + "\n\n" + body})
    script.git("tag", "v2.0")
    script.commit("Move it back", {"a.py": other + "\n\n" + body, "b.py": other})
    story = history_of(script.root).why("a.py::find")
    assert story.since == "v1.0"
    assert [item.subject for item in story.story] == ["Begin", "Move it", "Move it back"]


def test_one_word_of_a_name_makes_no_story(script: Script) -> None:
    script.commit("Add a client", {"lib.py": "def http_client(app):\n    return app\n", ".travis.yml": "one\n"})
    script.commit("Pin the version of the client", {".travis.yml": "two\n"})
    script.commit("Run the http client on CI", {".travis.yml": "three\n"})
    story = history_of(script.root).why("lib.py::http_client").story
    assert [item.subject for item in story] == ["Add a client", "Run the http client on CI"]


def test_a_value_that_became_a_function_has_no_new_parameters(script: Script) -> None:
    both = "def fresh(name, value):\n    return f'{name}={value}'\n\n\n"
    script.commit("Keep the old name", {"lib.py": both + "header = fresh\n"})
    script.commit("Warn of it", {"lib.py": both + "def header(name, value):\n    return fresh(name, value)\n"})
    story = history_of(script.root).why("lib.py::header").story
    assert story[-1].change == ("the signature of the function changed: `header` becomes `def header(name, value)`")


def test_a_line_that_held_a_secret_is_not_told(script: Script) -> None:
    script.commit("Begin", {"lib.py": "open('hush')\n"})
    script.commit("Read it", {"lib.py": "open('door')\n"})
    story = history_of(script.root, redact=lambda text: "hush" in text).why("lib.py:1").story
    assert "hush" not in str([item.change for item in story])
    assert len(story) == 2


def test_an_issue_is_told_beside_one_whose_number_begins_alike(script: Script) -> None:
    body = "Halves were lost between the two sums of a bill. " * 10  # more than is quoted of it
    script.commit(f"Round up (#12)\n\n{body}\n\nCloses #1", {"lib.py": "def cents(value):\n    return value\n"})
    (item,) = history_of(script.root).why("lib.py::cents").story
    assert item.issues == ("#1",)
