"""The lines that `make demo` types again are in the files that it names."""

from __future__ import annotations

import pytest

from tests.e2e.demo import PLACES, ROOT


@pytest.mark.parametrize(("name", "line", "head"), PLACES)
def test_the_line_is_there(name: str, line: str, head: str) -> None:
    assert (ROOT / name).read_text("utf-8").splitlines().count(line) >= 1
    assert line.startswith(head)
    assert line != head
