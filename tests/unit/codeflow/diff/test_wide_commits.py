"""Wide commits, such as releases: their explanations stay readable, and what came with them is known to."""

from __future__ import annotations

from pathlib import Path

import pytest

from iquest_lsp.codeflow.past import indexer
from iquest_lsp.codeflow.wording.effects import detail, told_as
from tests.unit.codeflow.conftest import Script, history_of


def code(number: int) -> str:
    return "".join(f"def f{number}_{item}():\n    return {item}\n\n\n" for item in range(6))


@pytest.mark.slow
def test_many_files_are_counted_not_listed(script: Script) -> None:
    script.commit("Start", {f"examples/e{number}.py": code(number) for number in range(40)} | {"main.py": code(99)})
    gone: dict[str, str | None] = {f"examples/e{number}.py": None for number in range(40)}
    script.commit("Release 1.1", {**gone, "main.py": code(99).replace("return 3", "return 30")})
    explanation = history_of(script.root).explain_diff("HEAD")
    text = explanation.to_markdown()
    assert "- `main.py`: modified" in text
    assert "- and 11 more files (11 deleted)" in text
    assert "and 3 more definitions" in text
    assert explanation.summary.startswith("Release 1.1.")
    assert len(explanation.to_json()["files"]) == 41  # type: ignore[arg-type]  # a list


@pytest.mark.slow
def test_what_came_in_a_commit_too_wide_to_be_read(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer, "MAX_DEEP_FILES", 3)
    script.commit("Release 1.0", {f"m{number}.py": code(number) for number in range(6)})
    script.git("tag", "v1.0")
    script.commit("Raise the first", {"m0.py": code(0).replace("return 0", "return 10")})
    script.git("tag", "v1.1")
    script.commit("Add another", {"m0.py": code(0).replace("return 0", "return 10") + "def late():\n    return 1\n"})
    story = history_of(script.root, folder=tmp_path).why("m0.py::f0_0")
    assert story.story[0].change == "the function was added"
    assert story.since == "v1.0"
    late = history_of(script.root, folder=tmp_path).why("m0.py::late")
    assert [item.subject for item in late.story] == ["Add another"]
    assert late.since is None


def test_a_plain_word_in_prose_is_no_module(script: Script, tmp_path: Path) -> None:
    script.commit(
        "Start",
        {
            "src/app/helpers.py": "def send():\n    return 1\n",
            "docs/a.md": "There are a few little helpers around.\n",
            "docs/b.md": "Look at `app.helpers` first.\n",
            "docs/c.md": "It lies in src/app/helpers.py.\n",
        },
    )
    found = {item.path for item in history_of(script.root, folder=tmp_path).impact("src/app/helpers.py::send").items}
    # A page that names the module alone says nothing of the definition: test_uses_in_text.py.
    assert found.isdisjoint({"docs/a.md", "docs/b.md", "docs/c.md"})


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("g(1)  # noqa: F811", "g(1)", "comments"),
        ("g('a # b')", "g('a # c')", "`return g('a # b')` becomes `return g('a # c')`"),
        ("g(1)  # one", "g(2)  # two", "`return g(1)  # one` becomes `return g(2)  # two`"),
    ],
)
def test_comments_at_the_ends_of_lines(script: Script, before: str, after: str, told: str) -> None:
    script.commit("Start", {"a.py": f"def f():\n    return {before}\n"})
    script.commit("Go on", {"a.py": f"def f():\n    return {after}\n"})
    [file] = history_of(script.root).explain_diff("HEAD").files
    assert told in {detail(symbol) or told_as(symbol) for symbol in file.symbols}


@pytest.mark.slow
def test_what_stands_elsewhere_in_a_definition_has_neither_come_nor_gone(script: Script) -> None:
    script.commit("Start", {"a.py": "def f(x):\n    log(x)\n    if x:\n        x = take(x)\n    return take(x)\n"})
    script.commit(
        "Go on", {"a.py": "def f(x):\n    log(x)\n    if x:\n        log(x)\n        extra = 3\n    return take(x)\n"}
    )
    [file] = history_of(script.root).explain_diff("HEAD").files
    told = " ".join(detail(symbol) for symbol in file.symbols)
    assert "calls" not in told
    assert told == "now uses `extra`"


def test_of_many_changed_definitions_those_are_listed_that_others_notice(script: Script) -> None:
    names = [*(f"area_{number}" for number in range(60)), *(f"_own_{number}" for number in range(10))]
    script.commit("One", {"a.py": "".join(f"def {name}(x):\n    return x\n" for name in names)})
    script.commit("Two", {"a.py": "".join(f"def {name}(x, y):\n    return x\n" for name in names)})
    explained = history_of(script.root).explain_diff("HEAD")
    lines = [line for line in explained.to_markdown().split("\n") if line.startswith("  - ")]
    assert len(lines) == 41
    assert lines[-1] == "  - and 30 more changed definitions"
    assert all("area_" in line for line in lines[:-1])
    assert len(explained.to_json()["files"][0]["symbols"]) == 70  # type: ignore[index]  # a list
