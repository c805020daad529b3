"""What a training run is: one frozen record per stage, read from TOML."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from iquest_lsp.errors import UsageError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DataRecipe:
    """Which code is read: caps in bytes of text, package names as their metadata spells them (any case).

    `sources` names where packages are looked for: "stdlib" (the running interpreter's library), "environment" (its
    site-packages), "base" (the site-packages of the interpreter the environment was made from), "archive" (the C and
    C++ of a source distribution given on the command line), "npm" (a node_modules folder given there), "archives" (the
    list named by `archives` beside the recipe, see archives.py). `licences` overrides metadata that speaks for bundled
    parts which are not Python. `folders` are extra packages by folder name, for tests.

    Packages in `guarded` are never learned from, and neither are copies of what is in them; `skipped` are regular
    expressions for the beginnings of `package/path`. `languages` caps all text of a language (grammars.py) in bytes.
    `manifest` names the manifest beside the recipe where several recipes share one; up to a share of `missing` of its
    files may be gone from the registries.
    """

    sources: tuple[str, ...] = ("stdlib", "environment", "base", "archive")
    held_out: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    cap: int = 1_200_000
    caps: dict[str, int] = field(default_factory=dict)
    licences: dict[str, str] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    guarded: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    languages: dict[str, int] = field(default_factory=dict)
    archives: str = ""
    manifest: str = ""
    missing: float = 0.0


@dataclass(frozen=True, slots=True)
class TokenizerRecipe:
    """Byte-level BPE: vocabulary size (special tokens included) and bytes of text it is trained on."""

    vocabulary: int = 4096
    sample: int = 12_000_000


@dataclass(frozen=True, slots=True)
class PackRecipe:
    """Rows of tokens: `rows` of `length` tokens for each phase, as drawn by samples.py.

    Of the cursors in a line, `after_signs` stand behind one of `. ( = ` or a space, `line_starts` where the line's
    text begins and `line_ends` at its end; the rest anywhere (spans.py).
    """

    lengths: tuple[int, ...] = (512, 1024)
    rows: tuple[int, ...] = (12_000, 6_000)
    related: float = 0.4
    plain: float = 0.12
    after_signs: float = 0.0
    line_starts: float = 0.0
    line_ends: float = 0.0


@dataclass(frozen=True, slots=True)
class ModelRecipe:
    """The architecture, in the words of docs/loop-models.md."""

    width: int = 256
    layers: int = 6
    heads: int = 8
    kv_heads: int = 2
    head_size: int = 32
    feed_forward: int = 768
    passes: int = 2
    window: int = 32
    max_alibi_bias: float = 16.0
    epsilon: float = 1e-5
    gate_bias: float = 1.0


@dataclass(frozen=True, slots=True)
class PhaseRecipe:
    """One phase of training: `steps` of `batch` rows from the rows of `length` tokens, with `passes` passes.

    `first_pass_loss` weighs the loss of the first pass's own output, taken at a quarter of the positions.
    `pass_dropout` is the share of positions whose later passes are left out: their output is the first pass's, and
    the local windows of other positions do not hold them.
    """

    steps: int
    batch: int
    length: int
    passes: int
    first_pass_loss: float = 0.0
    pass_dropout: float = 0.0


@dataclass(frozen=True, slots=True)
class TrainRecipe:
    """Optimizer and schedule: linear warmup, flat, then linear anneal to `final` over the last `anneal` steps.

    `start` is the SHA-256 of a model file of an earlier run: its weights and its tokenizer are what this run goes on
    from; "" starts from random weights. `before` is how many tokens that run had seen. `half` multiplies matrices in
    bfloat16, which is quicker where the processor has instructions for it and ten times slower where it has none.
    """

    phases: tuple[PhaseRecipe, ...] = ()
    matrix_rate: float = 0.02
    vector_rate: float = 0.003
    embedding_rate: float = 0.005
    weight_decay: float = 0.05
    momentum: float = 0.95
    warmup: int = 40
    anneal: int = 400
    final: float = 0.02
    checkpoint_every: int = 100
    threads: int = 2
    compile: bool = True
    half: bool = True
    seed: int = 1
    start: str = ""
    before: int = 0


@dataclass(frozen=True, slots=True)
class EvaluateRecipe:
    """How much of the held-out packages is scored.

    `windows` of up to `length` tokens for bits per byte; cursors with prompts of about `prompt` tokens: `positions`
    for the rest of the line, `blocks` for whole bodies, `names` for names found in related files alone; `stretches`
    of `scored` tokens after as many of `lengths` tokens. The rests of lines are also written after prompts of about
    `long_prompt` tokens (0: they are not).
    """

    windows: int = 400
    positions: int = 600
    blocks: int = 150
    names: int = 200
    stretches: int = 24
    scored: int = 512
    lengths: tuple[int, ...] = (1024, 4096, 16384, 32768)
    length: int = 1024
    prompt: int = 768
    long_prompt: int = 0
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Recipe:
    """A whole run, and the words that go into the model file."""

    name: str
    description: str = ""
    licence: str = "apache-2.0"
    data: DataRecipe = field(default_factory=DataRecipe)
    tokenizer: TokenizerRecipe = field(default_factory=TokenizerRecipe)
    pack: PackRecipe = field(default_factory=PackRecipe)
    model: ModelRecipe = field(default_factory=ModelRecipe)
    train: TrainRecipe = field(default_factory=TrainRecipe)
    evaluate: EvaluateRecipe = field(default_factory=EvaluateRecipe)


def load(path: Path) -> Recipe:
    """Reads a recipe; an unknown key is a UsageError, so that a misspelt one cannot be silently ignored."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"The recipe {path} cannot be read", why=str(error)) from error
    for name, kind in (
        ("data", DataRecipe),
        ("tokenizer", TokenizerRecipe),
        ("pack", PackRecipe),
        ("model", ModelRecipe),
        ("evaluate", EvaluateRecipe),
    ):
        table[name] = record(kind, table.get(name, {}), f"recipe's {name}")
    train = dict(table.get("train", {}))
    train["phases"] = tuple(record(PhaseRecipe, phase, "recipe's train.phases") for phase in train.get("phases", []))
    table["train"] = record(TrainRecipe, train, "recipe's train")
    return record(Recipe, table, "recipe's recipe")


def record(kind: type[T], table: dict[str, Any], where: str) -> T:
    """The dataclass that a table describes, its lists as tuples; an unknown or missing key is a UsageError."""
    known = {item.name for item in dataclasses.fields(kind)}  # type: ignore[arg-type]  # each kind is a dataclass
    for key in table:
        if key not in known:
            fix = f"Known keys: {', '.join(sorted(known))}"
            raise UsageError(f"Unknown key `{key}` in the {where}", fix=fix)
    try:
        return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in table.items()})
    except TypeError as error:
        raise UsageError(f"The {where} is incomplete", why=str(error)) from error
