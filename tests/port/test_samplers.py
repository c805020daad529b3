"""What may be drawn, compared with llama.cpp's own chain of samplers."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from iquest_lsp.datatypes import Sampling
from iquest_lsp.runtime.decode.sampling import Sampler
from iquest_lsp.runtime.llama.library import bindings

TOKENS = 500


@pytest.mark.parametrize(
    "rules",
    [
        Sampling(0.6, 20, 0.85),
        Sampling(1.3, 0, 0.5),
        Sampling(0.9, 7),
        Sampling(0.7, 0, 1.0, 0.05),
        Sampling(1.0, 40, 0.95, 0.1),
    ],
    ids=str,
)
def test_the_distribution_is_llama_cpp_s(rules: Sampling) -> None:
    lib = bindings()
    for seed in range(20):
        row = np.random.default_rng(seed).normal(0, 3, TOKENS).astype(np.float32)
        chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
        if rules.top_k:
            lib.llama_sampler_chain_add(chain, lib.llama_sampler_init_top_k(rules.top_k))
        lib.llama_sampler_chain_add(chain, lib.llama_sampler_init_top_p(rules.top_p, 1))
        lib.llama_sampler_chain_add(chain, lib.llama_sampler_init_min_p(rules.min_p, 1))
        lib.llama_sampler_chain_add(chain, lib.llama_sampler_init_temp(rules.temperature))
        lib.llama_sampler_chain_add(chain, lib.llama_sampler_init_dist(1))
        data = (lib.llama_token_data * TOKENS)(*(lib.llama_token_data(at, float(row[at]), 0.0) for at in range(TOKENS)))
        array = lib.llama_token_data_array(data, TOKENS, -1, False)
        lib.llama_sampler_apply(chain, ctypes.byref(array))
        expected = np.zeros(TOKENS)
        for at in range(array.size):
            expected[array.data[at].id] = array.data[at].p
        lib.llama_sampler_free(chain)
        np.testing.assert_allclose(Sampler(rules, np.random.default_rng(0)).weights(row), expected, atol=1e-5)
