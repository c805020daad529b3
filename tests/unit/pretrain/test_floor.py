"""The order-5 floor is a sound probability model, and adapts to its window."""

from __future__ import annotations

import math

import numpy as np
import pytest

from quantize.pretrain.floor import Floor

TEXTS = ["for item in items:\n    print(item)\n" * 5, "for key in keys:\n    print(key)\n" * 3, "\u00e9t\u00e9\n"]


@pytest.fixture(scope="module")
def floor() -> Floor:
    return Floor(TEXTS)


def test_probabilities_sum_to_one_and_are_those_that_reading_uses(floor: Floor) -> None:
    text = "for item in keys:\n  zebra(\u00e9)\n  zebra(item)\n".encode()
    window, bits = floor.window(), 0.0
    for byte in text:
        p = window.distribution()
        assert p.sum() == pytest.approx(1.0)
        assert p.min() > 0
        bits -= math.log2(p[byte])
        window.read(bytes([byte]))
    assert floor.window().read(text) == pytest.approx(bits)


def test_what_was_learned_is_cheap_and_what_was_read_gets_cheaper(floor: Floor) -> None:
    window = floor.window()
    window.read(b"for item in items:\n    pr")
    assert window.read(b"int(item)\n") < 3.0
    first, second = window.read(b"quux_zyx = 1\n"), window.read(b"quux_zyx = 1\n")
    assert second < first / 3


def test_it_writes_what_it_expects(floor: Floor) -> None:
    window = floor.window()
    window.read(b"for key in k")
    assert window.write(20) == b"eys:"


def test_counts_agree_with_counting(floor: Floor) -> None:
    data = "\0".join(TEXTS).encode()
    level = floor.levels[2]
    total, kinds = level.contexts(np.array([int.from_bytes(b"nt", "big")], np.uint64))
    assert total[0] == data.count(b"nt")
    assert kinds[0] == 1
    assert level.counts(np.array([int.from_bytes(b"nt(", "big")], np.uint64))[0] == data.count(b"nt(")
    assert level.counts(np.array([int.from_bytes(b"nt)", "big")], np.uint64))[0] == 0
