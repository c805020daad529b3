"""Logs of several tools, and the suspects they lead to."""

from __future__ import annotations

from pathlib import Path

import pytest

from iquest_lsp.codeflow.answers.logs import read_log
from tests.unit.codeflow.conftest import Script, history_of

TRACKED = [
    "src/app/core.py",
    "src/app/util.py",
    "tests/test_core.py",
    "src/main.rs",
    "lib/parse.ts",
    "cmd/run.go",
    "src/main/java/org/shop/Cart.java",
    "lib/util.js",
    "other/util.py",
]


@pytest.mark.parametrize(
    ("log", "path", "line"),
    [
        (
            'Traceback (most recent call last):\n  File "/ci/build/tests/test_core.py", line 9, in test_a\n'
            "  File \"/ci/build/src/app/core.py\", line 41, in load\nKeyError: 'rows'\n",
            "src/app/core.py",
            40,
        ),
        (
            "tests/test_core.py:9: in test_a\n    load()\nsrc/app/core.py:41: KeyError\nE   KeyError: 'rows'\n"
            "FAILED tests/test_core.py::test_a - KeyError: 'rows'\n",
            "src/app/core.py",
            40,
        ),
        ("error[E0308]: mismatched types\n  --> src/main.rs:7:13\n", "src/main.rs", 6),
        ("thread 'main' panicked at src/main.rs:7:13:\nindex out of bounds\n", "src/main.rs", 6),
        ("lib/parse.ts(12,5): error TS2322: Type 'string' is not assignable\n", "lib/parse.ts", 11),
        (
            "panic: runtime error\n\ngoroutine 1 [running]:\nmain.run()\n\t/home/ci/cmd/run.go:30 +0x1d\n",
            "cmd/run.go",
            29,
        ),
        ("./cmd/run.go:30:2: undefined: x\n", "cmd/run.go", 29),
        ("TypeError: x is not a function\n    at parse (/app/lib/util.js:3:9)\n", "lib/util.js", 2),
        (
            "java.lang.IllegalStateException\n\tat org.shop.Cart.total(Cart.java:77)\n",
            "src/main/java/org/shop/Cart.java",
            76,
        ),
    ],
)
def test_places(log: str, path: str, line: int) -> None:
    first = read_log(log, TRACKED).frames[0]
    assert (first.path, first.line) == (path, line)


def test_the_deepest_frame_weighs_most_and_foreign_files_nothing() -> None:
    log = (
        'Traceback (most recent call last):\n  File "/x/src/app/core.py", line 3, in a\n'
        '  File "/usr/lib/python3/json/decoder.py", line 3, in b\n  File "/x/src/app/util.py", line 5, in c\n'
    )
    failure = read_log(log, TRACKED)
    assert [frame.path for frame in failure.frames] == ["src/app/util.py", "src/app/core.py"]
    # `util.py` alone could be either of two files.
    assert read_log("util.py:3: error: bad\n", TRACKED).frames == ()


def test_words_of_the_error() -> None:
    failure = read_log("E   AttributeError: 'NoneType' object has no attribute 'row_limit'\n", TRACKED)
    assert "row_limit" in failure.words
    assert "NoneType" not in failure.words


def test_nonsense_is_no_error() -> None:
    assert read_log("\0\xff" * 1000 + "\n" * 10, TRACKED).frames == ()
    assert read_log("", []).words == frozenset()


CORE = """def load(rows, row_limit=3):
    if rows is None:
        return []
    return rows[:row_limit]


def store(rows):
    return len(rows)
"""
TEST = """from core import load


def test_load():
    assert load(None) == []
"""


@pytest.mark.slow
def test_suspects_after_the_last_release(script: Script, tmp_path: Path) -> None:
    script.commit("Add load", {"core.py": CORE, "tests/test_core.py": TEST})
    script.commit("Store more", {"core.py": CORE.replace("len(rows)", "len(rows) + 1")})
    script.git("tag", "v1.0")
    script.commit("Explain load", {"README.md": "load\n"})
    bad = script.commit("Simplify load", {"core.py": CORE.replace("    if rows is None:\n        return []\n", "")})
    script.commit("Add other", {"other.py": "def other():\n    return 1\n"})
    script.commit(
        "Tidy store",
        {
            "core.py": CORE.replace("    if rows is None:\n        return []\n", "").replace(
                "len(rows)", "max(len(rows), 0)"
            )
        },
    )
    folder = tmp_path / "store"
    by_line = history_of(script.root, folder=folder).suspects("core.py:2")
    assert by_line.items[0].commit == bad
    assert by_line.since == "v1.0"
    assert "after v1.0" in by_line.items[0].reason
    traceback = (
        'Traceback (most recent call last):\n  File "tests/test_core.py", line 5, in test_load\n'
        "  File \"core.py\", line 2, in load\nTypeError: 'NoneType' object is not subscriptable\n"
    )
    assert history_of(script.root, folder=folder).suspects_in_log(traceback).items[0].commit == bad
    # The failing test alone is enough: it names what it calls.
    only_test = "FAILED tests/test_core.py::test_load - AssertionError\ntests/test_core.py:5: AssertionError\n"
    named = history_of(script.root, folder=folder).suspects_in_log(only_test)
    assert bad in [item.commit for item in named.items[:2]]
    assert set(named.to_json()["items"][0]) == {"commit", "date", "subject", "score", "reason", "paths"}  # type: ignore[index]
    assert "Suspects" in named.to_markdown()
    assert not any(item.subject == "Explain load" for item in named.items)
