"""The mix for a memory target: within it, near it, and refused with a way out."""

from __future__ import annotations

import pytest

from iquest_lsp.errors import EngineMemoryError, ModelError
from iquest_lsp.runtime.models.footprint import footprint
from quantize.fit import choose
from quantize.outputs import parse_size
from quantize.synth import GEOMETRIES, header_of

SEVEN, FORTY = header_of(GEOMETRIES["7b-plt"]), header_of(GEOMETRIES["40b-loop"])


def test_sizes() -> None:
    assert parse_size("12GB") == 12 * 10**9
    assert parse_size("12 gib") == 12 * 2**30
    assert parse_size("1.5G") == 1_500_000_000
    assert parse_size("2TB") == 2 * 10**12
    assert parse_size("12000000000") == 12 * 10**9
    for text in ("", "much", "-3GB", "0", "12TBs", "12", "nan", "1e3GB", "9" * 400 + "GB", "١٢GB"):
        with pytest.raises(ModelError):
            parse_size(text)


@pytest.mark.parametrize("gigabytes", [6, 7, 8, 10, 12])
def test_the_seven_billion_one_fills_its_target(gigabytes: int) -> None:
    choice = choose(SEVEN, gigabytes * 10**9, 32_768)
    total = choice.weights + choice.kv + choice.other
    assert total <= gigabytes * 10**9
    if "Q8_0" not in choice.counts or len(choice.counts) > 1:  # not everything is at the top yet
        assert total > 0.97 * gigabytes * 10**9
    assert choice.kv == footprint(SEVEN, 32_768, choice.kv_type).kv


def test_more_memory_is_never_worse() -> None:
    bits = [choose(SEVEN, gigabytes * 10**9, 8192).bits for gigabytes in range(5, 13)]
    assert bits == sorted(bits)
    assert choose(SEVEN, 16 * 10**9, 8192).kind == "Q8_0"


def test_values_and_down_projections_come_first() -> None:
    overrides = choose(SEVEN, 6 * 10**9, 8192).overrides
    order = ["IQ4_XS", "Q4_K", "Q5_K", "Q6_K", "Q8_0"]
    levels = {name: order.index(kind) for name, kind in overrides.items()}
    assert levels[r"^blk\.3\.attn_v\.weight$"] >= levels[r"^blk\.3\.attn_q\.weight$"]
    assert min(v for k, v in levels.items() if "attn_v" in k) >= max(v for k, v in levels.items() if "ffn_up" in k)
    assert not any("gate.weight" in name and "loop" in name for name in overrides)
    assert not any("norm" in name for name in overrides)


def test_long_context_takes_a_smaller_kv() -> None:
    choice = choose(FORTY, 34 * 10**9, 65_536)
    assert choice.kv_type in ("q8_0", "q4_0")


def test_what_cannot_fit_says_what_would() -> None:
    with pytest.raises(EngineMemoryError, match=r"the smallest mix needs .* A smaller model"):
        choose(FORTY, 12 * 10**9, 32_768)
    with pytest.raises(EngineMemoryError, match="--context"):
        choose(FORTY, 24 * 10**9, 131_072)
    with pytest.raises(ModelError, match="was made for"):
        choose(SEVEN, 24 * 10**9, 1 << 20)
