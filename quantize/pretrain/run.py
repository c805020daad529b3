"""One run of a recipe from end to end; see stages.py for what is kept between two runs."""

from __future__ import annotations

import hashlib
import json
import shutil
from functools import cached_property
from pathlib import Path

import numpy as np

from iquest_lsp.errors import UsageError
from quantize.pretrain import export, reader
from quantize.pretrain.manifest import Places
from quantize.pretrain.recipe import Recipe
from quantize.pretrain.stages import Say, Stages, checked_start
from quantize.pretrain.train import Trainer


class Run:
    """The stages of a recipe in their order; each method makes what is missing before it."""

    def __init__(
        self, recipe: Recipe, path: Path, work: Path, places: Places, say: Say, start: Path | None = None
    ) -> None:
        """`start` is the model file that the recipe goes on from, if it names one."""
        self.recipe = recipe
        self._say = say
        self.stages = Stages(recipe, work, places, path.with_suffix(".manifest.csv"), say, checked_start(recipe, start))

    @cached_property
    def trainer(self) -> Trainer:
        """The trainer, its rows packed."""
        cleaned, clean_key = self.stages.clean()
        made, tokenizer_key = self.stages.tokenizer(cleaned, clean_key)
        rows, pack_key = self.stages.pack(cleaned, made, tokenizer_key)
        return Trainer(
            self.recipe.model,
            self.recipe.train,
            made.get_vocab_size(),
            rows,
            np.load(rows / "held-out.npy"),
            float(json.loads((rows / "held-out.json").read_text())["bytes_per_token"]),
            self.stages.train_folder(pack_key),
            self._say,
            reader.read(self.stages.start) if self.stages.start is not None else None,
        )

    def train(self, until: int | None = None) -> bool:
        """Trains from the last checkpoint; whether the last step is made."""
        parameters = sum(p.numel() for p in self.trainer.model.parameters())
        self._say(f"train: {parameters:,} parameters, {self.trainer.steps} steps, in {self.trainer.folder}")
        self.trainer.run(until)
        return self.trainer.step == self.trainer.steps

    def so_far(self, name: str, output: Path) -> Path:
        """Writes the last checkpoint's model file and curve to `output` and says what goes on from it."""
        if not self.trainer.resume():
            raise UsageError("There is no checkpoint yet", why=f"none lies in {self.trainer.folder}")
        output.mkdir(parents=True, exist_ok=True)
        path = Path(shutil.copyfile(self.export(name), output / f"{name}.gguf"))
        shutil.copyfile(self.trainer.folder / "curve.csv", output / f"{name}.curve.csv")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        tokens = self.recipe.train.before + self.trainer.tokens
        self._say(f'step {self.trainer.step}: start = "{digest}", before = {tokens}')
        return path

    def export(self, name: str) -> Path:
        """The model file of the present weights."""
        cleaned, clean_key = self.stages.clean()
        made, _ = self.stages.tokenizer(cleaned, clean_key)
        path = self.trainer.folder / f"{name}.gguf"
        state = {key: value.float().numpy() for key, value in self.trainer.model.state_dict().items()}
        part = path.with_suffix(".part")
        export.write(part, self.recipe, export.tensors(state, self.recipe.model.layers), made)
        part.replace(path)
        self._say(f"export: {path} ({path.stat().st_size:,} bytes)")
        return path
