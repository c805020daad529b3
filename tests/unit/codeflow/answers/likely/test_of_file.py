"""How likely each change of a file brought a bug in it."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.answers.likely.of_file import likelihoods


def test_likelihoods_make_one_and_keep_the_order_of_the_scores() -> None:
    found = likelihoods([(1.0, 0.0), (0.0, 1.0), (2.0, 2.0)], (0.5, -0.5))
    assert sum(found) == pytest.approx(1.0)
    assert found[0] > found[2] > found[1]
    assert likelihoods([(900.0,), (0.0,)], (1.0,)) == [1.0, 0.0]
    assert likelihoods([], (1.0,)) == []
