"""Positions whose second pass is left out, against a forward pass written in plain loops."""

# ruff: noqa: E402  (what needs torch is imported after the check for it)

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason='training needs the workshop extra: pip install ".[workshop]"')

from quantize.pretrain.model import LoopModel
from quantize.pretrain.recipe import ModelRecipe

pytestmark = pytest.mark.torch
Floats = NDArray[np.float64]
RECIPE = ModelRecipe(
    width=32, layers=2, heads=4, kv_heads=2, head_size=8, feed_forward=48, passes=2, window=4, max_alibi_bias=8.0
)


@pytest.fixture(scope="module")
def model() -> LoopModel:
    """Random weights whose gates and attention matter."""
    torch.manual_seed(2)
    made = LoopModel(RECIPE, 50)
    with torch.no_grad():
        made.embedding.mul_(20)
        made.loop_weight.normal_(std=1.0)
        made.out.mul_(3)
    return made.eval()


def _plain(model: LoopModel, tokens: list[int], skipped: list[bool]) -> Floats:
    """Outputs [T, C]: pass 2 runs over the positions that are not skipped, one after the other."""
    w = {name: value.double().numpy() for name, value in model.state_dict().items()}
    r = RECIPE
    slopes = 2.0 ** (-r.max_alibi_bias * np.arange(1, r.heads + 1) / r.heads)

    def norm(x: Floats, weight: Floats) -> Floats:
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + r.epsilon) * weight

    def attend(query: Floats, at: int, cells: dict[int, tuple[Floats, Floats]], head: int) -> Floats:
        group = head // (r.heads // r.kv_heads)
        scores = np.array(
            [query @ k[group] / np.sqrt(r.head_size) - slopes[head] * (at - place) for place, (k, _) in cells.items()]
        )
        weights = np.exp(scores - scores.max())
        return sum(x * v[group] for x, (_, v) in zip(weights / weights.sum(), cells.values(), strict=True))

    first: list[dict[int, tuple[Floats, Floats]]] = [{} for _ in range(r.layers)]
    second: list[dict[int, tuple[Floats, Floats]]] = [{} for _ in range(r.layers)]
    h = w["embedding"][tokens]
    for index in range(2):
        for at in range(len(tokens)):
            if index and skipped[at]:
                continue
            x = h[at]
            for layer in range(r.layers):
                normed = norm(x, w["attention_norm"][layer])
                q = (w["query"][layer] @ normed).reshape(r.heads, r.head_size)
                k = (w["key"][layer] @ normed).reshape(r.kv_heads, r.head_size)
                v = (w["value"][layer] @ normed).reshape(r.kv_heads, r.head_size)
                (second if index else first)[layer][at] = (k, v)
                everywhere = {place: cell for place, cell in first[layer].items() if place <= at}
                mixed = np.stack([attend(q[head], at, everywhere, head) for head in range(r.heads)])
                if index:
                    near = {place: cell for place, cell in second[layer].items() if at - r.window < place <= at}
                    local = np.stack([attend(q[head], at, near, head) for head in range(r.heads)])
                    gate = 1 / (1 + np.exp(-((q * w["loop_weight"][layer]).sum(-1) + w["loop_bias"][layer])))
                    mixed = gate[:, None] * mixed + (1 - gate[:, None]) * local
                x = x + w["out"][layer] @ mixed.reshape(-1)
                gate_half, up = np.split(w["gate_up"][layer] @ norm(x, w["feed_forward_norm"][layer]), 2)
                x = x + w["down"][layer] @ (gate_half / (1 + np.exp(-gate_half)) * up)
            h[at] = x
    return h


@pytest.mark.parametrize("length", [3, 8, 21])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_skipped_positions_are_absent_from_the_window(model: LoopModel, length: int, share: float) -> None:
    draw = np.random.default_rng(length)
    tokens = draw.integers(0, 50, length).tolist()
    skipped = (draw.random(length) < share).tolist()
    with torch.no_grad():
        made = model.hidden(torch.tensor([tokens]), 2, torch.tensor([skipped]))[-1][0].double().numpy()
    expected = _plain(model, tokens, skipped)
    assert np.abs(made - expected).max() < 1e-4 * np.abs(expected).max()


def test_nothing_skipped_is_the_plain_model(model: LoopModel) -> None:
    tokens = torch.arange(20)[None]
    with torch.no_grad():
        plain = model.hidden(tokens, 2)[-1]
        assert torch.allclose(model.hidden(tokens, 2, torch.zeros(1, 20, dtype=torch.bool))[-1], plain)
        everything = model.hidden(tokens, 2, torch.ones(1, 20, dtype=torch.bool))
        assert torch.equal(everything[-1], everything[0])


def test_a_stale_cell_would_be_told_apart(model: LoopModel) -> None:
    """A skipped position that stayed in the window changes what comes after it."""
    tokens = torch.arange(20)[None]
    skipped = torch.zeros(1, 20, dtype=torch.bool)
    skipped[0, 10] = True
    with torch.no_grad():
        plain, without = (model.hidden(tokens, 2, each)[-1] for each in (None, skipped))
    assert torch.allclose(plain[0, :10], without[0, :10])
    assert (plain[0, 11] - without[0, 11]).abs().max() > 1e-3


def test_gradients_are_finite_where_everything_near_is_skipped(model: LoopModel) -> None:
    rows = torch.arange(41)[None]
    _, total = model.loss(rows, 2, 0.3, torch.ones(1, 40, dtype=torch.bool))
    grads = torch.autograd.grad(total, [model.query, model.value, model.embedding], allow_unused=True)
    assert all(grad is None or bool(torch.isfinite(grad).all()) for grad in grads)
