"""The pictures of the model card."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from quantize.pretrain.card import Point


def curve(path: Path, points: Sequence[Point]) -> None:
    """Held-out bits per byte against tokens, as PNG; the dotted line marks where the second pass came in."""
    with _figure(path, 1) as (axes,):
        millions = [point.tokens / 1e6 for point in points]
        axes.plot(millions, [point.held_out for point in points], label="all passes")
        looped = [point for point in points if point.passes > 1]
        if looped and len(looped) < len(points):
            axes.plot([p.tokens / 1e6 for p in looped], [p.first_pass for p in looped], label="first pass alone", lw=1)
            axes.axvline(looped[0].tokens / 1e6, ls=":", c="grey")
        annealed = [point for point in points if point.rate < 1.0 and point.step > 100]
        if annealed:
            axes.axvspan(annealed[0].tokens / 1e6, millions[-1], alpha=0.1, color="grey", label="anneal")
        axes.set_xlabel("million tokens")
        axes.set_ylabel("bits per byte, starts of held-out files")
        top = sorted(point.held_out for point in points)[-max(2, len(points) // 12)]
        axes.set_ylim(min(point.held_out for point in points) * 0.95, top * 1.05)
        axes.legend()


def figures(path: Path, found: dict[str, Any]) -> None:
    """Bits per byte by length of the window; how often answers are right, by the probability they were given."""
    with _figure(path, 2) as (left, right):
        lengths = found["by_length"]["lengths"]
        tokens = [int(length) for length in lengths]
        middle = [value["value"] for value in lengths.values()]
        spread = [
            [value["value"] - value["low"] for value in lengths.values()],
            [value["high"] - value["value"] for value in lengths.values()],
        ]
        left.errorbar(tokens, middle, yerr=spread, marker="o", capsize=3)
        left.set_xscale("log", base=2)
        left.set_xticks(tokens, [f"{length // 1024}K" if length >= 1024 else str(length) for length in tokens])
        left.set_xlabel("tokens before the scored ones")
        left.set_ylabel("bits per byte")
        groups = found["reliability"]
        right.plot([0, 1], [0, 1], ls=":", c="grey", label="as said")
        right.plot([row["said"] for row in groups], [row["right"] for row in groups], marker="o", label="nano")
        for row in groups:
            right.annotate(str(row["count"]), (row["said"], row["right"]), textcoords="offset points", xytext=(4, -10))
        right.set_xlabel("probability of the whole answer")
        right.set_ylabel("share exactly right")
        right.legend()


@contextmanager
def _figure(path: Path, count: int) -> Iterator[Any]:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, count, figsize=(6.4 if count == 1 else 8.8, 3.6), dpi=100, squeeze=False)
    yield axes[0]
    for each in axes[0]:
        each.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)
