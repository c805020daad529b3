"""What a published folder tells of a model: configuration, tokenizer and weights, as far as they are there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from quantize.checkpoint import Checkpoint, read_json
from quantize.hf_config import ModelConfig, parse
from quantize.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Published:
    """Each part is None where its files are missing."""

    config: ModelConfig | None = None
    vocabulary: Vocabulary | None = None
    weights: Checkpoint | None = None

    @classmethod
    def read(cls, folder: Path, ignore: Collection[str] = (), pre: str = "") -> Published:
        """`ignore` names keys of config.json without effect, `pre` the pre-tokenizer where it is not recognised.

        Raises CheckpointError for files that make no sense.
        """
        config = parse(read_json(folder / "config.json"), ignore) if (folder / "config.json").exists() else None
        vocabulary = None
        if any((folder / name).exists() for name in ("tokenizer.model", "tokenizer.json")):
            size, ends = (config.n_vocab, config.eos_ids) if config else (None, ())
            vocabulary = Vocabulary.read(folder, size, ends, pre)
        weights = Checkpoint.open(folder) if config and any(folder.glob("*.safetensors")) else None
        return cls(config, vocabulary, weights)
