"""Our own prompt, and answers that are broken."""

from __future__ import annotations

from iquest_lsp.nextedit.formats.asked import AskedEdit
from iquest_lsp.nextedit.formats.instruct import Instruct
from tests.unit.nextedit.formats.asked import TEXT, prompt_of


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
