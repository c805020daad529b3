from __future__ import annotations

import pytest

from iquest_lsp.bench.replay import wilson


def test_wilson_against_a_published_value() -> None:
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I: 15 of 148, method 3.
    low, high = wilson(15, 148)
    assert (low, high) == (pytest.approx(0.0624, abs=5e-4), pytest.approx(0.1605, abs=5e-4))
