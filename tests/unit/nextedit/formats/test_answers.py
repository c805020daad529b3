"""Which format a model speaks, Sweep's and our own prompts, and answers that are broken."""

from __future__ import annotations

import pytest

from iquest_lsp.nextedit.formats.asked import AskedEdit, EditFormat, EditHunk, EditPrompt, RelatedPiece
from iquest_lsp.nextedit.formats.choice import format_of
from iquest_lsp.nextedit.formats.instruct import Instruct
from iquest_lsp.nextedit.formats.sweep import Sweep
from iquest_lsp.nextedit.formats.zeta import Zeta2, Zeta21

TEXT = "import os\n\n\ndef total(it, tax):\n    return it\n\n\nprint(total(1))\n"
HUNK = EditHunk("shop.py", 2, 2, (" ", "-def total(it):", "+def total(it, tax):", "     return it"))
CURSOR = TEXT.index("tax")


@pytest.mark.parametrize(
    ("names", "form"),
    [
        (["Zeta 2"], Zeta2),
        (["zeta-2"], Zeta2),
        (["zeta-2.1"], Zeta21),
        (["Zeta v2.1 8B"], Zeta21),
        (["zeta2_1"], Zeta21),
        (["zeta-2-Q4_K_M"], Zeta2),
        (["Sweep Next Edit 0.5B"], Sweep),
        (["Hf_Model", "sweep-next-edit-v2-7b.q8_0.gguf"], Sweep),
        (["Seed Coder 8B Base", "/models/zeta-2.1-q8_0.gguf"], Zeta21),
        (["SmolLM2 135M Instruct"], Instruct),
        (["zeta-24b"], Instruct),
    ],
)
def test_a_model_is_told_by_its_name(names: list[str], form: type) -> None:
    assert type(format_of(names, follows_instructions=True)) is form


def test_a_model_that_only_continues_text_speaks_none() -> None:
    assert format_of(["StableCode 3B", "code.gguf"], follows_instructions=False) is None


def prompt_of(form: EditFormat) -> EditPrompt:
    made = form.prompt(AskedEdit("shop.py", TEXT, CURSOR, [HUNK], [RelatedPiece("b.py", 0, 1, "x = 1\n", 1)]))
    assert made is not None
    assert TEXT[made.start : made.end] == made.region
    return made


def test_sweep_is_given_the_file_the_edits_and_the_lines_as_they_were_and_are() -> None:
    made = prompt_of(Sweep())
    assert made.text == (
        "<|file_sep|>b.py\nx = 1\n\n"
        f"<|file_sep|>shop.py\n{TEXT}\n"
        "<|file_sep|>shop.py:3:4\noriginal:\ndef total(it):\n    return it\nupdated:\n"
        "def total(it, tax):\n    return it\n"
        "<|file_sep|>original/shop.py:1:6\ndef total(it):\n    return it\n\n\nprint(total(1))\n"
        "<|file_sep|>current/shop.py:1:6\ndef total(it, <|cursor|>tax):\n    return it\n\n\nprint(total(1))\n"
        "<|file_sep|>updated/shop.py:1:6\ndef total(it, "
    )
    assert made.stop == ("<|file_sep|>", "<|endoftext|>")
    assert made.text + made.draft == made.text.removesuffix(made.given) + made.region


def test_sweeps_answer_goes_on_behind_what_was_given() -> None:
    form = Sweep()
    made = prompt_of(form)
    rest = "tax):\n    return it\n\n\nprint(total(1, 2))\n"
    assert form.parse(made, rest) == f"def total(it, {rest}"
    assert form.parse(made, rest.replace("2", "<|cursor|>2") + "<|file_sep|>") == f"def total(it, {rest}"
    assert form.parse(made, rest + " No newline at end of file\n") == f"def total(it, {rest}"
    assert form.parse(made, made.draft) is None
    assert form.parse(made, made.draft.rstrip("\n")) is None
    assert form.parse(made, made.draft.replace("\n\n\n", "\n")) is None  # blank lines alone are no edit
    assert form.parse(made, rest + "more = 1\n" * 30) is None
    assert form.parse(made, "tax):\n    return it\n\n\nprint(<|file_sep|>b.py)\n") is None


def test_sweep_is_not_asked_about_what_it_would_lose_its_thread_in() -> None:
    form = Sweep()
    assert form.prompt(AskedEdit("a.py", "", 0)) is None
    assert form.prompt(AskedEdit("a.py", "x" * 700, 0)) is None
    assert form.prompt(AskedEdit("a.py", "a = '<|file_sep|>'\n", 0)) is None
    assert form.prompt(AskedEdit("a.py", TEXT, CURSOR, budget=20)) is None
    long = "".join(f"value_{n} = {n}\n" for n in range(1500))
    made = form.prompt(AskedEdit("a.py", long, long.index("value_700")))
    assert made is not None
    assert "value_600" in made.text
    assert "value_599" not in made.text.replace("value_5990", "")
    text = "".join(f"line_{n}\n" for n in range(8))
    made = form.prompt(AskedEdit("a.py", text, text.index("line_2") + 3))
    assert made is not None
    assert form.parse(made, "line_1\n" + "".join(f"other_{n}\n" for n in range(7))) is None  # all anew
    assert form.parse(made, "line_1\nmore\n" + "".join(f"line_{n}\n" for n in range(2, 8))) is None  # only pushes down
    assert form.parse(made, "line_1\nline_2\nmore\n" + "".join(f"line_{n}\n" for n in range(3, 8))) is not None


def test_our_own_words_ask_for_one_block() -> None:
    form = Instruct()
    made = prompt_of(form)
    question = made.messages[1].text
    assert "<|edit|>\nimport os" in question
    assert "def total(it, <|cursor|>tax):" in question
    assert "-def total(it):\n+def total(it, tax):" in question
    assert "The file b.py has:\nx = 1\n" in question
    new = TEXT.replace("total(1)", "total(1, 2)")
    assert form.parse(made, f"```python\n{new}```") == new
    assert form.parse(made, f"Here it is:\n````\n{new}````\n") == new
    assert form.parse(made, made.draft) is None
    for broken in ("", "NO_EDITS", "```\nNO_EDITS\n```", new, f"```\n{new}", "```\n```", f"```\n{new}```\n```\nx\n```"):
        assert form.parse(made, broken) is None
    assert form.parse(made, f"```\n<|edit|>\n{new}```") is None
    assert form.prompt(AskedEdit("a.py", "x = '<|edit|>'", 0)) is None
    assert form.prompt(AskedEdit("a.py", TEXT, 0, budget=100)) is None


def test_a_fence_is_longer_than_those_in_the_text() -> None:
    made = Instruct().prompt(AskedEdit("a.md", "Say:\n```\nx\n```\n", 2))
    assert made is not None
    assert "````\n<|edit|>" in made.messages[1].text
