"""The prefix cache: what is reused is exactly the common prefix, cells are counted once, moves are remembered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iquest_lsp.runtime.base.token_buffer import common_prefix
from iquest_lsp.runtime.kv.prefix_cache import ANCHOR, KvSpan, PrefixCache, moved_spans

TOKENS = st.lists(st.integers(0, 3), max_size=60)


@given(TOKENS, TOKENS)
@pytest.mark.slow
def test_common_prefix_is_the_longest(a: list[int], b: list[int]) -> None:
    n = common_prefix(a, b)
    assert a[:n] == b[:n]
    assert n == min(len(a), len(b)) or a[n] != b[n]


@given(st.lists(TOKENS, max_size=8))
@pytest.mark.slow
def test_the_cache_holds_what_was_evaluated(prompts: list[list[int]]) -> None:
    cache = PrefixCache()
    held: list[int] = []
    for prompt in prompts:
        reused = cache.reusable(0, prompt)
        assert reused <= max(len(prompt) - 1, 0)
        assert held[:reused] == prompt[:reused]
        cache.truncate(0, reused)
        cache.extend(0, prompt[reused:])
        held = prompt
        assert cache.held(0) == len(prompt) == cache.cells()


def test_the_last_token_is_always_evaluated_since_its_logits_are_wanted() -> None:
    cache = PrefixCache()
    cache.extend(0, [1, 2, 3])
    assert cache.reusable(0, [1, 2, 3]) == 2
    assert cache.reusable(0, [1, 2, 3, 4]) == 3
    assert cache.reusable(1, [1, 2, 3]) == 0


@given(st.lists(st.tuples(st.sampled_from(["extend", "share", "truncate"]), st.integers(0, 3), st.integers(0, 40))))
@pytest.mark.slow
def test_shared_cells_count_once(actions: list[tuple[str, int, int]]) -> None:
    cache = PrefixCache()
    cells: dict[int, list[int]] = {sequence: [] for sequence in range(4)}  # a name for each cell
    names = iter(range(100_000))
    for action, sequence, n in actions:
        if action == "extend":
            cache.extend(sequence, [7] * n)
            cells[sequence] += [next(names) for _ in range(n)]
        elif action == "truncate":
            cache.truncate(sequence, n)
            del cells[sequence][n:]
        elif (other := (sequence + 1) % 4) >= 0 and cells[sequence]:
            n = min(n, len(cells[sequence]))
            cache.share(sequence, other, n)
            cells[other] = cells[sequence][:n]
        assert cache.cells() == len({name for held in cells.values() for name in held})
        for one, held in cells.items():
            assert cache.held(one) == len(held)
            others = {name for other, names_ in cells.items() if other != one for name in names_}
            if len(held) > 2:
                assert cache.is_shared(one, 1, len(held) - 1) == bool(others & set(held[1:]))


def test_the_best_source_is_the_sequence_with_the_most() -> None:
    cache = PrefixCache()
    cache.extend(0, [1, 2, 9])
    cache.extend(1, [1, 2, 3, 4])
    assert cache.best_source(0, [1, 2, 3, 4, 5]) == (1, 4)
    assert cache.best_source(0, [1, 2, 9, 9]) == (0, 3)
    assert cache.best_source(2, [8]) == (2, 0)


def test_the_least_recently_used_is_found() -> None:
    cache = PrefixCache()
    for sequence in (0, 1, 2):
        cache.extend(sequence, [1])
        cache.touch(sequence)
    cache.touch(0)
    assert cache.least_recent([]) == 1
    assert cache.least_recent([1]) == 2
    assert cache.least_recent([0, 1, 2]) is None


def test_what_was_moved_is_approximate_until_it_is_forgotten() -> None:
    cache = PrefixCache()
    cache.extend(0, [1, 2, 3])
    cache.extend(1, [9, 4, 5, 6])
    cache.splice(1, KvSpan(1, 3, 3), 0)
    assert list(cache.tokens(0)) == [1, 2, 3, 4, 5, 6]
    assert cache.cells() == 7
    assert cache.exact(0) == 3
    cache.extend(0, [7])
    assert cache.reusable(0, [1, 2, 3, 4, 5, 6, 7, 8]) == 3
    assert cache.reusable(0, [1, 2, 3, 4, 5, 6, 7, 8], approximate=True) == 7
    cache.share(0, 2, 5)
    assert cache.exact(2) == 3
    cache.share(0, 2, 3)
    assert cache.exact(2) == 3 == cache.held(2)
    cache.truncate(0, 3)
    cache.extend(0, [4])
    assert cache.exact(0) == 4


WORDS = st.integers(0, 10_000)


@given(st.data())
@pytest.mark.slow
def test_moved_spans_are_true_and_in_order(data: st.DataObject) -> None:
    pieces = data.draw(st.lists(st.lists(WORDS, min_size=20, max_size=60), min_size=1, max_size=5))
    new = data.draw(st.lists(st.lists(WORDS, min_size=0, max_size=30), min_size=len(pieces), max_size=len(pieces)))
    kept = data.draw(st.lists(st.booleans(), min_size=len(pieces), max_size=len(pieces)))
    held = [token for piece in pieces for token in piece]
    prompt = [
        token
        for piece, added, keep in zip(pieces, new, kept, strict=True)
        for token in [*added, *(piece if keep else [])]
    ]
    start = common_prefix(held, prompt)
    spans = moved_spans(held, prompt, start, ANCHOR)
    source = target = start
    for span in spans:
        assert span.source >= source
        assert span.target >= target
        assert span.length >= ANCHOR
        assert held[span.source : span.source + span.length] == prompt[span.target : span.target + span.length]
        source, target = span.source + span.length, span.target + span.length


def test_an_inserted_chunk_leaves_one_span_behind_it() -> None:
    held = list(range(1000))
    prompt = [*held[:300], *range(5000, 5100), *held[300:]]
    assert moved_spans(held, prompt, 300, 64) == [KvSpan(300, 400, 700)]
    removed = [*held[:300], *held[400:]]
    assert moved_spans(held, removed, 300, 64) == [KvSpan(400, 300, 600)]
    both = [*held[:100], 7777, *held[100:500], 8888, *held[600:]]
    assert moved_spans(held, both, 100, 64) == [KvSpan(100, 101, 400), KvSpan(600, 502, 400)]
