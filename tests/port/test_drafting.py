"""Drafts on random Loop models and plain ones: the same greedy tokens as one token at a time, in any session."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from iquest_lsp.datatypes import Generation, Limits, Prompt, Sampling
from iquest_lsp.errors import RequestCancelledError
from iquest_lsp.runtime.backends.llama import LlamaBackend
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.decode.controller import Call, Controller, DraftSource, Move
from iquest_lsp.runtime.decode.copy_mixture import CopyShares
from iquest_lsp.runtime.decode.drafting import LookupDraft
from quantize.random_model import Recipe, write

RECIPES = {
    "rope": Recipe(vocab="bytes", n_vocab=258, n_layer=3, window=8),
    "alibi": Recipe(vocab="bytes", n_vocab=258, n_layer=3, window=8, max_alibi_bias=8.0),
    "three passes": Recipe(vocab="bytes", n_vocab=258, n_layer=2, window=6, passes=3),
    "parallel": Recipe(vocab="bytes", n_vocab=258, n_layer=3, window=8, parallel=True),
    "community": Recipe(vocab="bytes", n_vocab=258, n_layer=3, window=8, community=True),
    "exit head": Recipe(vocab="bytes", n_vocab=258, n_layer=3, window=8, exit_head=True),
    "one pass": Recipe(vocab="bytes", n_vocab=258, n_layer=3, passes=1),
}


def never() -> bool:
    return False


class Forced(Controller):
    """Takes its sources in turns, so that each is used however little it gains."""

    def __init__(self, like: Controller, sources: tuple[DraftSource, ...]) -> None:
        super().__init__(2, can_split=like.can_split)
        self._turns = itertools.cycle(sources)
        self._sizes = itertools.cycle((1, 5, 2, 8, 3))

    def choose(self, offered: int, match: int, **_: object) -> Move:
        source, count = next(self._turns), next(self._sizes)
        room = self.longest(int(_["room"]))  # type: ignore[call-overload]
        if source is DraftSource.LOOKUP and offered:
            return Move(source, min(count, offered))
        return Move(source, min(count, room)) if source is DraftSource.PASS and room else Move(DraftSource.PLAIN)

    def goes_on(self, chances: object, **_: object) -> bool:
        return True


@pytest.fixture(scope="module", params=RECIPES)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LlamaBackend:
    path = write(tmp_path_factory.mktemp("drafting") / "model.gguf", RECIPES[request.param])
    made = LlamaBackend(
        EngineOptions(
            model_path=str(path), context_tokens=1024, batch_tokens=64, kv_type="f32", flash_attention=False, threads=1
        )
    )
    made.load(lambda share: None)
    return made


def force(engine: LlamaBackend) -> Forced:
    parts = engine.parts
    assert parts is not None
    like = parts.decoder.controller
    sources = (
        (DraftSource.LOOKUP, DraftSource.PASS, DraftSource.PLAIN)
        if like.can_split
        else (DraftSource.LOOKUP, DraftSource.PLAIN)
    )
    parts.decoder.controller = forced = Forced(like, sources)
    return forced


def prompt(seed: int, size: int = 150) -> tuple[int, ...]:
    """Few different tokens, so that the context offers drafts, right and wrong ones."""
    return tuple(int(token) for token in np.random.default_rng(seed).integers(97, 101, size))


def answer(engine: LlamaBackend, tokens: tuple[int, ...], **limits: object) -> Generation:
    return engine.complete(Prompt(tokens), Limits(**{"max_tokens": 40, **limits}), never)  # type: ignore[arg-type]


class Guesses:
    """Stands for the search in the context: offers what plain decoding wrote, with a wrong token now and then."""

    plain: tuple[int, ...] = ()
    share = 0.2  # of wrong ones

    def begin(self, tokens: object) -> None:
        self._place = 0
        self._random = np.random.default_rng(5)

    def add(self, token: int) -> None:
        self._place += 1

    def find(self, most: int) -> LookupDraft:
        wrong = self._random.random(most) < self.share
        rest = self.plain[self._place : self._place + most]
        return LookupDraft(tuple(97 if bad else token for token, bad in zip(rest, wrong, strict=False)), 5)


def guess(engine: LlamaBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = engine.parts
    assert parts is not None
    monkeypatch.setattr(parts.decoder, "lookups", {0: Guesses()})


def test_forced_drafts_change_no_greedy_token(engine: LlamaBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    forced = force(engine)
    guess(engine, monkeypatch)
    for seed in range(6):
        tokens = prompt(seed)
        plain = answer(engine, tokens, draft=False)
        monkeypatch.setattr(Guesses, "plain", plain.tokens)
        drafted = answer(engine, tokens)
        again = answer(engine, (*tokens, *plain.tokens[:20], 99), draft=False)  # what is kept in the cache is right
        fresh = answer(engine, (*tokens, *plain.tokens[:20], 99), draft=False)
        assert drafted.tokens == plain.tokens
        assert np.allclose(drafted.logprobs, plain.logprobs, atol=1e-4)
        assert again.tokens == fresh.tokens
        assert drafted.counts.drafted > 10
        assert 0 < drafted.counts.accepted < drafted.counts.drafted
        assert plain.counts.drafted == 0
    assert any(forced.costs.of(Call.FULL, rows, 200) > 0 for rows in range(1, 9))


def test_drafts_change_nothing_of_what_copying_changes(engine: LlamaBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = engine.parts
    assert parts is not None
    monkeypatch.setattr(parts.decoder.mixtures, "shares", CopyShares((1, 3), ((0.6, 0.7, 0.5), (0.99, 0.99, 0.9))))
    alone = [answer(engine, prompt(seed), copying=False).tokens for seed in range(4)]
    force(engine)
    changed = 0
    for seed in range(4):
        tokens = prompt(seed)
        plain = answer(engine, tokens, draft=False)
        drafted = answer(engine, tokens)
        assert drafted.tokens == plain.tokens
        assert np.allclose(drafted.logprobs, plain.logprobs, atol=1e-4)
        assert drafted.counts.drafted > 0
        changed += plain.tokens != alone[seed]
        assert answer(engine, tokens, copying=False, draft=False).tokens == alone[seed]
    assert changed


def test_rejected_drafts_leave_the_cache_as_plain_decoding_does(
    engine: LlamaBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    force(engine)
    guess(engine, monkeypatch)
    monkeypatch.setattr(Guesses, "plain", answer(engine, prompt(11), draft=False).tokens)
    parts = engine.parts
    assert parts is not None
    tokens = prompt(11)
    drafted = answer(engine, tokens)
    held = parts.prefill.cache.held(0)
    assert parts.context.position_max(0) == held - 1
    longer = (*tokens, *drafted.tokens[:30], 98, 97)
    warm = answer(engine, longer, draft=False)
    parts.prefill.cache.clear()
    parts.context.clear()
    cold = answer(engine, longer, draft=False)
    assert warm.counts.reused > len(tokens) - 1
    assert warm.tokens == cold.tokens
    assert np.allclose(warm.logprobs, cold.logprobs, atol=1e-4)


def test_a_cancelled_draft_leaves_a_clean_cache(engine: LlamaBackend) -> None:
    force(engine)
    parts = engine.parts
    assert parts is not None
    tokens = prompt(12)
    plain = answer(engine, tokens, draft=False)
    for stop in (3, 5, 8, 13):
        asked = itertools.count()
        with pytest.raises(RequestCancelledError):
            engine.complete(Prompt(tokens), Limits(max_tokens=40), lambda asked=asked, stop=stop: next(asked) > stop)  # type: ignore[misc]
        assert parts.context.position_max(0) == parts.prefill.cache.held(0) - 1
        assert answer(engine, tokens, draft=False).tokens == plain.tokens


def test_healing_limits_the_first_tokens_and_drafts_the_rest(engine: LlamaBackend) -> None:
    force(engine)
    tokens = tuple(engine.tokenize(["alpha = beta\nalpha = beta\nalpha = be"])[0])
    plain = engine.complete(Prompt(tokens, heal=True), Limits(max_tokens=30, draft=False), never)
    drafted = engine.complete(Prompt(tokens, heal=True), Limits(max_tokens=30), never)
    assert (drafted.tokens, drafted.text) == (plain.tokens, plain.text)


def test_sampled_answers_follow_the_same_distribution(tmp_path: Path) -> None:
    """The pair of the first two tokens after a prompt, drawn many times, plain and with forced drafts of pass 1."""
    path = write(tmp_path / "tiny.gguf", Recipe(vocab="bytes", n_vocab=258, n_layer=2, window=6))
    engine = LlamaBackend(
        EngineOptions(model_path=str(path), context_tokens=256, kv_type="f32", flash_attention=False, threads=1)
    )
    engine.load(lambda share: None)
    force(engine)
    counts: dict[bool, dict[int, int]] = {True: {}, False: {}}
    draws = 1500
    for draft in (True, False):
        for _ in range(draws):
            made = engine.complete(
                Prompt(prompt(1, 20), sampling=Sampling(0.5)), Limits(max_tokens=3, draft=draft), never
            )
            kind = made.tokens[1] % 6 if len(made.tokens) > 1 else 6
            counts[draft][kind] = counts[draft].get(kind, 0) + 1
    kinds = sorted(set(counts[True]) | set(counts[False]))
    statistic = sum(
        (counts[True].get(kind, 0) - counts[False].get(kind, 0)) ** 2
        / (counts[True].get(kind, 0) + counts[False].get(kind, 0))
        for kind in kinds
    )
    assert len(kinds) > 2
    assert statistic < 24.32  # 99.95% quantile with 6 degrees of freedom
