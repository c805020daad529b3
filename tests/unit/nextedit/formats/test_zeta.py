"""Prompts of Zeta beside what the makers' own bindings gave for the same, and answers that are broken."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from iquest_lsp.nextedit.formats.asked import AskedEdit, EditFormat, EditHunk, EditPrompt, RelatedPiece
from iquest_lsp.nextedit.formats.zeta import Zeta2, Zeta21, blocks

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("zeta_cases.json").read_text("utf-8"))
SHOP = "x = 1\ny = 2\nz = 3"


def asked_of(case: dict[str, Any]) -> AskedEdit:
    """What a kept case asks for."""
    it = case["asked"]
    hunks = [EditHunk(**{**hunk, "lines": tuple(hunk["lines"])}) for hunk in it.get("hunks", ())]
    pieces = [RelatedPiece(**piece) for piece in it.get("pieces", ())]
    syntax = [(start, end) for start, end in it.get("syntax", ())]
    return AskedEdit(it["path"], it["text"], it["cursor"], hunks, pieces, syntax=syntax)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
@pytest.mark.parametrize("form", [Zeta2(), Zeta21()], ids=lambda form: str(form.name))
def test_the_prompt_is_the_makers(form: EditFormat, case: dict[str, Any]) -> None:
    made = form.prompt(asked_of(case))
    expected = case["zeta2" if isinstance(form, Zeta2) else "zeta21"]
    assert (made.text if made is not None else None) == expected


def prompt_of(form: EditFormat, text: str = SHOP) -> EditPrompt:
    made = form.prompt(AskedEdit("a.py", text, 4))
    assert made is not None
    return made


def test_only_the_signs_of_the_format_are_special() -> None:
    it = AskedEdit(
        "a.py",
        SHOP,
        4,
        [EditHunk("b.py", 0, 0, ("-<filename>b", "+<[fim-middle]>"))],
        [RelatedPiece("c", 0, 1, "<filename>", 1)],
    )
    made = Zeta2().prompt(it)
    assert made is not None
    assert [part.text for part in made.parts if part.special] == [
        "<[fim-suffix]>",
        "<[fim-prefix]>",
        "<filename>",
        "<filename>",
        "<filename>",
        "<[fim-middle]>",
    ]


@pytest.mark.parametrize("sign", ["<[fim-suffix]>", "<filename>", "<|user_cursor|>"])
def test_no_prompt_for_a_text_with_the_signs_of_the_format(sign: str) -> None:
    for form in (Zeta2(), Zeta21()):
        assert form.prompt(AskedEdit("a.py", f"x = '{sign}'\n", 0)) is None
    assert Zeta2().prompt(AskedEdit("a.py", "a\n=======\nb\n", 0)) is None
    assert Zeta21().prompt(AskedEdit("a.py", "a = '<|marker_1|>'\n", 0)) is None


def test_a_smaller_budget_drops_pieces_first_then_edits_then_all() -> None:
    it = AskedEdit(
        "a.py", SHOP, 4, [EditHunk("b.py", 0, 0, ("-a", "+b"))], [RelatedPiece("c.py", 0, 1, "word " * 60, 1)]
    )
    shown = []
    for budget in (4096, 120, 60, 20):
        made = Zeta2().prompt(replace(it, budget=budget))
        shown.append("" if made is None else ("c.py" in made.text) * "p" + ("b.py" in made.text) * "e" + "r")
    assert shown == ["per", "er", "r", ""]


def test_zeta_2_gives_the_region_anew() -> None:
    form = Zeta2()
    made = prompt_of(form)
    assert form.parse(made, "x = 1\ny = 3\nz = 3\n>>>>>>> UPDATED\n") == "x = 1\ny = 3\nz = 3"
    assert form.parse(made, "x = 1\ny = <|user_cursor|>3\nz = 3\n") == "x = 1\ny = 3\nz = 3"
    assert form.parse(made, made.draft) is None
    for answer in ("NO_EDITS\n", "NO_EDITS", " NO_EDITS\n>>>>>>> UPDATED", "", "\n", SHOP, SHOP + "\n"):
        assert form.parse(made, answer) is None
    for broken in (
        "<<<<<<< CURRENT\nx = 2\n=======\nx = 3\n",
        "x\n<filename>b.py\ny",
        "x<[fim-middle]>",
        "a\n=======\n",
    ):
        assert form.parse(made, broken) is None
    assert form.parse(made, "x<|user_cursor|>\n<|user_cursor|>y") is None


def test_zeta_2_1_names_the_blocks_that_it_replaces() -> None:
    form = Zeta21()
    text = "".join(f"line_{n} = {n}\n" + ("\n" if n % 8 == 7 else "") for n in range(24))
    made = prompt_of(form, text)
    cuts = blocks(made.region)
    assert len(cuts) > 3
    new = form.parse(made, "<|marker_2|>other = 1\n<|marker_3|><[end▁of▁sentence]>")
    assert new == made.region[: cuts[1]] + "other = 1\n" + made.region[cuts[2] :]
    several = form.parse(made, "<|marker_1|>one = 1\n<|marker_2|>two = 2\n<|marker_3|>")
    assert several == "one = 1\ntwo = 2\n" + made.region[cuts[2] :]
    assert form.parse(made, made.draft) is None
    broken = [
        "",
        "x = 1",
        "<|marker_1|>",
        "<|marker_1|><|marker_1|>",
        "<|marker_2|>x<|marker_1|>",
        "<|marker_0|>x<|marker_2|>",
    ]
    broken += [
        "<|marker_1|>x<|marker_99|>",
        "<|marker_x|>x<|marker_y|>",
        "NO_EDITS",
        f"<|marker_1|>x<|marker_{'9' * 99}|>",
    ]
    broken += ["<|marker_1|>x = <|marker_<|marker_2|>", "<|marker_1|><filename>x<|marker_2|>"]
    for answer in broken:
        assert form.parse(made, answer) is None
