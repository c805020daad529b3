"""Intervals and calibration on cases worked out by hand."""

from __future__ import annotations

import pytest

from quantize.pretrain import scores


def test_bits_per_byte_weighs_windows_by_their_size() -> None:
    found = scores.per_byte([10.0, 90.0], [10, 30])
    assert found["value"] == pytest.approx(2.5)
    assert found["low"] <= 2.5 <= found["high"]


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
