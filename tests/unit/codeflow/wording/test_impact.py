"""The answer to what else must change, as JSON and markdown."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.facts import WITHHELD
from iquest_lsp.codeflow.gaps import Gap, GapKind
from iquest_lsp.codeflow.wording.impact import ORDER, Impact, ImpactItem, Use, UseKind

CALL = ImpactItem("a.py", 3, "caller", Use(UseKind.CALLS, ("read", "", "")), 0.91234)


@pytest.mark.parametrize(
    ("use", "told"),
    [
        (Use(UseKind.CALLS, ("read", "", "")), "calls `read`"),
        (Use(UseKind.USES, ("read", "Shop.open", "")), "uses `read` in `Shop.open`"),
        (
            Use(UseKind.CALLS, ("read", "f", "kit")),
            "calls `read` in `f` (only the name matches: it may be another than the one in kit)",
        ),
        (Use(UseKind.OVERRIDES, ("Shop.read",)), "overrides `Shop.read`"),
        (Use(UseKind.MENTIONS, ("read", "`read(a)`")), "mentions `read`: `read(a)`"),
        (Use(UseKind.WITHHELD), WITHHELD),
    ],
)
def test_what_a_place_has_to_do_with_it(use: Use, told: str) -> None:
    assert ImpactItem("a.py", 1, "caller", use, 1.0).reason == told


@pytest.mark.parametrize("kind", UseKind)
def test_each_use_has_words(kind: UseKind) -> None:
    values = ("1", "2", "3", "4") if kind is UseKind.BY_WAY_OF else ("1", "2", "3")
    assert "{" not in ImpactItem("a", 1, "docs", Use(kind, values), 1.0).reason


def test_a_whole_file_is_a_place_without_a_line() -> None:
    assert CALL.place == "a.py:3"
    assert ImpactItem("t.py", 1, "test", Use(UseKind.NAMED_TEST, ("a.py",)), 1.0).place == "t.py"


def test_places_stand_under_their_kinds() -> None:
    items = [ImpactItem("x", 1, kind, Use(UseKind.MENTIONS, ("f", "![a](b)")), 1.0) for kind in reversed(ORDER)]
    text = Impact("a.py::f", tuple(items)).to_markdown()
    heads = [line for line in text.split("\n") if line.startswith("## ")]
    assert len(heads) == len(ORDER)
    assert heads[0] == "## Callers"
    assert "![" not in text.replace("\\![", "")


def test_nothing_found_is_said() -> None:
    text = Impact("a_b.py", (), gaps=(Gap(GapKind.BARE),)).to_markdown()
    assert text.startswith("# What changing a\\_b.py may affect\n\n*Partial:*")
    assert "No use of it was found" in Impact("a_b.py", ()).to_markdown()
    assert (
        "Nothing changes in the working tree."
        in Impact("the working tree", (), is_diff=True, changes_nothing=True).to_markdown()
    )


def test_the_json_form() -> None:
    told = Impact("a.py::read", (CALL,), ("read",)).to_json()
    assert told["items"] == [
        {"path": "a.py", "line": 3, "kind": "caller", "reason": "calls `read`", "confidence": 0.912}
    ]
    assert (told["definitions"], told["partial"]) == (["read"], None)
