"""Reuse of KV on random models: shared beginnings, shelves, moved spans; counted, and equal to a cold evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from iquest_lsp.datatypes import Generation, Limits, Prompt
from iquest_lsp.errors import EngineError
from iquest_lsp.runtime.backends.llama import LlamaBackend
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.kv.prefill import REWIND_EXTRA, WORTH_SHARING
from quantize.random_model import Recipe, write

VOCABULARY = 256
BYTES = {"vocab": "bytes", "n_vocab": VOCABULARY + 2}
SHARING = {
    "rope": Recipe(**BYTES, n_layer=4, window=8),
    "alibi": Recipe(**BYTES, n_layer=4, window=8, max_alibi_bias=8.0),
    "parallel": Recipe(**BYTES, n_layer=2, window=8, parallel=True, gate_hidden=True),
}
#: Models for which a span's keys and values do not depend on what stands far before it, so that moving it is exact:
#: heads that see a few dozen tokens, and a first pass of one layer, which sees the token alone.
LOCAL = {
    "alibi": Recipe(**BYTES, n_layer=2, window=8, max_alibi_bias=1.0, n_head=2),
    "rope": Recipe(**BYTES, n_layer=1, window=8),
}

Engines = Callable[..., LlamaBackend]


def never() -> bool:
    return False


def engine(path: Path, cells: int = 4096, sequences: int = 2) -> LlamaBackend:
    made = LlamaBackend(
        EngineOptions(
            model_path=str(path),
            context_tokens=cells,
            batch_tokens=64,
            kv_type="f32",
            flash_attention=False,
            threads=1,
            sequences=sequences,
        )
    )
    made.load(lambda share: None)
    return made


@pytest.fixture
def engines() -> Iterator[Engines]:
    made: list[LlamaBackend] = []

    def make(path: Path, cells: int = 4096, sequences: int = 2) -> LlamaBackend:
        made.append(engine(path, cells, sequences))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Recipe], Path]:
    folder = tmp_path_factory.mktemp("prefixes")
    files: dict[Recipe, Path] = {}

    def make(recipe: Recipe) -> Path:
        if recipe not in files:
            files[recipe] = write(folder / f"{len(files)}.gguf", recipe)
        return files[recipe]

    return make


def words(random: np.random.Generator, n: int) -> tuple[int, ...]:
    return tuple(int(token) for token in random.integers(0, VOCABULARY, n))


def ask(made: LlamaBackend, tokens: tuple[int, ...], sequence: int = 0, answer: int = 6) -> Generation:
    return made.complete(Prompt(tokens, sequence=sequence), Limits(max_tokens=answer), never)


def hurried(made: LlamaBackend, tokens: tuple[int, ...], answer: int = 6) -> Generation:
    """Asks with a deadline that leaves no time to evaluate much (tokens are said to take a second each)."""
    made.parts.prefill.token_ms = 1000.0
    return made.complete(Prompt(tokens), Limits(max_tokens=answer, deadline_ms=120_000), never)


def check(got: Generation, cold: LlamaBackend, tokens: tuple[int, ...]) -> None:
    cold.forget(0)
    expected = ask(cold, tokens, answer=len(got.tokens))
    assert got.tokens == expected.tokens
    assert np.allclose(got.logprobs, expected.logprobs, atol=1e-4)
    assert got.counts.reused + got.counts.prefilled == len(tokens)


def reach_of(made: LlamaBackend) -> int:
    return int(made.parts.context.reach) + REWIND_EXTRA + 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", SHARING)
def test_a_second_sequence_shares_the_head(name: str, models: Callable[[Recipe], Path], engines: Engines) -> None:
    path = models(SHARING[name])
    warm, cold = engines(path), engines(path, sequences=1)
    random = np.random.default_rng(1)
    head = words(random, 900)
    first, chat = (*head, *words(random, 200)), (*head, *words(random, 50))
    check(ask(warm, first), cold, first)
    got = ask(warm, chat, sequence=1)
    check(got, cold, chat)
    assert got.counts.prefilled <= 50 + reach_of(warm)  # the head's first pass at most within the receptive field
    assert warm.metrics().cached.keys() == {0, 1}
    assert warm.parts.prefill.cache.cells() < len(first) + 300
    more = (*first, *words(random, 3))
    got = ask(warm, more)  # the first sequence is as it was
    check(got, cold, more)
    assert got.counts.prefilled == 3


@pytest.mark.parametrize("name", SHARING)
def test_sessions_over_two_sequences_answer_as_a_cold_engine(
    name: str, models: Callable[[Recipe], Path], engines: Engines
) -> None:
    path = models(SHARING[name])
    warm, cold = engines(path, cells=1700), engines(path, sequences=1)  # room for not quite all of it
    random = np.random.default_rng(7)
    head = words(random, 300)
    texts = [(*head, *words(random, 250)), (*head, *words(random, 350))]
    for turn in range(16):
        which = int(random.integers(0, 2))
        text = texts[which]
        place = int(random.integers(0, len(text)))
        if turn % 4 == 0:
            text = text[:place]
        cut = int(random.integers(0, 80))
        text = (*text[:place], *words(random, int(random.integers(1, 90))), *text[place + cut :])[:700]
        texts[which] = text
        check(ask(warm, text, sequence=which), cold, text)


@pytest.mark.parametrize("name", SHARING)
def test_going_back_to_another_file_finds_it_on_the_shelf(
    name: str, models: Callable[[Recipe], Path], engines: Engines
) -> None:
    path = models(SHARING[name])
    warm, cold = engines(path), engines(path, sequences=1)
    random = np.random.default_rng(2)
    head = words(random, 400)
    one, other = (*head, *words(random, 500)), (*head, *words(random, 600))
    ask(warm, one)
    ask(warm, other)
    back = (*one, *words(random, 4))
    for tokens, new in ((back, 4), ((*other, 5, 6), 2), ((*back, 9), 1)):
        got = ask(warm, tokens)
        check(got, cold, tokens)
        assert got.counts.prefilled == new


def test_a_long_answer_takes_nothing_from_the_shelf(models: Callable[[Recipe], Path], engines: Engines) -> None:
    path = models(SHARING["alibi"])
    warm, cold = engines(path), engines(path, sequences=1)
    random = np.random.default_rng(9)
    head = words(random, 200)
    long, one = WORTH_SHARING + 40, (*head, *words(random, 400))
    others = ((*head, *words(random, 300)) for _ in range(50))
    other = next(tokens for tokens in others if len(ask(cold, tokens, answer=long).tokens) == long)
    ask(warm, one)
    written = ask(warm, other, answer=long)
    again = ask(warm, other, answer=len(written.tokens))
    assert again.tokens == written.tokens
    got = ask(warm, (*other, *written.tokens[:5], 7))
    assert got.counts.prefilled == 1
    back = (*one, 3)
    got = ask(warm, back)
    check(got, cold, back)
    assert got.counts.prefilled == 1


def test_an_unknown_sequence_is_an_error(models: Callable[[Recipe], Path], engines: Engines) -> None:
    made = engines(models(SHARING["rope"]))
    with pytest.raises(EngineError, match="no sequence"):
        ask(made, (1, 2, 3), sequence=2)  # the first shelf


def edits(random: np.random.Generator) -> dict[str, tuple[tuple[int, ...], tuple[int, ...], int]]:
    """Before, after, and how many tokens of the later text are new."""
    a, x, c, d = words(random, 300), words(random, 150), words(random, 700), words(random, 400)
    return {
        "inserted": ((*a, *c), (*a, *x, *c), 150),
        "removed": ((*a, *x, *c), (*a, *c), 0),
        "two places": ((*a, *c, *x, *d), (*a, *x[:40], *c, *d), 40),
    }


@pytest.mark.parametrize("name", LOCAL)
@pytest.mark.parametrize("edit", ["inserted", "removed", "two places"])
def test_a_moved_span_costs_only_what_is_new(
    name: str, edit: str, models: Callable[[Recipe], Path], engines: Engines
) -> None:
    path = models(LOCAL[name])
    warm, cold = engines(path), engines(path, sequences=1)
    random = np.random.default_rng(3)
    before, after, new = edits(random)[edit]
    after = (*after, *words(random, 2))
    ask(warm, before, answer=1)
    got = hurried(warm, after)
    check(got, cold, after)  # exact for these models, in spite of the move
    # with RoPE the local window is not moved: the receptive field is evaluated anew
    limit = new + 2 if name == "alibi" else new + 2 + reach_of(warm) + LOCAL[name].window
    assert got.counts.prefilled <= limit
    assert warm.parts.prefill.moved > 600

    # whoever has the time gets it exact, and from then on typing is cheap
    assert warm.parts.prefill.cache.exact(0) < len(after)
    exact = ask(warm, after)
    check(exact, cold, after)
    assert exact.counts.prefilled > 500
    assert warm.parts.prefill.cache.exact(0) >= len(after)
    typed = (*after, 7)
    got = hurried(warm, typed)
    check(got, cold, typed)
    assert got.counts.prefilled == 1


def test_in_a_hurry_with_little_to_do_nothing_is_moved(models: Callable[[Recipe], Path], engines: Engines) -> None:
    made = engines(models(LOCAL["alibi"]))
    random = np.random.default_rng(4)
    before, after, _ = edits(random)["inserted"]
    ask(made, before, answer=1)
    made.parts.prefill.token_ms = 0.001
    got = made.complete(Prompt(after), Limits(max_tokens=1, deadline_ms=120_000), never)
    assert got.counts.prefilled >= len(after) - 300
    assert made.parts.prefill.moved == 0


@pytest.mark.parametrize("recipe", SHARING.values(), ids=SHARING.keys())
def test_warming_in_the_smallest_steps_comes_to_an_end(
    models: Callable[[Recipe], Path], engines: Engines, recipe: Recipe
) -> None:
    """Also where the later passes of what is held have to be run again, which one step does not do."""
    path = models(recipe)
    warm, cold = engines(path), engines(path, sequences=1)
    long = tuple(int(token) for token in np.random.default_rng(8).integers(0, VOCABULARY, 1000))
    ask(warm, long, answer=1)
    short = (*long[:900], *long[:10])
    steps = 1
    while warm.warm(short, 0, 0.001, never).remaining:
        steps += 1
        assert steps < 60
    assert steps > 2
    got = ask(warm, short)
    assert got.counts.prefilled == 1
    check(got, cold, short)


def test_interrupted_refreshing_leaves_the_old_span_to_move(models: Callable[[Recipe], Path], engines: Engines) -> None:
    path = models(LOCAL["alibi"])
    warm, cold = engines(path), engines(path, sequences=1)
    random = np.random.default_rng(5)
    before, after, new = edits(random)["inserted"]
    ask(warm, before, answer=1)
    assert hurried(warm, after).counts.prefilled == new + 1
    warm.warm(after, 0, 0.001, never)  # one step of the exact evaluation, then the user types
    assert warm.metrics().cached[0] < len(after)
    typed = (*after, 1, 2, 3)
    got = hurried(warm, typed)
    check(got, cold, typed)
    assert got.counts.prefilled <= new + 4
