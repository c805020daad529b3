"""Sweep's prompt, and answers that are broken."""

from __future__ import annotations

from iquest_lsp.nextedit.formats.asked import AskedEdit
from iquest_lsp.nextedit.formats.sweep import Sweep
from tests.unit.nextedit.formats.asked import CURSOR, TEXT, prompt_of


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
