"""What the formats are asked about."""

from __future__ import annotations

from iquest_lsp.nextedit.formats.asked import AskedEdit, EditFormat, EditHunk, EditPrompt, RelatedPiece

TEXT = "import os\n\n\ndef total(it, tax):\n    return it\n\n\nprint(total(1))\n"
HUNK = EditHunk("shop.py", 2, 2, (" ", "-def total(it):", "+def total(it, tax):", "     return it"))
CURSOR = TEXT.index("tax")


def prompt_of(form: EditFormat) -> EditPrompt:
    """The prompt of a format for this text."""
    made = form.prompt(AskedEdit("shop.py", TEXT, CURSOR, [HUNK], [RelatedPiece("b.py", 0, 1, "x = 1\n", 1)]))
    assert made is not None
    assert TEXT[made.start : made.end] == made.region
    return made
