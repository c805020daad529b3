"""The prefix cache: what is reused is exactly the common prefix."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from iquest_lsp.runtime.prefix_cache import PrefixCache, common_prefix

TOKENS = st.lists(st.integers(0, 3), max_size=60)


@given(TOKENS, TOKENS)
def test_common_prefix_is_the_longest(a: list[int], b: list[int]) -> None:
    n = common_prefix(a, b)
    assert a[:n] == b[:n]
    assert n == min(len(a), len(b)) or a[n] != b[n]


@given(st.lists(TOKENS, max_size=8))
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
        assert cache.held(0) == len(prompt)


def test_the_last_token_is_always_evaluated_since_its_logits_are_wanted() -> None:
    cache = PrefixCache()
    cache.extend(0, [1, 2, 3])
    assert cache.reusable(0, [1, 2, 3]) == 2
    assert cache.reusable(0, [1, 2, 3, 4]) == 3
    assert cache.reusable(1, [1, 2, 3]) == 0
