"""Short runs of several shapes with the same compute each, scored on the same held-out text."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer, models

from iquest_lsp.errors import UsageError
from quantize.pretrain import costs, export, scores
from quantize.pretrain import tokenizer as vocabularies
from quantize.pretrain.manifest import SourceFile
from quantize.pretrain.model import LoopModel
from quantize.pretrain.pack import rows_path
from quantize.pretrain.reader import ModelFile
from quantize.pretrain.recipe import ModelRecipe, Recipe
from quantize.pretrain.train import Trainer
from quantize.pretrain.variants import Search, Variant, plan

#: Raised whenever this code changes what comes out of the same inputs.
VERSION = 1
#: Rows that are tokenized anew for another vocabulary: more than a short run reads.
MOST_ROWS = 3000
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Material:
    """What all runs share: a model file of the base's shape, rows of its tokens, the files kept for training (a
    larger vocabulary is learnt from them), and the held-out ones."""

    file: ModelFile
    rows: Path
    train: Sequence[SourceFile]
    held_out: Sequence[SourceFile]


class Runs:
    """The runs of one search, each kept in a folder of its own: what is done is not done again."""

    def __init__(self, search: Search, recipe: Recipe, material: Material, work: Path, say: Say) -> None:
        self._search, self._recipe, self._material, self._work, self._say = search, recipe, material, work, say

    def run(self, variant: Variant) -> dict[str, Any]:
        """Trains and scores one variant, going on where an earlier call stopped; the bits of each piece included."""
        model = variant.shape(self._recipe.model)
        folder = self._work / self._key(variant)
        done = folder / "result.json"
        if not done.exists():
            folder.mkdir(parents=True, exist_ok=True)
            done.write_text(json.dumps(self._train(variant, model, folder)), encoding="utf-8")
        found: dict[str, Any] = json.loads(done.read_text(encoding="utf-8"))
        return found

    def is_done(self, variant: Variant) -> bool:
        """Whether a variant's run is finished."""
        return (self._work / self._key(variant) / "result.json").exists()

    def model_file(self, variant: Variant) -> Path | None:
        """The variant as GGUF, so that the engine can time it: with random weights where it is not trained yet.

        None for one that needs a vocabulary which is not learnt yet.
        """
        path = self._work / self._key(variant) / "model.gguf"
        if not path.exists():
            path = path.with_name("untrained.gguf")
            if variant.vocabulary > self._material.file.tokenizer.get_vocab_size():
                return None
            model = variant.shape(self._recipe.model)
            base = self._material.file.tokenizer
            tokenizer = resized(base, variant.vocabulary) if variant.vocabulary else base
            torch.manual_seed(variant.seed)
            self._write(path, variant, LoopModel(model, tokenizer.get_vocab_size()), tokenizer)
        return path

    def costs(self, variant: Variant) -> dict[str, Any]:
        """What the variant costs to decode, counted; known without training it."""
        model = variant.shape(self._recipe.model)
        vocabulary = variant.vocabulary or self._material.file.tokenizer.get_vocab_size()
        return {
            "name": variant.name,
            "start": variant.start,
            "decode_operations": costs.decode_operations(model, vocabulary, self._search.context),
            "decode_bytes": costs.decode_bytes(model, vocabulary, self._search.context),
        }

    def _write(self, path: Path, variant: Variant, model: LoopModel, tokenizer: Tokenizer) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        state = {key: value.float().numpy() for key, value in model.state_dict().items()}
        named = dataclasses.replace(self._recipe, model=model.recipe, name=variant.name)
        export.write(path, named, export.tensors(state, model.recipe.layers), tokenizer)

    def _train(self, variant: Variant, model: ModelRecipe, folder: Path) -> dict[str, Any]:
        tokenizer, rows = self._tokens(variant.vocabulary)
        vocabulary = tokenizer.get_vocab_size()
        recipe = plan(self._search, variant, model, vocabulary, self._recipe.train)
        start = begun(self._material.file, variant.start) if variant.start else None
        few = np.load(rows_path(rows, self._search.length), mmap_mode="r")[:1]
        each = len(tokenizer.decode(few[0].tolist()).encode("utf-8")) / few.shape[1]
        trainer = Trainer(model, recipe, vocabulary, rows, few, each, folder, self._say, start)
        self._say(f"{variant.name}: {trainer.steps} steps")
        trainer.run()
        pieces = self._pieces()
        trainer.model.eval()
        bits = [self._bits(trainer.model, tokenizer, piece) for piece in pieces]
        self._write(folder / "model.gguf", variant, trainer.model, tokenizer)
        (folder / "checkpoint.pt").unlink(missing_ok=True)
        operations = sum(
            phase.steps
            * phase.batch
            * phase.length
            * costs.training_operations(model, vocabulary, phase.length, phase.passes, phase.first_pass_loss)
            for phase in recipe.phases
        )
        return self.costs(variant) | {
            "parameters": sum(p.numel() for p in trainer.model.parameters()),
            "tokens": trainer.tokens,
            "training_operations": operations,
            "bits": bits,
            "sizes": [len(piece.encode("utf-8")) for piece in pieces],
        }

    def _pieces(self) -> list[str]:
        """Beginnings of held-out files."""
        long = [item.text for item in self._material.held_out if len(item.text) > self._search.characters]
        random.Random(0).shuffle(long)
        return [text[: self._search.characters] for text in long[: self._search.pieces]]

    @torch.no_grad()
    def _bits(self, model: LoopModel, tokenizer: Tokenizer, text: str) -> float:
        end = vocabularies.special_ids(tokenizer)[vocabularies.END]
        ids = torch.tensor([[end, *tokenizer.encode(text).ids]])
        logits = model.logits(model.hidden(ids[:, :-1], model.recipe.passes)[-1][0])
        loss = torch.nn.functional.cross_entropy(logits.float(), ids[0, 1:], reduction="sum")
        return float(loss) / math.log(2)

    def _tokens(self, size: int) -> tuple[Tokenizer, Path]:
        """Tokenizer and rows of a vocabulary; the base's own unless another size is asked for."""
        base = self._material.file.tokenizer
        if size in (0, base.get_vocab_size()):
            return base, self._material.rows
        folder = self._work / f"vocabulary-{size}-{_hash(self._material.file)}"
        tokenizer = resized(base, size) if size < base.get_vocab_size() else None
        if tokenizer is None:
            kept = folder / "tokenizer.json"
            if not kept.exists():
                folder.mkdir(parents=True, exist_ok=True)
                wanted = dataclasses.replace(self._recipe.tokenizer, vocabulary=size)
                vocabularies.train(self._material.train, wanted, self._recipe.train.seed).save(str(kept))
            tokenizer = vocabularies.load(kept)
        path = rows_path(folder, self._search.length)
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            rows = np.load(rows_path(self._material.rows, self._search.length), mmap_mode="r")[:MOST_ROWS]
            part = path.with_suffix(".part.npy")
            np.save(part, retokenized(rows, base, tokenizer))
            part.replace(path)
        return tokenizer, folder

    def _key(self, variant: Variant) -> str:
        search = {name: value for name, value in dataclasses.asdict(self._search).items() if name != "variants"}
        inputs = [VERSION, search, dataclasses.asdict(variant), dataclasses.asdict(self._recipe.model)]
        inputs += [self._recipe.train.matrix_rate, _hash(self._material.file), str(self._material.rows.name)]
        return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]


