"""The byte-level BPE of the embedded model: training, loading, special tokens."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from quantize.pretrain.manifest import SourceFile
from quantize.pretrain.recipe import TokenizerRecipe

#: llama.cpp's pre-tokenizer type "qwen2", in the spelling of src/llama-vocab.cpp: digits one by one, letters with one
#: sign before them. Its contractions fold ASCII letters only, which (?i:) would not (the long s).
QWEN2 = (
    r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
END, FIM_PREFIX, FIM_SUFFIX, FIM_MIDDLE, FIM_PAD, REPOSITORY, FILE, TAIL, HEAD = SPECIAL = (
    "<|endoftext|>",
    "<|fim_prefix|>",
    "<|fim_suffix|>",
    "<|fim_middle|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
    "<|tail|>",
    "<|head|>",
)


def train(files: Sequence[SourceFile], recipe: TokenizerRecipe, seed: int) -> Tokenizer:
    """BPE over a random sample of the files; the special tokens take the first ids."""
    order = list(files)
    random.Random(seed).shuffle(order)

    def texts() -> Iterator[str]:
        left = recipe.sample
        for item in order:
            if left <= 0:
                return
            left -= len(item.text)
            yield item.text

    tokenizer = prepared(Tokenizer(models.BPE()))
    trainer = trainers.BpeTrainer(
        vocab_size=recipe.vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts(), trainer)
    return prepared(tokenizer)


def load(path: Path) -> Tokenizer:
    """The tokenizer as saved, matching no special token in text."""
    return prepared(Tokenizer.from_file(str(path)))


def prepared(tokenizer: Tokenizer) -> Tokenizer:
    """Sets how text is split; text is never parsed for special tokens: what looks like one becomes characters."""
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN2), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.encode_special_tokens = True
    return tokenizer


def special_ids(tokenizer: Tokenizer) -> dict[str, int]:
    """Id of each special token by its text."""
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    return {text: vocabulary[text] for text in SPECIAL}
