"""What a context is likely to go on with."""

from __future__ import annotations

import numpy as np
import pytest

from iquest_lsp.runtime.memory.blend import SPREAD, Forecast, blend
from iquest_lsp.runtime.memory.store import NOTHING, FoundRuns


def found(*places: tuple[int, int], weight: float = 1.0) -> FoundRuns:
    """Places by what follows there and how many tokens before it agree."""
    followers, matches = (np.array(values, np.int32) for values in zip(*places, strict=True))
    return FoundRuns(np.arange(len(places), dtype=np.int32), followers, matches, np.full(len(places), weight))


def chances(forecast: Forecast | None) -> dict[int, float]:
    assert forecast is not None
    return dict(zip(forecast.tokens.tolist(), forecast.parts.tolist(), strict=True))


def test_nothing_found_is_no_forecast() -> None:
    assert blend([]) is None
    assert blend([(NOTHING, 1.0)]) is None


def test_what_was_seen_once_leaves_the_rest_to_nobody() -> None:
    assert chances(blend([(found((7, 1)), 1.0)])) == {7: pytest.approx(1 / (1 + SPREAD))}


def test_of_two_that_were_seen_the_more_frequent_is_likelier() -> None:
    some = chances(blend([(found((7, 1), (7, 1), (8, 1)), 1.0)]))
    assert some[7] == pytest.approx(2 * some[8])
    assert sum(some.values()) < 1


def test_longer_matches_count_more_than_shorter_ones() -> None:
    some = chances(blend([(found((7, 12), (8, 1), (8, 1)), 1.0)]))
    assert some[7] > some[8]


def test_texts_count_by_their_weights() -> None:
    some = chances(blend([(found((7, 1)), 1.0), (found((8, 1)), 3.0)]))
    assert some[8] == pytest.approx(3 * some[7])


def test_the_likeliest_and_its_order_are_told() -> None:
    forecast = blend([(found((7, 12), (8, 1)), 1.0)])
    assert forecast is not None
    assert forecast.top == pytest.approx(max(forecast.parts))
    assert forecast.count == 1.0
