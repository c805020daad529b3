"""Optimizers: Muon for the stacked matrices, AdamW for embeddings, norms and gates.

Muon: momentum, then the nearest orthogonal matrix by a quintic Newton-Schulz iteration (Jordan et al. 2024,
"Muon: An optimizer for hidden layers in neural networks"); coefficients from that text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """Updates tensors [L, rows, columns], each matrix by itself; those whose id is in `halves` as two, cut by rows."""

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        lr: float,
        momentum: float,
        weight_decay: float,
        halves: set[int],
        dtype: torch.dtype = torch.bfloat16,
    ) -> None:
        """`dtype` is what the iteration is computed in."""
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self._halves = halves
        self._dtype = dtype

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is None:
                    continue
                state = self.state[param]
                if not state:
                    state["momentum"] = torch.zeros_like(param)
                state["momentum"].lerp_(param.grad, 1 - group["momentum"])
                update = param.grad.lerp(state["momentum"], group["momentum"])
                shape = update.shape
                if id(param) in self._halves:
                    update = update.view(shape[0] * 2, shape[1] // 2, shape[2])
                scale = max(1.0, update.shape[-2] / update.shape[-1]) ** 0.5
                update = orthogonalize(update, self._dtype).view(shape)
                param.mul_(1 - group["lr"] * group["weight_decay"])
                param.add_(update, alpha=-group["lr"] * scale)


def orthogonalize(matrices: Tensor, dtype: torch.dtype = torch.bfloat16) -> Tensor:
    """Nearest orthogonal matrices, roughly; [.., rows, columns] in and out, computed in `dtype`."""
    a, b, c = COEFFICIENTS
    x = matrices.to(dtype)
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.transpose(-1, -2)
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.transpose(-1, -2)
        x = a * x + (b * gram + c * gram @ gram) @ x
    if tall:
        x = x.transpose(-1, -2)
    result: Tensor = x.to(matrices.dtype)
    return result
