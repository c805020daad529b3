"""A small model that writes ahead: the large one's greedy tokens stay the same, and it is asked where that pays."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from iquest_lsp.datatypes import Generation, Limits, Prompt, Sampling
from iquest_lsp.errors import UnsupportedModelError
from iquest_lsp.runtime.backends import loading
from iquest_lsp.runtime.backends.llama import LlamaBackend
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.decode import small_model
from iquest_lsp.runtime.decode.controller import Controller, DraftSource, Move
from iquest_lsp.runtime.decode.drafting import LookupDraft
from iquest_lsp.runtime.models.catalogue import embedded_path
from quantize import random_model as maker
from quantize.random_model import Recipe, tensors, write
from tests.port.test_drafting import never, prompt

LARGE = Recipe(vocab="bytes", n_vocab=258, n_layer=3, passes=1, seed=1)
LOOP = Recipe(vocab="bytes", n_vocab=258, n_layer=2, window=8, seed=1)
OPTIONS = EngineOptions(context_tokens=2048, batch_tokens=64, kv_type="f32", flash_attention=False, threads=1)
#: The large model and the small one: a copy, one of four bits, another one, one with fewer unused tokens.
PAIRS: dict[str, tuple[Recipe, Recipe]] = {
    "a copy": (LARGE, LARGE),
    "four bits": (LARGE, replace(LARGE, quantization="Q4_0")),
    "another": (LARGE, replace(LARGE, n_layer=1, seed=2)),
    "unused tokens": (replace(LARGE, n_vocab=300), replace(LARGE, n_layer=1, seed=2)),
    "more unused tokens": (LARGE, replace(LARGE, n_layer=1, n_vocab=300, seed=2)),
    "two passes": (LOOP, replace(LARGE, n_layer=1, seed=2)),
}


class Forced(Controller):
    """Lets the small model write again and again, however little that gains."""

    def __init__(self) -> None:
        super().__init__(2, can_split=False)
        self._sizes = itertools.cycle((1, 5, 2, 8, 0, 3))

    def choose(self, offered: int, match: int, **given: Any) -> Move:
        count = min(next(self._sizes), self.longest(given["room"]))
        return Move(DraftSource.SMALL, count) if count else Move(DraftSource.PLAIN)

    def goes_on(self, chances: object, **_: object) -> bool:
        return True


class NothingFound:
    """Stands for the search in the context."""

    def begin(self, tokens: object) -> None: ...
    def add(self, token: int) -> None: ...
    def find(self, most: int) -> LookupDraft:
        return LookupDraft()


Made = Callable[[str], LlamaBackend]


@pytest.fixture
def engine(tmp_path: Path) -> Made:
    def make(pair: str) -> LlamaBackend:
        large, small = (write(tmp_path / f"{at}.gguf", recipe) for at, recipe in enumerate(PAIRS[pair]))
        made = LlamaBackend(replace(OPTIONS, model_path=str(large), draft_model=str(small)))
        assert made.load(lambda share: None).notes == ()
        return made

    return make


def answer(engine: LlamaBackend, tokens: tuple[int, ...], **limits: Any) -> Generation:
    return engine.complete(Prompt(tokens), Limits(**{"max_tokens": 40, **limits}), never)


@pytest.mark.parametrize("pair", PAIRS)
def test_what_it_writes_changes_no_greedy_token(engine: Made, pair: str) -> None:
    made = engine(pair)
    made.parts.decoder.controller = Forced()
    drafted = accepted = 0
    for seed in range(4):
        plain = answer(made, prompt(seed), draft=False)
        ahead = answer(made, prompt(seed))
        assert ahead.tokens == plain.tokens
        assert ahead.logprobs == pytest.approx(plain.logprobs, abs=1e-4)
        drafted, accepted = drafted + ahead.counts.drafted, accepted + ahead.counts.accepted
    assert drafted > 60
    if pair == "a copy":
        assert accepted > 0.9 * drafted  # its cache rounds, and what is behind a close call is given up
    elif pair == "four bits":
        assert 0.3 * drafted < accepted < drafted
    else:
        assert accepted < 0.5 * drafted
    made.close()


def test_a_text_longer_than_its_cells_and_one_that_changed_are_read_again(
    engine: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_model, "READ", 64)
    monkeypatch.setattr(small_model, "STEP", 32)
    monkeypatch.setattr(small_model, "CELLS", 128)
    made = engine("a copy")
    made.parts.decoder.controller = Forced()
    texts = [
        prompt(1, 300),
        (*prompt(1, 300), 99, 98),
        prompt(2, 200),
        (*prompt(1, 150), *prompt(3, 150)),
        prompt(1, 20),
    ]
    for text in texts:
        plain = answer(made, text, max_tokens=120, draft=False)
        assert answer(made, text, max_tokens=120).tokens == plain.tokens
    made.close()


def test_warming_reads_the_text_for_it_too(engine: Made) -> None:
    made = engine("another")
    text = prompt(1, 600)
    while made.warm(text, 0, 1.0, never).remaining:
        pass
    small = made.parts.decoder.small
    assert small is not None
    assert (small.behind, small.reading_s) == (0, 0.0)
    alone = made.parts.model.size_bytes + made.context.memory_bytes
    assert made.metrics().memory_bytes == alone + small.memory_bytes > alone
    small.begin((*text, 99))
    assert small.behind == 1
    assert small.reading_s > 0
    made.close()


def test_drawn_answers_are_drafted_too(engine: Made) -> None:
    made = engine("a copy")
    made.parts.decoder.controller = Forced()
    drawn = made.complete(Prompt(prompt(1), sampling=Sampling(0.8, top_k=20)), Limits(max_tokens=60), never)
    assert drawn.counts.drafted > 20
    assert drawn.counts.accepted > 0.9 * drawn.counts.drafted  # nearly the same distribution: hardly one is refused
    made.close()


def deep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A dear model, and a cheap one of which it is a copy with layers that add nothing."""
    cheap = Recipe(vocab="bytes", n_vocab=258, n_layer=1, passes=1, n_embd=256, n_ff=1024, seed=3)
    dear = replace(cheap, n_layer=12)
    weights = tensors(dear) | tensors(cheap)
    for name, values in weights.items():
        if name.endswith(("attn_output.weight", "ffn_down.weight")) and not name.startswith("blk.0."):
            values[:] = 0
    small = write(tmp_path / "cheap.gguf", cheap)
    monkeypatch.setattr(maker, "tensors", lambda recipe: weights)
    return write(tmp_path / "dear.gguf", dear), small