def table(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Results without their single pieces: bits per byte, and the saving against the first run of the same start."""
    rows = []
    for run in runs:
        fresh = not run["start"]
        reference = next(item for item in runs if (not item["start"]) == fresh)
        row = {key: value for key, value in run.items() if key not in ("bits", "sizes")}
        row["bits_per_byte"] = scores.per_byte(run["bits"], run["sizes"])
        row["saved"] = scores.saving(run["bits"], reference["bits"])
        rows.append(row)
    return rows


def begun(file: ModelFile, how: str) -> ModelFile:
    """The model file as another shape: "base" as it is, "first" with one pass, "unrolled" with as many more layers."""
    recipe, state = file.model.recipe, file.model.state_dict()
    if how == "first":
        recipe = dataclasses.replace(recipe, passes=1)
    elif how == "unrolled":
        for name, value in state.items():
            if value.shape[:1] == (recipe.layers,) and value.dim() > 1:
                state[name] = torch.cat([value] * recipe.passes)
        recipe = dataclasses.replace(recipe, layers=recipe.layers * recipe.passes, passes=1)
    elif how != "base":
        raise UsageError(f"`{how}` is no way to begin", fix='Known: "base", "first", "unrolled"')
    model = LoopModel(recipe, len(state["embedding"]))
    model.load_state_dict(state)
    return ModelFile(model, file.tokenizer, file.size)


def resized(tokenizer: Tokenizer, size: int) -> Tokenizer:
    """The first `size` tokens of a BPE and the merges that make them: what training it for so many would have given."""
    learnt = json.loads(tokenizer.to_str())["model"]
    vocabulary = {text: at for text, at in learnt["vocab"].items() if at < size}
    split = [pair.split(" ") if isinstance(pair, str) else pair for pair in learnt["merges"]]
    pairs: list[tuple[str, str]] = [(left, right) for left, right in split if left + right in vocabulary]
    made = Tokenizer(models.BPE(vocabulary, pairs))
    made.add_special_tokens(list(vocabularies.SPECIAL))
    return vocabularies.prepared(made)


def retokenized(rows: NDArray[np.uint16], old: Tokenizer, new: Tokenizer) -> NDArray[np.uint16]:
    """The same text in rows of the same length: special tokens stay, what lies between them is tokenized anew."""
    before, after = vocabularies.special_ids(old), vocabularies.special_ids(new)
    moved = {before[text]: after[text] for text in before}
    result: list[int] = []
    for row in rows:
        run: list[int] = []
        for token in [*row.tolist(), -1]:
            if token in moved or token < 0:
                if run:
                    result += new.encode(old.decode(run, skip_special_tokens=False)).ids
                    run = []
                if token >= 0:
                    result.append(moved[token])
            else:
                run.append(token)
    width = rows.shape[1]
    count = len(result) // width
    return np.array(result[: count * width], np.uint16).reshape(count, width)


def _hash(file: ModelFile) -> str:
    digest = hashlib.sha256()
    for value in file.model.state_dict().values():
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()[:16]
