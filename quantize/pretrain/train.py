"""The training loop: phases, schedule, checkpoints that resume to the step, the curve as CSV."""

from __future__ import annotations

import csv
import dataclasses
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from iquest_lsp.errors import UsageError
from quantize.pretrain.model import LoopModel
from quantize.pretrain.optim import Muon
from quantize.pretrain.pack import rows_path
from quantize.pretrain.reader import ModelFile
from quantize.pretrain.recipe import ModelRecipe, PhaseRecipe, TrainRecipe

CURVE = ("step", "tokens", "seconds", "passes", "rate", "loss", "held_out_bits_per_byte", "first_pass_bits_per_byte")
CHECKPOINT = "checkpoint.pt"


class Trainer:
    """One run in one folder: what it holds is a function of its recipe and rows, however often it was interrupted."""

    def __init__(
        self,
        model: ModelRecipe,
        recipe: TrainRecipe,
        vocabulary: int,
        rows: Path,
        held_out: NDArray[np.uint16],
        bytes_per_token: float,
        folder: Path,
        say: Callable[[str], None],
        start: ModelFile | None = None,
    ) -> None:
        """`start` gives the weights to begin with; raises UsageError where its shape is not the recipe's."""
        self.recipe = recipe
        self.folder = folder
        self.steps = sum(phase.steps for phase in recipe.phases)
        self._say = say
        self._held_out = torch.from_numpy(held_out.astype(np.int64))
        self._bytes_per_token = bytes_per_token
        self._rows = {phase.length: np.load(rows_path(rows, phase.length), mmap_mode="r") for phase in recipe.phases}
        self._orders: dict[tuple[int, int], NDArray[np.int64]] = {}
        torch.set_num_threads(recipe.threads)
        torch.manual_seed(recipe.seed)
        self.model = LoopModel(model, vocabulary, recipe.half)
        if start is not None:
            _begin_with(self.model, start.model)
        self._loss = torch.compile(self.model.loss, dynamic=False) if recipe.compile else self.model.loss
        self._muon = Muon(
            self.model.matrices(),
            recipe.matrix_rate,
            recipe.momentum,
            recipe.weight_decay,
            halves={id(self.model.gate_up)},
            dtype=self.model.dtype,
        )
        groups = [
            {"params": [self.model.embedding], "lr": recipe.embedding_rate},
            {"params": self.model.vectors(), "lr": recipe.vector_rate},
        ]
        self._adam = torch.optim.AdamW(groups, betas=(0.9, 0.95), eps=1e-10, weight_decay=0.0)
        self._rates = [group["lr"] for group in self._groups()]
        self.step = 0
        self.tokens = 0
        self.seconds = 0.0

    def run(self, until: int | None = None) -> list[float]:
        """Trains up to step `until` (the end by default); the losses of the steps made now, in nats."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.resume()
        losses: list[float] = []
        last = min(self.steps, until if until is not None else self.steps)
        told, at = time.monotonic(), self.tokens
        while self.step < last:
            started = time.monotonic()
            losses.append(self._advance())
            self.seconds += time.monotonic() - started
            if self.step % 20 == 0:
                recent = losses[-20:]
                rate = (self.tokens - at) / (time.monotonic() - told)
                told, at = time.monotonic(), self.tokens
                self._say(
                    f"step {self.step}/{self.steps}  loss {sum(recent) / len(recent):.4f}  "
                    f"{self.tokens / 1e6:.2f}M tokens  {rate:.0f} tokens/s"
                )
            if self.step % self.recipe.checkpoint_every == 0 or self.step == last:
                self._record(losses[-self.recipe.checkpoint_every :])
                self.save()
        return losses

    def _advance(self) -> float:
        phase, within = self._phase()
        batch = torch.from_numpy(self._batch(phase, within).astype(np.int64))
        factor = self.factor(self.step)
        for group, rate in zip(self._groups(), self._rates, strict=True):
            group["lr"] = rate * factor
        main, total = self._loss(batch, phase.passes, phase.first_pass_loss, self._skipped(phase))
        torch.autograd.backward(total)
        self._muon.step()
        self._adam.step()
        self.model.zero_grad(set_to_none=True)
        self.step += 1
        self.tokens += phase.batch * phase.length
        value = float(main.detach())
        if not math.isfinite(value):
            raise UsageError(f"The loss is {value} at step {self.step}", fix="Lower the learning rates in the recipe")
        return value

    def _skipped(self, phase: PhaseRecipe) -> Tensor | None:
        """Positions of the present step whose later passes are left out, drawn from the seed and the step alone."""
        if phase.passes == 1 or phase.pass_dropout == 0.0:
            return None
        draw = np.random.default_rng((self.recipe.seed, self.step))
        return torch.from_numpy(draw.random((phase.batch, phase.length)) < phase.pass_dropout)

    def _groups(self) -> list[dict[str, Any]]:
        """Asked for anew each time: loading an optimizer's state replaces its groups."""
        return [group for item in (self._muon, self._adam) for group in item.param_groups]

    def factor(self, step: int) -> float:
        """Learning rate at a step as a share of the recipe's: warmup, flat, linear anneal."""
        r = self.recipe
        left = self.steps - step
        rise = min(1.0, (step + 1) / max(1, r.warmup))
        fall = 1.0 if left > r.anneal else r.final + (1 - r.final) * left / max(1, r.anneal)
        return rise * fall

    def _phase(self) -> tuple[PhaseRecipe, int]:
        within = self.step
        for phase in self.recipe.phases:
            if within < phase.steps:
                return phase, within
            within -= phase.steps
        return self.recipe.phases[-1], self.recipe.phases[-1].steps

    def _batch(self, phase: PhaseRecipe, within: int) -> NDArray[np.uint16]:
        """Rows in a shuffled order per epoch, drawn from the seed and the epoch alone."""
        rows = self._rows[phase.length]
        picked = []
        for at in range(within * phase.batch, (within + 1) * phase.batch):
            epoch, index = divmod(at, len(rows))
            key = (phase.length, epoch)
            if key not in self._orders:
                self._orders = {key: np.random.default_rng((self.recipe.seed, *key)).permutation(len(rows))}
            picked.append(self._orders[key][index])
        return np.asarray(rows[picked])

    @torch.no_grad()
    def held_out(self) -> list[float]:
        """Bits per byte of the held-out rows after each pass that the present phase trains."""
        passes = self._phase()[0].passes
        totals = [0.0] * passes
        for row in self._held_out:
            for index, h in enumerate(self.model.hidden(row[None, :-1], passes)):
                logits = self.model.logits(h)[0].float()
                totals[index] += float(torch.nn.functional.cross_entropy(logits, row[1:]))
        return [total / max(1, len(self._held_out)) / math.log(2) / self._bytes_per_token for total in totals]

    def _record(self, losses: list[float]) -> None:
        held = self.held_out()
        path = self.folder / "curve.csv"
        new = not path.exists()
        with path.open("a", newline="") as stream:
            writer = csv.writer(stream)
            if new:
                writer.writerow(CURVE)
            values = (
                self.step,
                self.tokens,
                round(self.seconds),
                self._phase()[0].passes,
                round(self.factor(self.step), 4),
                round(sum(losses) / len(losses), 4),
                round(held[-1], 4),
                round(held[0], 4),
            )
            writer.writerow(values)
        self._say(f"step {self.step}: held-out bits per byte {held[-1]:.4f} (first pass {held[0]:.4f})")

    def save(self) -> None:
        """Writes the checkpoint; a kill while it is written leaves the one before."""
        state = {
            "step": self.step,
            "tokens": self.tokens,
            "seconds": self.seconds,
            "recipe": dataclasses.asdict(self.recipe),
            "model": self.model.state_dict(),
            "muon": self._muon.state_dict(),
            "adam": self._adam.state_dict(),
        }
        part = self.folder / (CHECKPOINT + ".part")
        torch.save(state, part)
        part.replace(self.folder / CHECKPOINT)

    def resume(self) -> bool:
        """Takes up the last checkpoint; whether there is one."""
        path = self.folder / CHECKPOINT
        if not path.exists():
            return False
        state: dict[str, Any] = torch.load(path, weights_only=True)
        step = int(state["step"])
        before = state["recipe"]
        flat_until = min(
            sum(phase["steps"] for phase in before["phases"]) - before["anneal"], self.steps - self.recipe.anneal
        )
        if _schedule(before) != _schedule(dataclasses.asdict(self.recipe)) and step > flat_until:
            raise UsageError(
                "The checkpoint cannot go on with this schedule",
                why=f"it is at step {step}, past the end of the flat part at {flat_until}",
                fix="Restore the recipe, or remove the run's folder",
            )
        self.model.load_state_dict(state["model"])
        self._muon.load_state_dict(state["muon"])
        self._adam.load_state_dict(state["adam"])
        self.step, self.tokens, self.seconds = step, int(state["tokens"]), float(state["seconds"])
        self._say(f"resumed at step {self.step}")
        return True


def _begin_with(model: LoopModel, start: LoopModel) -> None:
    shapes = {name: tuple(value.shape) for name, value in start.state_dict().items()}
    for name, value in model.state_dict().items():
        if shapes.get(name) != tuple(value.shape):
            raise UsageError(
                f"The run cannot start from this model file: {name} is {shapes.get(name)}",
                why=f"the recipe's model has {tuple(value.shape)}",
            )
    model.load_state_dict(start.state_dict())


def _schedule(recipe: dict[str, Any]) -> tuple[Any, ...]:
    return (recipe["anneal"], recipe["final"], [phase["steps"] for phase in recipe["phases"]])
