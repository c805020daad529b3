"""The sorted places and the blend, against counting in plain words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iquest_lsp.runtime.memory import store as stores
from iquest_lsp.runtime.memory.blend import SPREAD, blend
from iquest_lsp.runtime.memory.store import LONGEST, ORDERS, FoundRuns, MemoryStore, joined
from iquest_lsp.runtime.memory.written import Written

VOCABULARY = 5
TEXTS = st.lists(st.lists(st.integers(0, VOCABULARY - 1), max_size=60), min_size=1, max_size=4)
CONTEXTS = st.lists(st.integers(0, VOCABULARY - 1), min_size=1, max_size=24)


def matches(texts: Sequence[Sequence[int]], context: Sequence[int]) -> Counter[tuple[int, int]]:
    """How often each token follows places where so many tokens agree with the end of the context."""
    found: Counter[tuple[int, int]] = Counter()
    for text in texts:
        for place in range(1, len(text)):
            match = 0
            while match < min(place, len(context), LONGEST) and text[place - 1 - match] == context[-1 - match]:
                match += 1
            if match:
                found[text[place], match] += 1
    return found


def naive(counted: Counter[tuple[int, int]]) -> dict[int, float]:
    """The blend from its definition: from the lowest order up."""
    parts: dict[int, float] = defaultdict(float)
    for order in ORDERS:
        seen: Counter[int] = Counter()
        for (token, match), count in counted.items():
            if match >= order:
                seen[token] += count
        if not seen:
            break
        n = sum(seen.values())
        own = n / (n + SPREAD * len(seen))
        for token in list(parts):
            parts[token] *= 1 - own
        for token, count in seen.items():
            parts[token] += own * count / n
    return dict(parts)


def counted(found: FoundRuns) -> Counter[tuple[int, int]]:
    assert (found.weights == 1).all()
    return Counter(zip(found.followers.tolist(), found.matches.tolist(), strict=True))


def store_of(texts: Sequence[Sequence[int]]) -> MemoryStore:
    tokens, _ = joined([np.array(text, np.int32) for text in texts], VOCABULARY)
    return MemoryStore.of(tokens, VOCABULARY)


@given(TEXTS, CONTEXTS, st.integers(1, 40))
@pytest.mark.slow
def test_finds_what_a_search_in_plain_words_finds(texts: list[list[int]], context: list[int], sample: int) -> None:
    """However small the ranges that are compared at once: the binary search says the same."""
    expected = matches(texts, context)
    store = store_of(texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stores, "SAMPLE", sample)
        found = store.find(context)
    assert found.weights.sum() == pytest.approx(sum(expected.values()))
    if (found.weights == 1).all():
        assert counted(found) == expected
    assert set(zip(found.followers.tolist(), found.matches.tolist(), strict=True)) <= set(expected)
    assert (store.tokens[found.places] == found.followers).all()


@given(TEXTS, CONTEXTS, st.sets(st.integers(0, VOCABULARY - 1)))
@pytest.mark.slow
def test_only_allowed_tokens_are_found(texts: list[list[int]], context: list[int], allowed: set[int]) -> None:
    mask = np.isin(np.arange(VOCABULARY), list(allowed))
    expected = Counter({key: count for key, count in matches(texts, context).items() if key[0] in allowed})
    assert counted(store_of(texts).find(context, mask)) == expected


@given(st.lists(st.integers(0, VOCABULARY - 1), min_size=1, max_size=40), st.lists(st.integers(0, VOCABULARY - 1)))
@pytest.mark.slow
def test_a_growing_text_finds_its_own_end(prompt: list[int], added: list[int]) -> None:
    written = Written(prompt, room=3)
    for token in added:
        written.add(token)
    text = [*prompt, *added]
    assert written.end() == text[-LONGEST:]
    assert counted(written.find()) == matches([text], text)


def test_a_fork_leaves_the_first_as_it_was() -> None:
    written = Written([1, 2, 3, 1, 2])
    before = counted(written.find())
    written.fork().add(4)
    assert counted(written.find()) == before
    written.add(3)
    assert written.end()[-1] == 3


@given(TEXTS, CONTEXTS)
@pytest.mark.slow
def test_the_blend_is_that_of_its_definition(texts: list[list[int]], context: list[int]) -> None:
    expected = naive(matches(texts, context))
    found = blend([(store_of(texts).find(context), 1.0)])
    if found is None:
        assert not expected
        return
    assert dict(zip(found.tokens.tolist(), found.parts.tolist(), strict=True)) == pytest.approx(expected)
    assert found.parts.sum() < 1
    longest = max(match for _, match in matches(texts, context))
    assert found.order == sum(order <= longest for order in ORDERS) - 1


@given(TEXTS, TEXTS, CONTEXTS)
@pytest.mark.slow
def test_two_texts_count_as_one(ones: list[list[int]], others: list[list[int]], context: list[int]) -> None:
    apart = blend([(store_of(ones).find(context), 1.0), (store_of(others).find(context), 1.0)])
    together = blend([(store_of([*ones, *others]).find(context), 1.0)])
    if together is None:
        assert apart is None
        return
    assert apart is not None
    assert apart.tokens.tolist() == together.tokens.tolist()
    assert np.allclose(apart.parts, together.parts)
    assert (apart.order, apart.count) == (together.order, together.count)


def test_a_weight_is_that_of_so_many_places() -> None:
    texts = [[0, 1], [0, 2]]
    light, heavy = store_of(texts[:1]).find([0]), store_of(texts[1:]).find([0])
    found = blend([(light, 1.0), (heavy, 3.0)])
    assert found is not None
    by_token = dict(zip(found.tokens.tolist(), found.parts.tolist(), strict=True))
    assert by_token[2] == pytest.approx(3 * by_token[1])


@pytest.mark.parametrize("context", [[], [VOCABULARY], [-1]])
def test_what_no_text_ends_in_is_not_found(context: list[int]) -> None:
    assert not len(store_of([[0, 1, 2]]).find(context).places)
