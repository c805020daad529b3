"""What an architecture search compares: shapes, and the compute that each of them is given; read from TOML."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from iquest_lsp.errors import UsageError
from quantize.pretrain import costs
from quantize.pretrain.recipe import ModelRecipe, PhaseRecipe, Recipe, TrainRecipe, load, record


@dataclass(frozen=True, slots=True)
class Variant:
    """One shape: `model` holds what differs from the base recipe's, `vocabulary` its tokens (0: those of the base).

    `start` says where the weights come from: "" random ones; "base" the model file that the search is given;
    "unrolled" the same with the layers of its later passes as layers of their own; "first" the same with one pass.
    """

    name: str
    model: dict[str, Any] = field(default_factory=dict)
    vocabulary: int = 0
    start: str = ""
    seed: int = 1

    def shape(self, base: ModelRecipe) -> ModelRecipe:
        """The variant's architecture."""
        try:
            return dataclasses.replace(base, **self.model)
        except TypeError as error:
            raise UsageError(f"The variant {self.name} cannot be made", why=str(error)) from error


@dataclass(frozen=True, slots=True)
class Search:
    """A set of short runs that all spend `operations` of training (costs.py), on rows of `length` tokens.

    A looped variant that starts from random weights trains one pass for `first_pass_share` of them. `continued` is what
    runs that start from the model file spend, at `continued_rate` times the learning rates. Scored are `pieces` of
    held-out files of `characters` each, the same for all.
    """

    base: str
    operations: float
    continued: float = 0.0
    continued_rate: float = 0.3
    first_pass_share: float = 0.5
    first_pass_loss: float = 0.3
    batch: int = 4
    length: int = 512
    anneal: float = 0.5
    warmup: float = 0.08
    pieces: int = 32
    characters: int = 2000
    threads: int = 2
    half: bool = True
    context: int = 2048
    variants: tuple[Variant, ...] = ()


def read(path: Path) -> tuple[Search, Recipe]:
    """The search, and the recipe beside it that it varies; an unknown key is a UsageError."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"The search {path} cannot be read", why=str(error)) from error
    variants = tuple(record(Variant, item, "search's variants") for item in table.pop("variants", []))
    search = record(Search, table | {"variants": variants}, "search's search")
    names = [variant.name for variant in variants]
    if len(set(names)) < len(names) or not names:
        raise UsageError("A search needs variants, each with a name of its own")
    return search, load(path.parent / search.base)


def plan(search: Search, variant: Variant, model: ModelRecipe, vocabulary: int, base: TrainRecipe) -> TrainRecipe:
    """The training that spends the search's operations on one variant, in whole steps."""
    budget = search.continued if variant.start else search.operations
    shares = {1: search.first_pass_share, model.passes: 1 - search.first_pass_share}
    if variant.start or model.passes == 1:
        shares = {model.passes: 1.0}
    phases = []
    for passes, share in shares.items():
        each = costs.training_operations(model, vocabulary, search.length, passes, search.first_pass_loss)
        steps = max(1, round(budget * share / (each * search.batch * search.length)))
        phases.append(PhaseRecipe(steps, search.batch, search.length, passes, search.first_pass_loss))
    steps = sum(phase.steps for phase in phases)
    scale = search.continued_rate if variant.start else 1.0
    return dataclasses.replace(
        base,
        phases=tuple(phases),
        matrix_rate=base.matrix_rate * scale,
        vector_rate=base.vector_rate * scale,
        embedding_rate=base.embedding_rate * scale,
        warmup=max(1, round(search.warmup * steps)),
        anneal=max(1, round((1.0 if variant.start else search.anneal) * steps)),
        checkpoint_every=20,
        threads=search.threads,
        compile=False,
        half=search.half,
        seed=variant.seed,
        start="",
        before=0,
    )
