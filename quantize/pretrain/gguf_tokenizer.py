"""The tokenizer that a model file carries, as a `tokenizers` object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tokenizers import Tokenizer, models

from quantize.pretrain import tokenizer as vocabulary


def from_fields(fields: Mapping[str, Any]) -> Tokenizer:
    """The tokenizer from the metadata of a file that export.write made."""
    tokens: list[str] = fields["tokenizer.ggml.tokens"]
    merges = [tuple(pair.split(" ")) for pair in fields["tokenizer.ggml.merges"]]
    made = Tokenizer(models.BPE({text: at for at, text in enumerate(tokens)}, merges))
    made.add_special_tokens(list(vocabulary.SPECIAL))
    return vocabulary.prepared(made)
