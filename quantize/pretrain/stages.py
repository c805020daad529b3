"""The stages of a run, each kept in a folder named by the hash of all that goes into it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from iquest_lsp.errors import UsageError
from quantize.pretrain import clean, inventory, manifest, pack, reader, tokenizer
from quantize.pretrain.clean import Cleaned
from quantize.pretrain.recipe import Recipe

#: Raised whenever a stage's code changes what comes out of the same inputs.
VERSION = 1

Say = Callable[[str], None]


class Stages:
    """Runs what is missing and finds what is there; `work` is a folder outside the source tree."""

    def __init__(
        self, recipe: Recipe, work: Path, places: manifest.Places, pinned: Path, say: Say, start: Path | None = None
    ) -> None:
        self.recipe = recipe
        self._manifest = pinned.with_name(recipe.data.manifest) if recipe.data.manifest else pinned
        self.work = work
        self._places = places
        if recipe.data.archives:
            listed = pinned.with_name(recipe.data.archives)
            self._places = dataclasses.replace(places, listed=listed, archives=work / "archives")
        self.say = say
        self.start = start

    def clean(self) -> tuple[Cleaned, str]:
        """Files for training and for evaluation, and the hash of both.

        With a manifest beside the recipe exactly its files are used, whatever else the environment holds by now.
        """
        pinned = inventory.read(self._manifest) if self._manifest.exists() else None
        files: list[manifest.SourceFile] = []
        if pinned is None:
            files = list(manifest.collect(self.recipe.data, self._places))
        collected = pinned.collected if pinned else _digest(files)
        data = self._fields("data")
        del data["missing"]
        key = self._key([collected, data, self.recipe.train.seed])
        folder, fresh = self._folder("clean", key)
        if fresh is not None:
            if pinned is None:
                self.say(f"clean: {len(files)} files")
                cleaned = clean.clean(files, self.recipe.data, self.recipe.train.seed)
            else:
                files = list(manifest.collect(self.recipe.data, self._places))
                cleaned, missing = pinned.select(files)
                self.say(f"clean: {len(pinned.entries)} files of the manifest, {len(missing)} of them not here")
                if len(missing) > self.recipe.data.missing * len(pinned.entries):
                    raise UsageError(
                        f"{len(missing)} of the manifest's {len(pinned.entries)} files are missing or have changed",
                        why=f"the first is {missing[0].path} of {missing[0].package} {missing[0].version}",
                        fix=f"Install those versions, or remove {self._manifest.name} to train on what is here",
                    )
            (fresh / "files.pickle").write_bytes(pickle.dumps(cleaned))
            inventory.write(fresh / "manifest.csv", inventory.inventory(cleaned, collected))
            fresh.replace(folder)
        # Written by this program into the user's own cache folder, never received from elsewhere.
        result: Cleaned = pickle.loads((folder / "files.pickle").read_bytes())
        return result, key

    def tokenizer(self, cleaned: Cleaned, parent: str) -> tuple[Tokenizer, str]:
        """The tokenizer and its hash: that of the model file the run starts from, or one trained on the files."""
        if self.start is not None:
            return reader.read(self.start).tokenizer, self._key([parent, self.recipe.train.start])
        key = self._key([parent, self._fields("tokenizer"), self.recipe.train.seed])
        folder, fresh = self._folder("tokenizer", key)
        if fresh is not None:
            self.say("tokenizer: training")
            made = tokenizer.train(cleaned.train, self.recipe.tokenizer, self.recipe.train.seed)
            made.save(str(fresh / "tokenizer.json"))
            fresh.replace(folder)
        return tokenizer.load(folder / "tokenizer.json"), key

    def pack(self, cleaned: Cleaned, made: Tokenizer, parent: str) -> tuple[Path, str]:
        """The folder of token rows and its hash."""
        key = self._key([parent, self._fields("pack"), self.recipe.train.seed])
        folder, fresh = self._folder("pack", key)
        if fresh is not None:
            self.say(f"pack: {sum(self.recipe.pack.rows)} rows")
            pack.pack(cleaned.train, made, self.recipe.pack, self.recipe.train.seed, fresh)
            rows = pack.pack_plain(cleaned.held_out, made, 512, 32, self.recipe.train.seed)
            np.save(fresh / "held-out.npy", rows)
            size = sum(len(made.decode(row[1:].tolist()).encode()) for row in rows)
            (fresh / "held-out.json").write_text(json.dumps({"bytes_per_token": size / max(1, rows[:, 1:].size)}))
            fresh.replace(folder)
        return folder, key

    def train_folder(self, parent: str) -> Path:
        """Where checkpoints lie: the number of steps is left out of the hash, so that a flat run can be shortened."""
        train = dataclasses.asdict(self.recipe.train)
        for name in ("anneal", "final", "checkpoint_every", "threads", "before"):
            del train[name]
        for phase in train["phases"]:
            del phase["steps"]
        return self.work / "train" / self._key([parent, train, self._fields("model")])

    def _fields(self, name: str) -> dict[str, Any]:
        return dataclasses.asdict(getattr(self.recipe, name))

    def _key(self, inputs: list[Any]) -> str:
        """Hash of the inputs and of the version of the code that works on them."""
        return hashlib.sha256(json.dumps([VERSION, *inputs], sort_keys=True).encode()).hexdigest()[:16]

    def _folder(self, stage: str, key: str) -> tuple[Path, Path | None]:
        """The stage's folder, and a fresh one to be filled and moved there when it is not yet made."""
        folder = self.work / stage / key
        if folder.exists():
            return folder, None
        fresh = folder.with_name(key + ".part")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        return folder, fresh


def _digest(files: list[manifest.SourceFile]) -> str:
    digest = hashlib.sha256()
    for item in files:
        digest.update(f"{item.package}\0{item.path}\0{item.sha256}\0".encode())
    return digest.hexdigest()


def checked_start(recipe: Recipe, start: Path | None) -> Path | None:
    """The model file to start from, if it is the one that the recipe names."""
    wanted = recipe.train.start
    if not wanted:
        return None
    if start is None or hashlib.sha256(start.read_bytes()).hexdigest() != wanted:
        raise UsageError(
            "The recipe goes on from another model file",
            why=f"the one wanted has the SHA-256 {wanted}",
            fix="Give it with --start FILE",
        )
    return start
