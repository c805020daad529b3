from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iquest_lsp.context.tokens import TokenCache

from .sessions import library
from .toys import ToyTokenizer

TEXT = next(iter(library("json").values()))


def test_one_call_for_many_texts_and_none_for_known_ones() -> None:
    tokenizer = ToyTokenizer()
    cache = TokenCache(tokenizer)
    first = cache.ids(["one", "two", "one", ""])
    assert tokenizer.calls == 1
    assert first[0] == first[2]
    assert list(first[3]) == []
    assert cache.ids(["two", "one"]) == [first[1], first[0]]
    assert tokenizer.calls == 1


@pytest.mark.parametrize("name", ["json/decoder.py", "asyncio/tasks.py", "email/header.py"])
def test_pieces_together_are_the_whole(name: str) -> None:
    text = library(name.partition("/")[0], most_lines=2000)[name]
    tokenizer = ToyTokenizer()
    cache = TokenCache(tokenizer)
    cache.ids(["warm up"])
    assert list(cache.ids([text])[0]) == tokenizer([text])[0]


def test_a_line_added_to_a_long_text_costs_one_piece() -> None:
    text = library("asyncio", most_lines=2000)["asyncio/tasks.py"]
    tokenizer = ToyTokenizer()
    cache = TokenCache(tokenizer)
    cache.ids(["warm up"])
    cache.ids([text])
    lines = text.split("\n")
    lines.insert(len(lines) // 2, "    added = 1")
    before = tokenizer.characters
    changed = "\n".join(lines)
    assert list(cache.ids([changed])[0]) == ToyTokenizerLike(tokenizer)(changed)
    assert tokenizer.characters - before < len(text) // 3 + len(changed)


class ToyTokenizerLike:
    """The same ids, asked for past the cache."""

    def __init__(self, tokenizer: ToyTokenizer) -> None:
        self._tokenizer = tokenizer

    def __call__(self, text: str) -> list[int]:
        return self._tokenizer([text])[0]


def test_a_tokenizer_that_joins_across_lines_is_not_given_pieces() -> None:
    asked: list[str] = []

    def greedy(texts: Sequence[str]) -> list[list[int]]:
        asked.extend(texts)
        # One id more at each text's beginning, as tokenizers with a prefix space make.
        return [[1, *map(ord, text)] for text in texts]

    cache = TokenCache(greedy)
    cache.ids(["warm up"])
    long = "line = 1\n" * 2000
    assert len(cache.ids([long])[0]) == len(long) + 1
    assert long in asked


@pytest.mark.slow
def test_a_byte_level_tokenizer_of_the_usual_kind_is_given_pieces() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    # Three pre-tokenizers: GPT-2's, and the patterns of the Llama 3 and Qwen 2 families.
    llama3 = (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
        r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
    byte_level = tokenizers.pre_tokenizers.ByteLevel
    usual = [byte_level(add_prefix_space=False)]
    for pattern in (llama3, llama3.replace("{1,3}", "")):
        split = tokenizers.pre_tokenizers.Split(tokenizers.Regex(pattern), "isolated")
        plain = byte_level(add_prefix_space=False, use_regex=False)
        usual.append(tokenizers.pre_tokenizers.Sequence([split, plain]))
    files = list(library("json", "urllib", "http", most_lines=2000).values())
    for pre_tokenizer in usual:
        model = tokenizers.Tokenizer(tokenizers.models.BPE())
        model.pre_tokenizer = pre_tokenizer
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=1200, initial_alphabet=byte_level.alphabet(), show_progress=False
        )
        model.train_from_iterator(files[:4], trainer)

        def encode(texts: Sequence[str], model: Any = model) -> list[list[int]]:
            return [item.ids for item in model.encode_batch(list(texts))]

        cache = TokenCache(encode)
        cache.ids(["warm up"])
        assert cache.splits
        for text in files:
            assert list(cache.ids([text])[0]) == encode([text])[0]


def test_the_cache_is_bounded() -> None:
    cache = TokenCache(lambda texts: [list(range(len(text))) for text in texts], max_tokens=1000)
    for number in range(200):
        cache.ids([f"{number:050}"])
    assert cache.held <= 1000
    assert len(cache) < 20
    # What was used last is still known.
    calls = cache.batches
    cache.ids([f"{199:050}"])
    assert cache.batches == calls


def test_estimates_are_near_and_exact_once_known() -> None:
    tokenizer = ToyTokenizer()
    cache = TokenCache(tokenizer)
    cache.ids([TEXT])
    assert cache.estimate(TEXT) == len(tokenizer([TEXT])[0])
    other = library("email")["email/header.py"]
    assert 0.6 < cache.estimate(other) / len(tokenizer([other])[0]) < 1.7


@given(st.lists(st.text(alphabet="ab \n=漢\ud800", max_size=30), max_size=8))
@pytest.mark.slow
def test_any_texts(texts: list[str]) -> None:
    tokenizer = ToyTokenizer()
    found = TokenCache(tokenizer).ids(texts)
    assert [list(ids) for ids in found] == tokenizer(texts)
