from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iquest_lsp.common_ends import changed_part, common_ends, common_head, common_start, common_tail

TEXTS = st.text("ab", max_size=8)


@given(TEXTS, TEXTS)
@pytest.mark.slow
def test_what_lies_between_the_ends_is_all_that_differs(one: str, other: str) -> None:
    head, tail = common_ends(one, other)
    assert one[:head] == other[:head]
    assert one[len(one) - tail :] == other[len(other) - tail :]
    assert head + tail <= min(len(one), len(other))
    left, right = one[head : len(one) - tail], other[head : len(other) - tail]
    assert not (left and right) or (left[0] != right[0] and left[-1] != right[-1])
    assert (head, common_tail(one, other)) == (common_head(one, other), common_head(one[::-1], other[::-1]))


@given(TEXTS, TEXTS)
@pytest.mark.slow
def test_long_texts_are_compared_alike(one: str, other: str) -> None:
    assert common_start(one, other) == common_head(one, other)
    assert changed_part(one, other) == common_ends(one, other)
