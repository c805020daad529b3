"""Questions about some lines, a whole file and a diff."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.answers.targets import find_target, split_target
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.wording.impact import Impact
from iquest_lsp.errors import UsageError
from tests.unit.codeflow.conftest import Script, history_of

PRICES = """RATE = 2


def net(items):
    return sum(items)


def gross(items):
    total = net(items)
    return total * RATE


class Bill:
    def show(self):
        return gross([1])

    def send(self):
        return self.show()
"""
SHOP = """from prices import gross, net


def pay(items):
    return gross(items)


def check(items):
    net(items)
"""


@pytest.fixture
def shop(script: Script) -> Script:
    script.commit(
        "Add prices",
        {"prices.py": PRICES.replace("    total = net(items)\n", "    total = sum(items)\n"), "notes.txt": "0\n"},
    )
    script.commit("Use them", {"shop.py": SHOP, "tests/test_prices.py": "from prices import gross\n\ngross([])\n"})
    script.commit("Gross from net", {"prices.py": PRICES, "notes.txt": "1\n"})
    script.commit("Twice", {"prices.py": PRICES.replace("RATE = 2", "RATE = 3"), "notes.txt": "2\n"})
    script.commit("Thrice", {"prices.py": PRICES.replace("RATE = 2", "RATE = 4"), "notes.txt": "3\n"})
    return script


def places(found: Impact) -> set[tuple[str, int]]:
    return {(item.path, item.line) for item in found.items if item.kind in ("caller", "test")}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a.py:3", ("a.py", "", (3, 3))),
        ("a.py:3-7", ("a.py", "", (3, 7))),
        ("a.py:3:7", ("a.py", "", (3, 3))),
        ("a-1.py", ("a-1.py", "", None)),
        ("a.py::f", ("a.py", "f", None)),
    ],
)
def test_places_are_read(text: str, read: tuple[str, str, tuple[int, int] | None]) -> None:
    assert split_target(text) == read


def test_lines_mean_the_definition_around_all_of_them(shop: Script) -> None:
    repository = Repository.open(shop.root, shows_all)
    inside = find_target(repository, "prices.py:9-10")
    assert (inside.name, inside.label, inside.lines) == ("gross", "prices.py:9-10", (8, 10))
    across = find_target(repository, "prices.py:5-10")
    assert across.name == ""
    assert [item.name for item in across.symbols] == ["net", "gross"]
    assert [item.name for item in find_target(repository, "prices.py:13-18").symbols] == [
        "Bill",
        "Bill.show",
        "Bill.send",
    ]
    assert [item.name for item in find_target(repository, "prices.py").symbols] == ["RATE", "net", "gross", "Bill"]


@pytest.mark.parametrize("place", ["prices.py:7-3", "prices.py:0-3", "prices.py:3-99", "prices.py:99"])
def test_lines_that_are_not_there_are_refused(shop: Script, place: str) -> None:
    for ask in (history_of(shop.root).why, history_of(shop.root).impact):
        with pytest.raises(UsageError):
            ask(place)


@pytest.mark.slow
def test_the_story_of_some_lines_has_every_commit_that_changed_one(shop: Script) -> None:
    story = history_of(shop.root).why("prices.py:1-10")
    assert story.target == "prices.py:1-10"
    told = {item.subject: item.change for item in story.story}
    assert told["Add prices"] == "some of the lines came with it"
    assert told["Gross from net"] == "some of the lines were changed"
    assert {"Twice", "Thrice"} <= set(told)
    one = {item.subject for item in history_of(shop.root).why("prices.py:9-10").story}
    assert "Gross from net" in one
    assert not {"Twice", "Thrice"} & one


@pytest.mark.slow
def test_the_lines_are_those_of_the_text_that_an_editor_shows(shop: Script) -> None:
    shown = "# unsaved\n# unsaved\n" + (shop.root / "prices.py").read_text()
    told = history_of(shop.root).why("prices.py:11-12", buffer=shown)
    assert "Gross from net" in {item.subject for item in told.story}
    reached = history_of(shop.root).impact("prices.py:11-12", buffer=shown)
    assert reached.definitions == ("gross",)


def test_some_lines_reach_what_uses_their_definitions(shop: Script) -> None:
    found = history_of(shop.root).impact("prices.py:4-10")
    assert found.definitions == ("net", "gross")
    assert places(found) == {
        ("shop.py", 1),
        ("shop.py", 5),
        ("shop.py", 9),
        ("prices.py", 15),
        ("tests/test_prices.py", 3),
    }


def test_a_file_reaches_what_uses_it_elsewhere(shop: Script) -> None:
    found = history_of(shop.root).impact("prices.py")
    assert found.definitions == ("RATE", "net", "gross", "Bill")
    assert places(found) == {("shop.py", 1), ("shop.py", 5), ("shop.py", 9), ("tests/test_prices.py", 3)}


@pytest.mark.slow
def test_what_changed_along_is_told_with_the_commits(shop: Script) -> None:
    found = history_of(shop.root).impact("prices.py::gross")
    along = next(item for item in found.items if item.path == "notes.txt")
    subjects = shop.git("log", "--format=%s", "--no-walk=unsorted", *along.commits).splitlines()
    assert subjects == ["Thrice", "Twice", "Gross from net"]
    assert all(commit[:10] in found.to_markdown() for commit in along.commits)
    callers = [item for item in found.to_json()["items"] if item["kind"] == "caller"]  # type: ignore[attr-defined]
    assert all("commits" not in item for item in callers)


@pytest.mark.slow
def test_a_diff_reaches_what_it_does_not_change_itself(shop: Script) -> None:
    changed = (shop.root / "prices.py").read_text().replace("def gross(items)", "def gross(items, rate)")
    shop.write({"prices.py": changed, "shop.py": SHOP.replace("return gross(items)", "return gross(items, 1)")})
    found = history_of(shop.root).impact_of_diff()
    assert found.definitions == ("gross", "pay")
    assert found.is_diff
    assert places(found) == {("shop.py", 1), ("prices.py", 15), ("tests/test_prices.py", 3)}
    assert "notes.txt" in {item.path for item in found.items}
    patch = subprocess.run(["git", "diff"], cwd=shop.root, capture_output=True, check=True).stdout
    assert places(history_of(shop.root).impact_of_diff("", patch)) == places(found)
    shop.git("add", "-A")
    assert history_of(shop.root).impact_of_diff("--staged").items == found.items
    shop.git("commit", "-q", "-m", "Rates")
    assert history_of(shop.root).impact_of_diff("HEAD").definitions == found.definitions
    assert history_of(shop.root).impact_of_diff("HEAD~1..HEAD").definitions == found.definitions


def test_uses_of_what_a_diff_removes_are_found(shop: Script) -> None:
    shop.write({"prices.py": "RATE = 4\n\n\ndef net(items):\n    return sum(items)\n"})
    found = history_of(shop.root).impact_of_diff()
    assert "gross" in found.definitions
    assert ("shop.py", 5) in places(found)


@pytest.mark.slow
def test_a_diff_without_definitions_and_an_empty_one_reach_little(shop: Script) -> None:
    assert history_of(shop.root).impact_of_diff().items == ()
    shop.write({"notes.txt": "4\n"})
    found = history_of(shop.root).impact_of_diff()
    assert {item.kind for item in found.items} <= {"cochange"}
    assert "notes.txt" not in {item.path for item in found.items}


def test_a_patch_of_no_file_here_is_no_error(shop: Script) -> None:
    patch = b"--- a/gone.py\n+++ b/gone.py\n@@ -1 +1 @@\n-def f(): pass\n+def f(a): pass\n"
    assert history_of(shop.root).impact_of_diff("", patch).items == ()


@pytest.mark.slow
def test_what_is_asked_of_lines_holds_without_an_index(shop: Script, tmp_path: Path) -> None:
    lone = history_of(shop.root, folder=tmp_path / "store")
    assert "changed some of these lines" in lone.suspects("prices.py:9-10").items[0].reason
    assert "changed this very line" in lone.suspects("prices.py:9").items[0].reason


@pytest.mark.parametrize("place", ["prices.py::gros", "shop.py::nothing_like_it"])
def test_a_name_that_never_was_is_an_error_and_no_news(shop: Script, place: str) -> None:
    with pytest.raises(UsageError) as caught:
        history_of(shop.root).why(place)
    assert caught.value.why == (
        "like it there are gross" if "gros" in place else "it defines nothing of a name like it"
    )


def test_a_name_that_is_not_committed_yet_is_none(shop: Script) -> None:
    shop.write({"shop.py": SHOP + "\n\ndef ship():\n    pass\n"})
    assert history_of(shop.root).why("shop.py::ship").note == "It is not committed yet."


@pytest.mark.slow
def test_the_story_of_a_name_that_is_gone_is_told(shop: Script) -> None:
    shop.commit("Drop the bill", {"prices.py": PRICES.partition("class")[0]})
    assert "Drop the bill" in {item.subject for item in history_of(shop.root).why("prices.py::Bill").story}
