"""What a user points at."""

from __future__ import annotations

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.answers.targets import Target, between, find_target, named, no_definition, split_target
from iquest_lsp.codeflow.git.commits import Hunk
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.syntax.symbols import Symbol
from iquest_lsp.errors import NoSuchFileError, RevisionError, UsageError
from tests.unit.codeflow.conftest import Script, history_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.py", ("a.py", "", None)),
        ("a.py:3", ("a.py", "", (3, 3))),
        ("a.py:3:7", ("a.py", "", (3, 3))),
        ("a.py:3-5", ("a.py", "", (3, 5))),
        ("a b/ü.py::Shop.read", ("a b/ü.py", "Shop.read", None)),
        ("a.rs::Shop::read", ("a.rs", "Shop.read", None)),
        ("a:b.py", ("a:b.py", "", None)),
        ("a.py:0", ("a.py", "", (0, 0))),
        (f"a.py:{'9' * 5000}", ("a.py", "", (10**18, 10**18))),
    ],
)
def test_a_place_is_taken_apart(text: str, expected: tuple[str, str, tuple[int, int] | None]) -> None:
    assert split_target(text) == expected


@pytest.mark.parametrize("text", ["", "  ", "::read", "a.py::"])
def test_what_names_no_place(text: str) -> None:
    with pytest.raises(UsageError):
        split_target(text)


SYMBOLS = (
    Symbol("Shop", "class", 0, 5),
    Symbol("Shop.read", "method", 1, 2),
    Symbol("Till.read", "method", 3, 4),
    Symbol("Till.pay", "method", 4, 5),
    Symbol("Shop.Coin", "class", 6, 9),
    Symbol("Shop.Coin.Coin", "constructor", 7, 8),
)


def test_a_short_name_will_do_where_it_is_the_only_one() -> None:
    def found(name: str) -> str:
        symbol = named(SYMBOLS, name)
        return symbol.name if symbol is not None else ""

    assert [found(name) for name in ("Shop", "Shop.read", "pay", "read", "none", "Coin")] == [
        "Shop",
        "Shop.read",
        "Till.pay",
        "",
        "",
        "Shop.Coin",
    ]
    assert "Shop" in str(no_definition("a.py", "Shp", SYMBOLS))


@pytest.mark.parametrize(
    ("old", "new", "hunks"),
    [
        (b"", b"", ()),
        (b"a\r\nb\r\n", b"a\nb\n", ()),
        (b"a\nb\n", b"a\nx\nb\n", (Hunk(1, 0, 1, 1),)),
        (b"a\nb\nc", b"a\nc", (Hunk(1, 1, 1, 0),)),
    ],
)
def test_what_changes_one_text_into_another(old: bytes, new: bytes, hunks: tuple[Hunk, ...]) -> None:
    assert between(old, new) == hunks


TEXT = "import os\n\n\nclass Shop:\n    def read(self):\n        return 1\n"


@pytest.fixture
def repository(script: Script) -> Repository:
    script.commit("Begin", {"a.py": TEXT})
    script.write({"a.py": f"# new\n{TEXT}"})
    return Repository.open(script.root, shows_all)


def test_a_definition_is_found_here_and_in_the_last_commit(repository: Repository) -> None:
    found = find_target(repository, "a.py::read")
    assert (found.name, found.label, found.committed) == ("Shop.read", "a.py::Shop.read", (4, 6))
    assert found.definition == ("    def read(self):", "        return 1")


def test_lines_are_found_here_and_in_the_last_commit(repository: Repository) -> None:
    found = find_target(repository, "a.py:6-7")
    assert (found.lines, found.lines_committed, found.name) == ((5, 7), (4, 6), "Shop.read")
    assert (found.is_range, found.label) == (True, "a.py:6-7")
    assert find_target(repository, "a.py:1").line_committed is None
    assert [item.name for item in find_target(repository, "a.py").symbols] == ["Shop"]


