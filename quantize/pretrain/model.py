"""The Loop model in torch: forward passes and losses, written for training on a CPU.

Equations: docs/loop-models.md. Shapes: B rows, T positions, C width, H heads, G KV heads, D head size.
Weights of all layers are stacked in one tensor per kind, so that the optimizer works on batches of matrices.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from quantize.pretrain.recipe import ModelRecipe

#: Queries per block of the global attention: keys after a block are never touched.
BLOCK = 128


class LoopModel(nn.Module):
    """A decoder whose layers run once or several times; token embeddings are also the output matrix."""

    slopes: Tensor

    def __init__(self, recipe: ModelRecipe, vocabulary: int, half: bool = False) -> None:
        """`half` runs matrix products in bfloat16; weights, norms and the residual stream stay float32."""
        super().__init__()
        self.recipe = recipe
        self.dtype = torch.bfloat16 if half else torch.float32
        r = recipe
        inner = r.heads * r.head_size
        outward = 1.0 / math.sqrt(2 * r.layers * r.passes)

        def matrix(rows: int, columns: int, gain: float = 1.0) -> nn.Parameter:
            return nn.Parameter(torch.randn(r.layers, rows, columns) * gain / math.sqrt(columns))

        self.embedding = nn.Parameter(torch.randn(vocabulary, r.width) * 0.05)
        self.query = matrix(inner, r.width)
        self.key = matrix(r.kv_heads * r.head_size, r.width)
        self.value = matrix(r.kv_heads * r.head_size, r.width)
        self.out = matrix(r.width, inner, outward)
        self.gate_up = matrix(2 * r.feed_forward, r.width)
        self.down = matrix(r.width, r.feed_forward, outward)
        self.attention_norm = nn.Parameter(torch.ones(r.layers, r.width))
        self.feed_forward_norm = nn.Parameter(torch.ones(r.layers, r.width))
        self.final_norm = nn.Parameter(torch.ones(r.width))
        self.loop_weight = nn.Parameter(torch.zeros(r.layers, r.heads, r.head_size))
        self.loop_bias = nn.Parameter(torch.full((r.layers, r.heads), r.gate_bias))
        steps = torch.arange(1, r.heads + 1, dtype=torch.float32)
        self.register_buffer("slopes", torch.exp2(-r.max_alibi_bias * steps / r.heads), persistent=False)

    def matrices(self) -> list[nn.Parameter]:
        """The stacked matrices that Muon updates."""
        return [self.query, self.key, self.value, self.out, self.gate_up, self.down]

    def vectors(self) -> list[nn.Parameter]:
        """Norms and gates."""
        return [self.attention_norm, self.feed_forward_norm, self.final_norm, self.loop_weight, self.loop_bias]

    def hidden(self, tokens: Tensor, passes: int, skipped: Tensor | None = None) -> list[Tensor]:
        """Output of every pass before the final norm, each [B, T, C]; tokens [B, T].

        Positions in `skipped` [B, T] end with the first pass: what it makes of them stands for later passes too, and
        the local windows of later passes do not hold them.
        """
        h = F.embedding(tokens, self.embedding)
        weights = [w.to(self.dtype).unbind(0) for w in self.matrices()]
        memory: list[tuple[Tensor, Tensor]] = []
        outputs: list[Tensor] = []
        for index in range(passes):
            for layer in range(self.recipe.layers):
                h = self._layer(h, layer, [w[layer] for w in weights], memory, index, skipped)
            if index and skipped is not None:
                h = torch.where(skipped[..., None], outputs[0], h)
            outputs.append(h)
        return outputs

    def logits(self, h: Tensor) -> Tensor:
        """[.., vocabulary] from a pass's output [.., C]."""
        x = self._norm(h, self.final_norm)
        return F.linear(x.to(self.dtype), self.embedding.to(self.dtype))

    def loss(
        self, rows: Tensor, passes: int, first_pass_loss: float, skipped: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Mean cross entropy in nats of the last pass, and the weighted sum to be minimized; rows [B, T+1]."""
        outputs = self.hidden(rows[:, :-1], passes, skipped)
        targets = rows[:, 1:].reshape(-1)
        main = self._cross_entropy(outputs[-1], targets)
        total = main
        if passes > 1 and first_pass_loss > 0.0:
            quarter = rows.shape[1] // 4
            at = slice(0, quarter) if quarter == 0 else slice(rows.shape[1] - 1 - quarter, rows.shape[1] - 1)
            early = outputs[0][:, at]
            total = main + first_pass_loss * self._cross_entropy(early, rows[:, 1:][:, at].reshape(-1))
        return main, total

    def _cross_entropy(self, h: Tensor, targets: Tensor) -> Tensor:
        logits = self.logits(h).reshape(targets.numel(), -1)
        return F.cross_entropy(logits.float(), targets)

    def _norm(self, x: Tensor, weight: Tensor) -> Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.recipe.epsilon) * weight

    def _layer(
        self,
        h: Tensor,
        layer: int,
        weights: list[Tensor],
        memory: list[tuple[Tensor, Tensor]],
        index: int,
        skipped: Tensor | None,
    ) -> Tensor:
        r = self.recipe
        wq, wk, wv, wo, gate_up, down = weights
        rows, length, _ = h.shape
        x = self._norm(h, self.attention_norm[layer]).to(wq.dtype)
        projected = F.linear(x, torch.cat((wq, wk, wv)))
        sizes = [r.heads * r.head_size, r.kv_heads * r.head_size, r.kv_heads * r.head_size]
        q, k, v = torch.split(projected, sizes, -1)
        q = q.view(rows, length, r.heads, r.head_size).transpose(1, 2)
        k = k.view(rows, length, r.kv_heads, r.head_size).transpose(1, 2)
        v = v.view(rows, length, r.kv_heads, r.head_size).transpose(1, 2)
        if index == 0:
            memory.append((k, v))
            mixed = global_attention(q, k, v, self.slopes)
        else:
            k1, v1 = memory[layer]
            gate = (q.float() * self.loop_weight[layer][:, None]).sum(-1) + self.loop_bias[layer][:, None]
            everywhere = global_attention(q, k1, v1, self.slopes)
            nearby = local_attention(q, k, v, self.slopes, r.window, skipped)
            gate = torch.sigmoid(gate)[..., None].to(q.dtype)
            mixed = gate * everywhere + (1 - gate) * nearby
        mixed = mixed.transpose(1, 2).reshape(rows, length, r.heads * r.head_size)
        h = h + F.linear(mixed, wo)
        x = self._norm(h, self.feed_forward_norm[layer]).to(wq.dtype)
        gate_half, up_half = F.linear(x, gate_up).chunk(2, -1)
        return h + F.linear(F.silu(gate_half) * up_half, down)


def global_attention(q: Tensor, k: Tensor, v: Tensor, slopes: Tensor) -> Tensor:
    """Causal attention with ALiBi over all earlier positions; q [B, H, T, D], k and v [B, G, T, D]."""
    rows, heads, length, size = q.shape
    groups = k.shape[1]
    # Query heads of one KV head become rows of one matrix product: [B, G, H/G * block, keys].
    q = (q * size**-0.5).view(rows, groups, heads // groups, length, size)
    outputs = []
    for start in range(0, length, BLOCK):
        end = min(start + BLOCK, length)
        block = q[:, :, :, start:end].reshape(rows, groups, -1, size)
        scores = block @ k[:, :, :end].transpose(-1, -2)
        bias = _bias(torch.arange(start, end), torch.arange(end), slopes, None).to(q.dtype)
        bias = bias.view(groups, -1, end)
        weights = torch.softmax(scores + bias, -1)
        outputs.append((weights @ v[:, :, :end]).view(rows, heads, end - start, size))
    return torch.cat(outputs, 2)


def local_attention(
    q: Tensor, k: Tensor, v: Tensor, slopes: Tensor, window: int, skipped: Tensor | None = None
) -> Tensor:
    """Causal attention with ALiBi over the last `window` positions, itself included; blocks of `window` queries.

    Keys at positions in `skipped` [B, T] are seen by themselves only, so that no softmax is empty.
    """
    rows, heads, length, size = q.shape
    groups = k.shape[1]
    pad = -length % window
    q = F.pad(q * size**-0.5, (0, 0, 0, pad))
    k, v = (F.pad(x, (0, 0, window, pad)) for x in (k, v))
    blocks = (length + pad) // window
    q = q.view(rows, groups, heads // groups, blocks, window, size)
    q = q.permute(0, 3, 1, 2, 4, 5).reshape(rows * blocks, groups, -1, size)

    def pairs(x: Tensor) -> Tensor:
        x = x.view(rows, groups, blocks + 1, window, size)
        x = torch.cat((x[:, :, :-1], x[:, :, 1:]), 3)
        return x.transpose(1, 2).reshape(rows * blocks, groups, 2 * window, size)

    def pairs_of(x: Tensor) -> Tensor:
        x = x.view(rows, blocks + 1, window)
        return torch.cat((x[:, :-1], x[:, 1:]), 2)

    scores = q @ pairs(k).transpose(-1, -2)
    bias = _bias(torch.arange(window, 2 * window), torch.arange(2 * window), slopes, window).to(q.dtype)
    scores = scores.view(rows, blocks, groups, -1, 2 * window) + bias.view(groups, -1, 2 * window)
    if blocks:
        # The first block's left neighbour is padding, which no query may see.
        empty = torch.zeros(blocks, 1, 1, 2 * window, dtype=q.dtype)
        empty[0, :, :, :window] = float("-inf")
        scores = scores + empty
    if skipped is not None:
        hidden = pairs_of(F.pad(skipped, (window, pad)))[:, :, None, :].expand(-1, -1, window, -1)
        itself = torch.arange(window)[:, None] + window == torch.arange(2 * window)[None, :]
        hidden = (hidden & ~itself)[:, :, None, None].expand(-1, -1, groups, heads // groups, -1, -1)
        scores = scores.masked_fill(hidden.reshape(scores.shape), float("-inf"))
    weights = torch.softmax(scores, -1).view(rows * blocks, groups, -1, 2 * window)
    mixed = (weights @ pairs(v)).view(rows, blocks, heads, window, size)
    return mixed.transpose(1, 2).reshape(rows, heads, length + pad, size)[:, :, :length]


def _bias(queries: Tensor, keys: Tensor, slopes: Tensor, window: int | None) -> Tensor:
    """[H, queries, keys]: -slope * distance where a query may look, -inf elsewhere."""
    distance = queries[:, None] - keys[None, :]
    hidden = distance < 0
    if window is not None:
        hidden = hidden | (distance >= window)
    bias = -slopes[:, None, None] * distance.float()
    return bias.masked_fill(hidden, float("-inf"))
