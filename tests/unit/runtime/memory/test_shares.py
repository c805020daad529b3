"""How far a model leans on the memory, as the file of a model says it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from iquest_lsp.runtime.memory.blend import Forecast
from iquest_lsp.runtime.memory.layers import OWN, Layer
from iquest_lsp.runtime.memory.shares import FEATURES, LAYERS, MOST, MemoryShares, log_odds
from iquest_lsp.runtime.memory.store import ORDERS

ROWS = tuple((0.5,) * FEATURES for _ in range(len(ORDERS) + 1))
SHARES = MemoryShares(ROWS, ROWS, 2.0, 3.0)


def test_a_table_is_text_and_comes_back() -> None:
    assert MemoryShares.parse(str(SHARES)) == SHARES


def changed(change: Callable[[dict[str, Any]], object]) -> str:
    about = json.loads(str(SHARES))
    change(about)
    return json.dumps(about)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "[" * 100_000,
        changed(lambda about: about.pop("free")),
        changed(lambda about: about["free"].pop()),
        changed(lambda about: about["word"][0].pop()),
        changed(lambda about: about.update(prompt=-1)),
        changed(lambda about: about.update(folder="x")),
        changed(lambda about: about.update(prompt=float("nan"))),
        changed(lambda about: about.update(prompt=float("inf"))),
        changed(lambda about: about.update(layers=[[1]])),
        # A whole number that no float holds.
        changed(lambda about: about.update(prompt=10**400)),
    ],
)
def test_what_is_no_table_is_none(text: str) -> None:
    assert MemoryShares.parse(text) is None


def test_without_layers_those_of_the_house_count() -> None:
    found = MemoryShares.parse(changed(lambda about: about.pop("layers")))
    assert found is not None
    assert found.layers == LAYERS
    assert found.of_layer(OWN[0], tuple(Layer)[1]) == LAYERS[0][1]


def test_a_share_grows_with_what_the_memory_saw_and_rules_nothing_out() -> None:
    def share(count: float, top: float) -> float:
        forecast = Forecast(np.array([1], np.int32), np.array([top]), 0, count)
        return SHARES.of(forecast, 0.5)

    assert 0 < share(1, 0.1) < share(9, 0.1) < share(9, 0.9) <= MOST
    assert share(1e9, 1.0) == MOST


def test_odds_keep_within_bounds() -> None:
    assert log_odds(0.5) == 0.0
    assert log_odds(0.0) == pytest.approx(-log_odds(1.0))
    assert -7 < log_odds(0.0) < -5