@pytest.mark.parametrize(
    ("text", "error"),
    [("b.py", NoSuchFileError), ("a.py:99", UsageError), ("a.py:3-2", UsageError), ("a.py::none", UsageError)],
)
def test_what_is_not_there_is_an_error(repository: Repository, text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        find_target(repository, text)


def test_a_file_is_known_by_its_name_in_the_last_commit() -> None:
    assert Target("b.py", "b.py", renamed_from="a.py").head_path == "a.py"
    assert Target("b.py", "b.py").head_path == "b.py"


@pytest.mark.parametrize(("name", "fix"), [("take", "a.rb:2-4"), ("nope", "a.rb:LINE")])
def test_of_a_language_that_is_not_read_it_is_not_said_that_a_file_lacks_a_name(
    script: Script, name: str, fix: str
) -> None:
    script.commit("Begin", {"a.rb": "module A\n  def take(it)\n    it\n  end\nend\n"})
    with pytest.raises(UsageError, match=f"cannot be asked for {name}") as caught:
        find_target(Repository.open(script.root, shows_all), f"a.rb::{name}", gone_allowed=True)
    assert fix in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a::b.py", ("a::b.py", "", None)),
        ("a::b.py:3", ("a::b.py", "", (3, 3))),
        ("a::b.py::f", ("a::b.py", "f", None)),
        ("a::b.py::Shop::read", ("a::b.py", "Shop.read", None)),
        ("a.py::b", ("a.py", "b", None)),
        ("::c.py::f", ("::c.py", "f", None)),
        ("nope.py::b::c", ("nope.py", "b.c", None)),
        ("d:3", ("d:3", "", None)),
        ("d:3:1", ("d:3", "", (1, 1))),
        ("d:4", ("d", "", (4, 4))),
    ],
)
def test_a_name_may_hold_colons(text: str, expected: tuple[str, str, tuple[int, int] | None]) -> None:
    assert split_target(text, {"a::b.py", "a.py", "a", "::c.py", "d:3"}.__contains__) == expected


def test_a_file_whose_name_holds_colons_is_asked_about(script: Script) -> None:
    script.commit("Begin", {"a::b.py": "def f():\n    return 1\n", "a.py": "def b():\n    return 2\n"})
    history = history_of(script.root)
    for place in ("a::b.py", "a::b.py:2", "a::b.py::f", "a.py::b"):
        assert [step.subject for step in history.why(place).story] == ["Begin"], place


def test_a_line_that_is_not_there_is_told_with_the_lines_that_are(script: Script) -> None:
    script.commit("Begin", {"one.py": "x = 1\n", "two.py": "x = 1\ny = 2"})
    for name, told in {"one.py": "it has 1 line.", "two.py": "it has 2 lines."}.items():
        with pytest.raises(UsageError) as failed:
            history_of(script.root).why(f"{name}:7")
        assert str(failed.value).endswith(told)


def test_what_stands_behind_the_last_line_is_no_line(script: Script) -> None:
    """An editor's cursor can stand there, and a selection of the last lines ends there."""
    script.commit("Begin", {"a.py": "x = 1\ny = 2\n", "empty.py": ""})
    history = history_of(script.root)
    for asked in (history.why, history.suspects, history.impact, history.origin, history.last_change):
        with pytest.raises(UsageError, match="has no line 3"):
            asked("a.py:3")
    with pytest.raises(UsageError, match="has no line 4"):
        history.why("a.py:2-4")
    with pytest.raises(UsageError, match=r"has no line 1: it is empty\."):
        history.why("empty.py:1")
    assert history.why("a.py:1-3").target == "a.py:1-2"
    assert history.impact("a.py:2-3").target == "a.py:2"
    assert history.origin("a.py:3", buffer="x = 1\ny = 2\nz").commit == ""


@pytest.mark.parametrize("half", ["\ud800", "a.py::\ud800", "\udbff.py:1"])
def test_half_of_a_surrogate_pair_names_nothing(script: Script, half: str) -> None:
    script.commit("Begin", {"a.py": "x = 1\n"})
    with pytest.raises(UsageError):
        history_of(script.root).why(half)
    with pytest.raises(RevisionError):
        history_of(script.root).explain_diff(half)


def test_what_is_refused_is_named_as_the_repository_names_it(script: Script) -> None:
    script.commit("Begin", {"lib/a.py": "def f():\n    return 1\n"})
    for root, place in ((script.root, "lib/a.py"), (script.root / "lib", "a.py")):
        for end, told in (
            (":9", "lib/a.py has no line 9: it has 2 lines."),
            ("::g", "lib/a.py defines no g"),
            (":-1", f"'-1' names no line of {place}. Give FILE:LINE or FILE:FIRST-LAST."),
            (":1-", f"'1-' names no line of {place}."),
            ("x", "There is no file lib/a.pyx: it is not in the repository. Check the path."),
        ):
            with pytest.raises(UsageError) as caught:
                history_of(root).impact(f"{place}{end}")
            assert str(caught.value).startswith(told)
