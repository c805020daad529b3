"""Files that likely change along, by what the changed lines name too."""

from __future__ import annotations

from pathlib import Path

import pytest

from iquest_lsp.codeflow.answers.missing import with_likely
from iquest_lsp.codeflow.past.cochange import Partner
from iquest_lsp.codeflow.past.likely_files import Likely
from iquest_lsp.codeflow.past.likely_signals import SIGNALS, TEXT_WEIGHTS, WEIGHTS, likely
from iquest_lsp.codeflow.past.name_mentions import changed_words, mentions, weights_of, words_of
from iquest_lsp.codeflow.wording.explanation import SURE, MissingItem, render_markdown
from tests.unit.codeflow.conftest import Script, history_of


def test_rare_names_count_and_common_ones_do_not() -> None:
    texts = {f"{number}.py": words_of(b"import os\nself = common()") for number in range(20)}
    texts["user.py"] = words_of(b"import os\nparse_date(common())")
    texts["long.py"] = words_of(b"parse_date\n" + b"\n".join(b"word%d" % number for number in range(500)))
    changed = changed_words(["    return parse_date(common())", "self.x = os"])
    found = mentions(weights_of(changed, texts), texts)
    assert found["user.py"] > found["long.py"] > found["0.py"] == 0.0
    assert words_of(b"\0binary words") == frozenset()
    assert len(SIGNALS) == len(WEIGHTS) == len(TEXT_WEIGHTS)


def test_what_is_mentioned_decides_between_equals() -> None:
    commits = [["a.py", "b.py", "c.py"]] * 4
    assert [path for path, _ in likely(commits, ["a.py"])] == ["b.py", "c.py"]
    assert [path for path, _ in likely(commits, ["a.py"], {}, {"c.py": 1.0})] == ["c.py", "b.py"]


def likely_paths(script: Script, target: str = "", store: Path | None = None) -> list[str]:
    found = history_of(script.root, folder=store).explain_diff(target).missing
    return [item.path for item in found if item.confidence < SURE]


@pytest.mark.slow
def test_what_the_changed_lines_name_is_looked_up(script: Script, tmp_path: Path) -> None:
    files: dict[str, str | None] = {f"m{number}.py": f"def f{number}():\n    pass\n" for number in range(6)}
    script.commit(
        "Begin",
        {
            **files,
            "a.py": "def parse_date(text):\n    return text\n",
            "m5.py": "def f5():\n    pass\n" * 40,
            "m4.py": "from a import parse_date\n\nparse_date('x')\n",
        },
    )
    script.write({"a.py": "def parse_date(text, strict):\n    return text\n"})
    assert likely_paths(script)[0] == "m4.py"
    text = render_markdown(history_of(script.root).explain_diff())
    assert "## Might also change (weak evidence)\n\n- `m4.py`: contains `parse_date`" in text
    # What is committed is as it is: others see the guesses in the JSON form alone, after all that is surer.
    script.commit("Be strict")
    assert likely_paths(script, "HEAD")[0] == "m4.py"
    assert "Likely" not in render_markdown(history_of(script.root).explain_diff("HEAD"))
    history_of(script.root, folder=tmp_path).update_index()
    assert likely_paths(script, "HEAD", tmp_path) == likely_paths(script, "HEAD")


def test_surer_files_come_first_and_are_enough() -> None:
    expected = [MissingItem(f"{number}.md", (), 3, 0.5) for number in range(3)]
    along = [Likely("0.md", 0.9, ()), Likely("a.py", 0.8, ("one", "two")), Likely("b.py", 0.1, ())]
    along.append(Likely("c.py", 0.0, ()))
    found = with_likely(expected, along, [Partner("b.py", "x.py", 1, 4, 1.0, 2.0)])
    assert found[:3] == expected
    assert [(item.path, item.confidence < SURE) for item in found[3:]] == [("a.py", True), ("b.py", True)]
    assert found[3].reason == "contains `one`, `two`, as the changed lines do"
    assert found[4].reason == "also changed in 1 of 4 commits that changed x.py"
