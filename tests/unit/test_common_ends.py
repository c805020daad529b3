from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iquest_lsp.common_ends import common_ends, common_head, common_tail

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
