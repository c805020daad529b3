"""Token ids that grow and shrink at their end."""

from __future__ import annotations

import numpy as np
import pytest

from iquest_lsp.runtime.base.token_buffer import TokenBuffer, as_ids, common_prefix
from iquest_lsp.token_ids import TokenIds


@pytest.mark.parametrize(
    ("one", "other", "length"),
    [
        ([], [], 0),
        ([1], [], 0),
        ([1, 2, 3], [1, 2, 4], 2),
        ([1, 2], [1, 2, 3], 2),
        ([2], [1], 0),
        ([1] * 99, [1] * 99, 99),
    ],
)
def test_two_sequences_begin_alike(one: list[int], other: list[int], length: int) -> None:
    assert common_prefix(one, other) == common_prefix(TokenIds(other), as_ids(one)) == length


def test_a_text_grows_and_shrinks() -> None:
    buffer = TokenBuffer()
    assert len(buffer) == 0
    buffer.extend([1, 2, 3])
    buffer.extend(np.arange(200, dtype=np.int32))
    assert len(buffer) == 203
    buffer.truncate(4)
    assert buffer.ids.tolist() == [1, 2, 3, 0]
    buffer.truncate(99)
    assert len(buffer) == 4
    buffer.extend([])
    assert len(buffer) == 4


def test_a_frozen_copy_does_not_change() -> None:
    buffer = TokenBuffer()
    buffer.extend([1, 2])
    kept = buffer.frozen()
    buffer.truncate(0)
    buffer.extend([9, 9])
    assert kept == TokenIds([1, 2])


def test_no_copy_is_made_of_ids() -> None:
    ids = np.arange(4, dtype=np.int32)
    assert as_ids(ids) is ids
