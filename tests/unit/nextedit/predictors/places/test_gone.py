"""Uses of what was taken away."""

from __future__ import annotations

import pytest

from iquest_lsp.nextedit.records import Reason, ReasonKind
from tests.unit.nextedit.conftest import Look

MODULE = "def area(width, height):\n    return width * height\n\n\ndef twice(width):\n    return area(width, 2)\n"
CALLS = (
    "from shapes import area\n\n\ndef show(w):\n    print(area(w, 2))\n    print(area(w, height=1))\n"
    "    print(area(*w))\n    print(area(w, 2, 3, 4))\n    return area(\n        w,\n        2,\n    )\n"
)


def test_uses_of_what_is_gone_are_told(look: Look) -> None:
    found = look(
        {"shapes.py": MODULE, "show.py": CALLS, "other.py": "def other(area):\n    return area(1)\n"},
        {"shapes.py": MODULE.partition("\n\n\n")[2]},
    )
    assert {item.path for item in found} == {"shapes.py", "show.py"}
    assert {item.reason for item in found} == {Reason(ReasonKind.GONE, ("area",))}


@pytest.mark.parametrize("moved", ["def area(width, height):\n    return 1\n", "area = lambda width, height: 1\n"])
def test_what_another_file_defines_now_is_not_gone(look: Look, moved: str) -> None:
    rest = MODULE.partition("\n\n\n")[2]
    assert not look({"shapes.py": MODULE, "show.py": CALLS}, {"shapes.py": rest, "sides.py": moved})
    assert not look({"shapes.py": rest}, {"shapes.py": "from sides import area\n" + rest})
