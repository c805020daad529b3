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


def test_a_commit_that_names_it_is_told_where_it_changes_its_file(script: Script) -> None:
    body = "def parse_int(text):\n    return int(text)\n"
    script.commit("Add a parser", {"lib.py": body, "far.py": "far = 1\n"})
    script.commit("Reject signs for parse_int in far places", {"far.py": "far = 2\n"})
    script.commit("Say more of parse_int", {"lib.py": body + "\n\nmore = 1\n"})
    story = history_of(script.root).why("lib.py::parse_int").story
    assert [item.subject for item in story] == ["Add a parser", "Say more of parse_int"]


def test_who_names_the_issues_of_many_has_none_of_its_own(script: Script) -> None:
    script.commit("Add a parser", {"lib.py": "def parse(text):\n    return text\n"})
    squashed = "Make it strict (#50)\n\nWith #11, #12, #13 and #14."
    script.commit(squashed, {"lib.py": "def parse(text):\n    return text.strip()\n"})
    script.commit("Fix a word (#12)", {"far.py": "far = 1\n"})
    script.commit("Cut it (#60)", {"lib.py": "def parse(text):\n    return text.strip()[:9]\n"})
    script.commit("Cut less, see #60", {"near.py": "near = 1\n"})
    story = history_of(script.root).why("lib.py::parse").story
    assert [item.subject for item in story] == [
        "Add a parser",
        "Make it strict (#50)",
        "Cut it (#60)",
        "Cut less, see #60",
    ]


def test_a_line_is_followed_to_where_its_short_block_was(script: Script) -> None:
    block = "class Paging:\n    always = 1\n    if_one_screen = 2\n    never_at_all = 3\n"
    script.commit("Begin", {"one.py": "one = 1\n\n\n" + block, "two.py": "two = 2\n"})
    script.commit("Put it elsewhere", {"one.py": "one = 1\n", "two.py": "two = 2\n\n\n" + block})
    story = history_of(script.root).why("two.py:6").story
    assert [item.subject for item in story] == ["Begin", "Put it elsewhere"]
    assert "the line was moved here from one.py" in story[-1].change


def test_a_line_that_is_laid_out_anew_is_as_old_as_its_text(script: Script) -> None:
    text = "def run(a):\n    if a:\n        return a.first + a.second\n    return 0\n"
    script.commit("Add run", {"a.py": text})
    script.git("tag", "v1.0.0")
    body = "\n\nNothing else may set the cradle, since tests share it and would fail one after another."
    script.commit(f"Indent{body}", {"a.py": text.replace("        return", "      return"), "b.py": "b = 1\n"})
    script.git("tag", "v1.1.0")
    story = history_of(script.root).why("a.py:3")
    assert story.since == "v1.0.0"
    # What the message says is about something else.
    assert "cradle" not in story.to_markdown()


def test_the_issues_of_a_commit_without_a_reason_are_told_alone(script: Script) -> None:
    script.commit("Add run\n\nCloses #5", {"a.py": "def run(a):\n    return a\n"})
    told = history_of(script.root).why("a.py::run").to_markdown()
    assert "belongs to \\#5" in told
    assert "why: Add run" not in told
