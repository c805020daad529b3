"""What became of a line."""

from __future__ import annotations

from tests.unit.codeflow.conftest import Script, history_of


def test_of_a_line_it_is_told_what_it_was(script: Script) -> None:
    script.commit("Begin", {"lib.py": "LIMIT = 10\nDEPTH = 3\n"})
    script.commit("Allow more", {"lib.py": "# At most.\nLIMIT = 25\nDEPTH = 3\n"})
    script.commit("Align", {"lib.py": "# At most.\nLIMIT   = 25\nDEPTH = 3\n"})
    history = history_of(script.root, script.root / ".kept", include_filtered=True)
    for _ in range(2):  # what was found is kept for the second time
        assert [item.change for item in history.why("lib.py:2").story] == [
            "the constant was added; the line came with it",
            "the line was changed: `LIMIT = 10` becomes `LIMIT = 25`",
            "the formatting of the line was changed",
        ]


BLOCK = """def taken(places):
    chosen = [place for place in places if place.free]
    return sorted(chosen, key=lambda place: place.name)
"""


def test_a_line_is_followed_through_the_files_that_it_stood_in(script: Script) -> None:
    script.commit("Begin", {"a.py": "import b\n\n\n" + BLOCK.replace("free", "open")})
    script.commit("Take free ones", {"a.py": "import b\n\n\n" + BLOCK})
    script.git("tag", "v1")
    script.commit("Split it", {"a.py": "import b\n", "c.py": '"""Places."""\n\n\n' + BLOCK})
    script.git("tag", "v2")
    below = "def first():\n    return 1\n\n\n"
    script.commit("Begin c", {"c.py": '"""Places."""\n\n\n' + BLOCK + "\n\n" + below})
    script.commit("Turn it round", {"c.py": '"""Places."""\n\n\n' + below + BLOCK})
    told = history_of(script.root, include_filtered=True).why("c.py:9")
    changes = [item.change for item in told.story]
    assert [change.split("; ")[-1] for change in changes if "line" in change] == [
        "the line came with it",
        "the line was changed: `chosen = [place for place in places if place.open]` becomes "
        "`chosen = [place for place in places if place.free]`",
        "the line was moved here from a.py",
        "the line was moved within the file",
    ]
    assert told.since == "v1"


def test_lines_that_any_file_may_have_are_not_followed_elsewhere(script: Script) -> None:
    script.commit("Begin", {"a.py": "import b\n\n\ndef f():\n    return None\n"})
    script.commit("Split it", {"a.py": "import b\n", "c.py": "def g():\n    return None\n"})
    (step,) = history_of(script.root, include_filtered=True).why("c.py:2").story
    assert "the line came with it" in step.change
