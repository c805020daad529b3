"""llama.cpp with the port against the float64 oracle, on hard random models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from iquest_lsp.runtime.llama.model import Model
from quantize.oracle import Wrong
from quantize.random_model import Recipe
from tests.port.agreement import (
    CASES,
    TOLERANCE,
    WAYS,
    WRONG,
    error,
    expected,
    lengths,
    open_context,
    prefill,
    tokens_for,
)

Files = Callable[[Recipe], Path]


@pytest.mark.parametrize("swa_full", [False, True], ids=["windowed", "full-size"])
@pytest.mark.parametrize("case", CASES)
def test_every_way_of_evaluating_agrees_with_the_oracle(case: str, swa_full: bool, random_model: Files) -> None:
    recipe = CASES[case]
    path = random_model(recipe)
    model = Model.load(path)
    for n in lengths(recipe):
        tokens = tokens_for(recipe, n)
        reference = expected(path, tokens)
        for way, (evaluate, sequences) in WAYS.items():
            context = open_context(model, sequences=sequences, swa_full=swa_full)
            assert error(evaluate(context, tokens), reference) <= TOLERANCE, (way, n)
            context.close()
    model.close()


@pytest.mark.parametrize("wrong", Wrong, ids=lambda wrong: wrong.name.lower())
@pytest.mark.parametrize("case", [name for name, recipe in CASES.items() if recipe.passes > 1])
def test_a_wrong_implementation_fails_the_same_comparison(case: str, wrong: Wrong, random_model: Files) -> None:
    recipe = CASES[case]
    if wrong is Wrong.GATE_BEFORE_ROPE and (recipe.max_alibi_bias > 0 or recipe.gate_hidden):
        pytest.skip("the gate reads nothing that is rotated")
    path = random_model(recipe)
    tokens = tokens_for(recipe, lengths(recipe)[1])
    model = Model.load(path)
    context = open_context(model)
    mistaken = expected(path, tokens, wrong=wrong)
    assert error(prefill(context, tokens), mistaken) > WRONG
    context.close()
    model.close()


def test_streams_of_their_own_agree_as_well(random_model: Files) -> None:
    recipe = CASES["rope, 2 passes, window 8, GQA 4/2"]
    path = random_model(recipe)
    tokens = tokens_for(recipe, 40)
    model = Model.load(path)
    context = open_context(model, sequences=2, unified=False)
    assert error(WAYS["two sequences"][0](context, tokens), expected(path, tokens)) <= TOLERANCE
    context.close()
    model.close()


def test_quantized_weights_stay_close_to_the_oracle_on_the_same_weights(random_model: Files) -> None:
    path = random_model(Recipe(n_embd=64, n_ff=96, quantization="Q8_0", seed=20))
    tokens = tokens_for(Recipe(), 60)
    model = Model.load(path)
    context = open_context(model)
    result, reference = prefill(context, tokens), expected(path, tokens)
    assert error(result, reference) < 0.05  # llama.cpp rounds activations to 8 bits too
    assert np.mean(result.argmax(-1) == reference.argmax(-1)) > 0.8
    context.close()
    model.close()
