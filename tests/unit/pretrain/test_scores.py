"""Intervals and calibration on cases worked out by hand."""

from __future__ import annotations

import pytest

from iquest_lsp.bench.replay import wilson
from quantize.pretrain import scores


def test_bits_per_byte_weighs_windows_by_their_size() -> None:
    found = scores.per_byte([10.0, 90.0], [10, 30])
    assert found["value"] == pytest.approx(2.5)
    assert found["low"] <= 2.5 <= found["high"]


def test_wilson_against_a_published_value() -> None:
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I: 15 of 148, method 3.
    low, high = wilson(15, 148)
    assert (low, high) == (pytest.approx(0.0624, abs=5e-4), pytest.approx(0.1605, abs=5e-4))


def test_blanks_at_line_ends_do_not_count() -> None:
    assert scores.same("a  \nb\n", "a\nb")
    assert not scores.same("a\n b", "a\nb")


def test_the_lowest_threshold_with_enough_precision_is_chosen() -> None:
    sure = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
    right = [True, True, False, True, True, False]
    found = scores.calibration(sure, right, 0.8)
    assert found == {"threshold": 0.5, "shown": pytest.approx(5 / 6), "precision": 0.8}


def test_equal_confidences_are_shown_together() -> None:
    found = scores.calibration([0.9, 0.9, 0.9], [True, False, False], 0.8)
    assert found == {"threshold": 1.0, "shown": 0.0, "precision": 1.0}
