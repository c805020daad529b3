"""What a model of a given shape costs, counted from its equations (docs/loop-models.md).

Multiplications and additions count as two; norms, softmax, gates and element-wise products are left out.
"""

from __future__ import annotations

from quantize.pretrain.recipe import ModelRecipe

#: Bytes of a weight in Q8_0 (32 weights and a half-precision scale), and of a number in the cache.
WEIGHT_BYTES = 34 / 32
CACHE_BYTES = 2
#: A step of training is a forward pass and about two more of them for the gradients.
FORWARD_AND_BACKWARD = 3


def layer_weights(model: ModelRecipe) -> int:
    """Weights of one layer's matrices."""
    inner, keys = model.heads * model.head_size, model.kv_heads * model.head_size
    return model.width * (2 * inner + 2 * keys + 3 * model.feed_forward)


def decode_operations(model: ModelRecipe, vocabulary: int, context: int) -> float:
    """Of one token after `context` others, all passes."""
    matrices = model.passes * model.layers * layer_weights(model) + vocabulary * model.width
    return 2.0 * matrices + _attention(model, model.passes, context)


def decode_bytes(model: ModelRecipe, vocabulary: int, context: int) -> float:
    """Read from memory for one token after `context` others: weights in Q8_0 once a pass, and the cache."""
    weights = model.passes * model.layers * layer_weights(model) + vocabulary * model.width
    cells = model.passes * context + (model.passes - 1) * min(model.window, context)
    return weights * WEIGHT_BYTES + cells * model.layers * 2 * model.kv_heads * model.head_size * CACHE_BYTES


def training_operations(model: ModelRecipe, vocabulary: int, length: int, passes: int, first_pass_loss: float) -> float:
    """Of one token of a row of `length`, averaged over its positions, gradients included."""
    heads = 1.0 + (0.25 if passes > 1 and first_pass_loss > 0 else 0.0)  # its loss is taken at a quarter of the row
    matrices = passes * model.layers * layer_weights(model) + heads * vocabulary * model.width
    return FORWARD_AND_BACKWARD * (2.0 * matrices + _attention(model, passes, length / 2))


def _attention(model: ModelRecipe, passes: int, context: float) -> float:
    keys = passes * context + (passes - 1) * min(model.window, context)
    return 4.0 * model.layers * model.heads * model.head_size * keys