@pytest.mark.parametrize("pays", [True, False])
def test_it_is_asked_where_its_measured_cost_pays_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pays: bool
) -> None:
    dear, cheap = deep(tmp_path, monkeypatch)
    large, small = (dear, cheap) if pays else (cheap, dear)
    made = LlamaBackend(replace(OPTIONS, model_path=str(large), draft_model=str(small)))
    made.load(lambda share: None)
    monkeypatch.setattr(made.parts.decoder, "lookups", {0: NothingFound()})
    calls = list[int]()
    decode = made.context.decode

    def counted(tokens: Any, *given: Any, **named: Any) -> None:
        calls.append(len(tokens))
        decode(tokens, *given, **named)

    for seed in range(4):  # the first ones learn what calls cost
        monkeypatch.setattr(made.context, "decode", decode)
        while made.warm(prompt(seed), 0, 50.0, never).remaining:
            pass
        if seed:
            monkeypatch.setattr(made.context, "decode", counted)
        answer(made, prompt(seed), max_tokens=100)
    written = sum(calls)
    if pays:
        assert len(calls) < 0.5 * written
    else:
        assert len(calls) > 0.9 * written
    made.close()


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (replace(LARGE, n_vocab=500), "their vocabularies differ"),
        (replace(LARGE, vocab="none"), "their vocabularies differ"),
    ],
)
def test_another_vocabulary_is_refused_in_a_sentence_and_the_model_works_alone(
    tmp_path: Path, other: Recipe, why: str
) -> None:
    large, small = write(tmp_path / "large.gguf", LARGE), write(tmp_path / "small.gguf", other)
    with pytest.raises(UnsupportedModelError, match=f"small.gguf cannot draft for large.gguf.*{why}"):
        loading.check_draft_files(large, small)
    loading.check_draft_files(large, large)
    made = LlamaBackend(replace(OPTIONS, model_path=str(large), draft_model=str(small)))
    (note,) = made.load(lambda share: None).notes
    assert "The draft model is not used: small.gguf cannot draft" in note
    assert any(answer(made, prompt(seed)).tokens for seed in range(4))
    made.close()


def test_one_that_is_not_there_is_said(tmp_path: Path) -> None:
    large = write(tmp_path / "large.gguf", LARGE)
    made = LlamaBackend(replace(OPTIONS, model_path=str(large), draft_model="gone"))
    (note,) = made.load(lambda share: None).notes
    assert "There is no model 'gone'" in note
    made.close()


def test_the_vocabulary_of_the_embedded_model_is_another(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModelError, match="vocabularies differ"):
        loading.check_draft_files(write(tmp_path / "large.gguf", LARGE), embedded_path())
