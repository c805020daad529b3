"""Whole lines that go or come alike."""

from __future__ import annotations

import pytest

from iquest_lsp.nextedit.predictors.whole_lines import is_telling
from tests.unit.nextedit.conftest import Think, places


def test_lines_that_went_or_came_twice_go_and_come_again(think: Think) -> None:
    part = "def {0}(request):\n    check_login(request)\n    return {0}_page\n\n\n"
    before = "".join(part.format(name) for name in ("one", "two", "three"))
    gone = before.replace("    check_login(request)\n", "", 2)
    found = places(think({"a.py": before}, {"a.py": gone}), "repeat")
    assert ("a.py", 10, "    check_login(request)\n", "") in found
    come = before.replace("    check_login(request)\n", "    check_login(request)\n    log_visit(request)\n", 2)
    found = places(think({"b.py": before}, {"b.py": come}), "repeat")
    assert ("b.py", 15, "", "    log_visit(request)\n") in found


def test_lines_that_went_once_or_say_little_are_looked_for_nowhere_else(think: Think) -> None:
    before = {"a.py": "x = 1\ny = 2\n", "b.py": "x = 1\n"}
    assert not any(item.path == "b.py" for item in think(before, {"a.py": "y = 2\n"}))


@pytest.mark.parametrize(
    ("line", "telling"),
    [("", False), ("    }", False), ("x = 1", False), ("name", False), ("self.read(a)", True), ("# 1234", False)],
)
def test_a_line_says_enough_to_be_looked_for(line: str, telling: bool) -> None:
    assert is_telling(line) is telling
