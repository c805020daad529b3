"""Files that likely change along, by what the changed lines name too."""

from __future__ import annotations

from iquest_lsp.codeflow import likely_files
from iquest_lsp.codeflow.companions import SIGNALS, TEXT_WEIGHTS, WEIGHTS, likely
from iquest_lsp.codeflow.mentions import changed_words, mentions, words_of
from tests.unit.codeflow.conftest import Script


def test_rare_names_count_and_common_ones_do_not() -> None:
    texts = {f"{number}.py": words_of(b"import os\nself = common()") for number in range(20)}
    texts["user.py"] = words_of(b"import os\nparse_date(common())")
    texts["long.py"] = words_of(b"parse_date\n" + b"\n".join(b"word%d" % number for number in range(500)))
    found = mentions(changed_words(["    return parse_date(common())", "self.x = os"]), texts)
    assert found["user.py"] > found["long.py"] > found["0.py"] == 0.0
    assert words_of(b"\0binary words") == frozenset()
    assert len(SIGNALS) == len(WEIGHTS) == len(TEXT_WEIGHTS)


def test_what_is_mentioned_decides_between_equals() -> None:
    commits = [["a.py", "b.py", "c.py"]] * 4
    assert [path for path, _ in likely(commits, ["a.py"])] == ["b.py", "c.py"]
    assert [path for path, _ in likely(commits, ["a.py"], {}, {"c.py": 1.0})] == ["c.py", "b.py"]


def test_the_working_tree_s_change_is_looked_up(script: Script) -> None:
    files: dict[str, str | None] = {f"m{number}.py": f"def f{number}():\n    pass\n" for number in range(6)}
    script.commit("Begin", {**files, "a.py": "def parse_date(text):\n    return text\n",
                            "m5.py": "def f5():\n    pass\n" * 40,
                            "m4.py": "from a import parse_date\n\nparse_date('x')\n"})
    before = [path for path, _ in likely_files(script.root, ["a.py"])]
    assert before[0] == "m5.py"
    script.write({"a.py": "def parse_date(text, strict):\n    return text\n"})
    assert next(path for path, _ in likely_files(script.root, ["a.py"])) == "m4.py"
