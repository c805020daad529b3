"""The window's end in tokens: what stands before the cursor is tokenized as if it were one text.

A model has hardly ever seen a line end apart from the indentation after it where its tokenizer joins them, nor half of
what stands before a line end where it joins these.
"""

from __future__ import annotations

import ast
import random
import textwrap
from pathlib import Path

from iquest_lsp.context.prompt import FileAtCursor, PromptFormat, encode_parts
from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.runtime.models import catalogue

PLACES = 150


def check(model: Model) -> None:
    """At places in a long file of the standard library."""
    made = PromptFormat.detect(model.metadata, model.special_tokens())
    lines = [line for module in (ast, textwrap) for line in Path(module.__file__).read_text().splitlines(keepends=True)]
    source = random.Random(1)
    for _ in range(PLACES):
        row = source.randrange(1, len(lines))
        line = lines[row].rstrip("\n")
        head = line[: source.randrange(len(line) + 1)]
        prefix = "".join(lines[max(row - source.randrange(1, 60), 0) : row])
        parts = made.current(FileAtCursor("a.py", prefix, head, "", ""))
        plain = [model.tokenize(part.text) for part in parts if not part.special]
        whole = model.tokenize(prefix + head)
        assert encode_parts(parts, model.special_tokens(), plain)[-len(whole) :] == whole, repr(prefix[-80:] + head)


def test_nanos_window_ends_as_one_text() -> None:
    model = Model.load(catalogue.resolve("nano"), vocab_only=True)
    check(model)
    model.close()
