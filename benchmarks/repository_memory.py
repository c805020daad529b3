"""Bits a byte of a repository's files: the model alone, the memory of the other files alone, and both mixed.

    python -m benchmarks.repository_memory [REPOSITORY...] [--model FILE.gguf] [--files 8] [--fit 16] [--write]

Of each repository some code files are held out. At places in them the model reads up to 512 tokens, and the next 256
are scored one by one; the memory holds the other files of the repository that may enter a window, and the file before
the place. Besides, words are scored that were typed in half, as at a cursor within one: there the token is one of those
that spell what is typed. The shares are fitted on files of the repositories `--fit-on`
(default: this one), with what a place in the prompt, in the folder and in the other layers counts for, and `--write`
puts them into the model's file (key iquest.memory). Intervals (95%) are made by resampling files.

`--alone` asks the memory by itself, which takes no model but its words.
What the model says is kept in the folder `--keep`, so that another form of memory can be measured at once.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.tuned import put
from iquest_lsp.bench.report import machine
from iquest_lsp.datatypes import Document
from iquest_lsp.runtime.decode.healing import Pieces
from iquest_lsp.runtime.decode.sampling import only
from iquest_lsp.runtime.llama.context import Context
from iquest_lsp.runtime.llama.loop_context import open_context
from iquest_lsp.runtime.llama.model import Model
from iquest_lsp.runtime.memory.disk import Memory, MemoryFile
from iquest_lsp.runtime.memory.fitting import Floats, ScoredTokens, as_rows, fit, mixed
from iquest_lsp.runtime.memory.layers import OWN, Layer, layer_of, parts_of
from iquest_lsp.runtime.memory.mixture import MemoryMixture
from iquest_lsp.runtime.memory.remembered import Remembered
from iquest_lsp.runtime.memory.shares import FEATURES, LAYERS, MEMORY_KEY, MemoryShares, ShareRows, features
from iquest_lsp.runtime.memory.store import ORDERS
from iquest_lsp.runtime.memory.written import Written
from iquest_lsp.runtime.models import catalogue
from iquest_lsp.workspace.admission import Gate
from iquest_lsp.workspace.ignore import IgnoreRules
from iquest_lsp.workspace.tree import walk
from quantize.scoring import log_softmax

ROOT = Path(__file__).parents[1]
CONTEXT, SCORED, BATCH = 512, 256, 512
#: Stretches scored in one file.
STRETCHES = 2
#: One word in so many is also scored as half typed.
HALF_TYPED = 4
RESAMPLED = 1000
CODE = {".py", ".js", ".mjs", ".ts", ".tsx", ".rs", ".go", ".c", ".h", ".cc", ".cpp", ".java", ".cs", ".rb", ".php"}
#: Weights of places in the prompt and in the file's folder that are tried.
PROMPT_WEIGHTS, FOLDER_WEIGHTS = (1.0, 2.0, 4.0), (1.0, 3.0)
#: Those with which the memory alone is asked: nano's.
ALONE_PROMPT, ALONE_FOLDER = 4.0, 3.0
#: And of places in other layers than that of the file at hand.
LAYER_WEIGHTS = (0.0, 0.1, 0.3, 1.0)


@dataclass(frozen=True)
class Scored:
    """Tokens and what the model said of each: `file` and `place` where it stands, the bytes that were typed of it
    already (0: none), its probability and the greatest one. Arrays of one length."""

    file: NDArray[np.int64]
    place: NDArray[np.int64]
    typed: NDArray[np.int64]
    model: Floats
    top: Floats


class Repository:
    """The files of a repository that may enter a window, in tokens, some of them held out."""

    def __init__(self, model: Model, root: Path, held_out: int, seed: int, at_hand: Layer) -> None:
        rules = IgnoreRules(root, ())
        gate = Gate(root, rules)
        loaded = [gate.load(path) for path in walk(root, rules).paths]
        files = [one for one in loaded if isinstance(one, Document)]
        self.name = root.name if root != ROOT else "iquest-lsp"
        self.paths = [file.path for file in files]
        self.tokens = [np.array(model.tokenize(file.text), np.int32) for file in files]
        layers = [layer_of(path) for path in self.paths]
        long = [
            at
            for at, tokens in enumerate(self.tokens)
            if len(tokens) > SCORED + 64
            and layers[at] is at_hand
            and (at_hand is not Layer.CODE or Path(self.paths[at]).suffix in CODE)
        ]
        drawn = np.random.default_rng(seed).permutation(long)
        self.held: list[int] = sorted(drawn[: min(held_out, max(len(long) // 4, 1))].tolist())
        kept = [file for at, file in enumerate(files) if at not in set(self.held)]
        self.n_vocab = model.n_vocab
        self.memories = [
            Memory.of(
                "",
                [
                    (MemoryFile(file.path, ""), np.array(model.tokenize(part), np.int32))
                    for file in kept
                    if (part := parts_of(file.path, file.text).get(layer))
                ],
                model.n_vocab,
                layer=layer,
            )
            for layer in OWN
        ]

    def stretches(self, seed: int) -> Iterator[tuple[int, int]]:
        """Held-out files and where in each a scored stretch begins."""
        rng = np.random.default_rng(seed)
        for at in self.held:
            size = len(self.tokens[at])
            for start in sorted(rng.choice(size - SCORED, min(STRETCHES, size // SCORED), replace=False).tolist()):
                yield at, start


def score(model: Model, context: Context, pieces: Pieces, repository: Repository, seed: int) -> Scored:
    """What the model says of the stretches' tokens."""
    rng = np.random.default_rng(seed)
    separator = model.token_id("<|file_sep|>")
    rows: list[tuple[float, ...]] = []
    for at, start in repository.stretches(seed):
        tokens = repository.tokens[at]
        head = ([] if separator is None else [separator]) + model.tokenize(f"{repository.paths[at]}\n")
        row = np.array([*head, *tokens[max(start - CONTEXT, 0) : start + SCORED]], np.int32)[:-1]
        begin = len(row) - SCORED
        context.clear()
        for first in range(0, begin, BATCH):
            last = min(first + BATCH, begin)
            context.decode(row[first:last], np.arange(first, last), 0)
        context.decode(row[begin:], np.arange(begin, len(row)), 0, "all")
        for place in range(SCORED):
            logits, token = context.logits(place), int(tokens[start + place])
            logp = log_softmax(logits)
            rows.append((at, start + place, 0, np.exp(logp[token]), np.exp(logp.max())))
            piece = pieces.piece(token)
            inside = piece.lstrip(b" ")
            if len(inside) > 1 and inside.isalnum() and rng.integers(HALF_TYPED) == 0:
                typed = len(piece) - len(inside) + int(rng.integers(1, len(inside)))
                weights = np.exp(log_softmax(only(logits, pieces.allowed(piece[:typed]))))
                rows.append((at, start + place, typed, weights[token], weights.max()))
    file, place_, typed_, said, top = np.array(rows).T
    return Scored(file.astype(np.int64), place_.astype(np.int64), typed_.astype(np.int64), said, top)


def remember(
    pieces: Pieces, repository: Repository, scored: Scored, weights: MemoryShares
) -> tuple[ScoredTokens, Floats]:
    """What the memory says of the same tokens, and where it says anything (1, else 0)."""
    count = len(scored.file)
    sample = ScoredTokens(
        scored.model, np.zeros(count), np.ones(count), np.zeros(count, np.int64), np.zeros((count, FEATURES))
    )
    mixture, known, stretch, at_place = None, np.zeros(count), (-1, -1), -1
    for number in range(count):
        file, place = int(scored.file[number]), int(scored.place[number])
        tokens = repository.tokens[file]
        if mixture is None or file != stretch[0] or place not in (at_place, at_place + 1):
            source = Remembered(repository.memories, repository.paths[file], weights)
            mixture = MemoryMixture(Written(tokens[:place].tolist()), weights, source)
        elif place == at_place + 1:
            mixture.add(int(tokens[at_place]))
        stretch, at_place = (file, place), place
        token, typed, allowed = int(tokens[place]), int(scored.typed[number]), None
        if typed:
            allowed = np.zeros(repository.n_vocab, np.bool_)
            allowed[pieces.allowed(pieces.piece(token)[:typed])] = True
        said = mixture.forecast(allowed)
        if said is not None:
            known[number] = 1.0
            sample.memory[number] = float(said.parts[said.tokens == token].sum())
            sample.left[number] = 1.0 - float(said.parts.sum())
            sample.row[number] = said.order + 1
            sample.features[number] = features(said, float(scored.top[number]))
    return sample, known


def fitted(
    typed: NDArray[np.int64], sample: ScoredTokens, known: Floats, weights: MemoryShares
) -> tuple[MemoryShares, float]:
    """The likeliest shares for tokens at any place and for half-typed words, and the bits a token that is left."""
    rows, bits = [], 0.0
    for is_word in (False, True):
        chosen = (known > 0) & ((typed > 0) == is_word)
        found = fit(sample.part(chosen))
        rows.append(as_rows(found))
        if not is_word:
            bits = float(-np.log2(mixed(sample.part(chosen), found)).mean())
    return MemoryShares(rows[0], rows[1], weights.prompt, weights.folder, weights.layers), bits


def after(scored: Scored, sample: ScoredTokens, known: Floats, shares: MemoryShares) -> Floats:
    """The mixture's probability of each token."""
    found = sample.model.copy()
    for is_word, table in ((False, shares.free), (True, shares.word)):
        chosen = (known > 0) & ((scored.typed > 0) == is_word)
        found[chosen] = mixed(sample.part(chosen), np.array(table))
    return found


def per_byte(parts: Floats, sizes: Floats, file: NDArray[np.int64]) -> list[float]:
    """Bits a byte, with the interval."""
    _, number = np.unique(file, return_inverse=True)
    bits, bytes_ = np.bincount(number, -np.log2(np.maximum(parts, 1e-12))), np.bincount(number, sizes)
    drawn = np.random.default_rng(0).integers(0, len(bits), (RESAMPLED, len(bits)))
    low, high = np.percentile(bits[drawn].sum(axis=1) / bytes_[drawn].sum(axis=1), [2.5, 97.5])
    return [round(float(value), 3) for value in (bits.sum() / bytes_.sum(), low, high)]


def report(
    pieces: Pieces, repository: Repository, scored: Scored, sample: ScoredTokens, known: Floats, shares: MemoryShares
) -> dict[str, Any]:
    """The figures of one repository; "half_typed" in bits a word."""
    made = after(scored, sample, known, shares)
    alone = np.where(known > 0, sample.memory + sample.left / repository.n_vocab, 1 / repository.n_vocab)
    tokens = [int(repository.tokens[file][place]) for file, place in zip(scored.file, scored.place, strict=True)]
    sizes = np.array([len(pieces.piece(token)) for token in tokens], np.float64)
    free, word = scored.typed == 0, scored.typed > 0
    ones = np.ones(len(sizes))
    return {
        "repository": repository.name,
        "files": len(repository.paths),
        "held_out": len(repository.held),
        "memory_tokens": {str(memory.layer): memory.size for memory in repository.memories},
        "scored_tokens": int(free.sum()),
        "model": per_byte(scored.model[free], sizes[free], scored.file[free]),
        "memory": per_byte(alone[free], sizes[free], scored.file[free]),
        "mixed": per_byte(made[free], sizes[free], scored.file[free]),
        "half_typed_model": per_byte(scored.model[word], ones[word], scored.file[word]),
        "half_typed_mixed": per_byte(made[word], ones[word], scored.file[word]),
    }


def _scored(
    given: argparse.Namespace, model: Model, context: Context, pieces: Pieces, repository: Repository
) -> Scored:
    if given.keep is None:
        return score(model, context, pieces, repository, given.seed)
    held = "\n".join(f"{repository.paths[at]} {repository.tokens[at].tobytes().hex()}" for at in repository.held)
    name = hashlib.sha256(f"{model.path.name} {given.seed} {CONTEXT} {SCORED} {held}".encode()).hexdigest()[:16]
    kept = given.keep / f"{repository.name}-{name}.npy"
    names = Scored.__dataclass_fields__
    if kept.exists():
        file, place, typed, said, top = np.load(kept)
        return Scored(file.astype(np.int64), place.astype(np.int64), typed.astype(np.int64), said, top)
    found = score(model, context, pieces, repository, given.seed)
    given.keep.mkdir(parents=True, exist_ok=True)
    np.save(kept, np.stack([getattr(found, key).astype(np.float64) for key in names]))
    return found


Fitted = tuple[float, MemoryShares, list[tuple[ScoredTokens, Floats]]]


def searched(pieces: Pieces, at_hand: Layer, read: list[tuple[Repository, Scored]]) -> tuple[Fitted, dict[str, float]]:
    """The shares under which repositories that were read are the likeliest, and the bits a token of all that was tried:
    first the weights of the prompt and of the folder, then of the other layers, one after the other."""
    empty = ((0.0,) * FEATURES,) * (len(ORDERS) + 1)
    tried: dict[str, float] = {}
    best: Fitted | None = None

    def attempt(prompt: float, folder: float, layers: ShareRows) -> None:
        nonlocal best
        weights = MemoryShares(empty, empty, prompt, folder, layers)
        parts = [remember(pieces, repository, scored, weights) for repository, scored in read]
        sample, known = (
            ScoredTokens.joined([sample for sample, _ in parts]),
            np.concatenate([known for _, known in parts]),
        )
        typed = np.concatenate([scored.typed for _, scored in read])
        shares, bits = fitted(typed, sample, known, weights)
        tried[f"prompt {prompt}, folder {folder}, layers {layers[OWN.index(at_hand)]}"] = round(bits, 4)
        print(*list(tried.items())[-1], file=sys.stderr, flush=True)
        if best is None or bits < best[0]:
            best = bits, shares, parts

    for prompt in PROMPT_WEIGHTS:
        for folder in FOLDER_WEIGHTS:
            attempt(prompt, folder, LAYERS)
    for layer in OWN:
        for weight in LAYER_WEIGHTS if layer is not at_hand else ():
            assert best is not None
            shares = best[1]
            if weight != shares.of_layer(at_hand, layer):
                attempt(shares.prompt, shares.folder, _with_layer(shares.layers, at_hand, layer, weight))
    assert best is not None
    return best, tried


def alone(repository: Repository, at_hand: Layer, seed: int) -> list[dict[str, Any]]:
    """What the memory by itself says of held-out tokens, by what the other layers count for; no model is run."""
    empty = ((0.0,) * FEATURES,) * (len(ORDERS) + 1)
    places = list(repository.stretches(seed))
    rows = []
    for weight in LAYER_WEIGHTS:
        layers = LAYERS
        for layer in OWN:
            if layer is not at_hand:
                layers = _with_layer(layers, at_hand, layer, weight)
        weights = MemoryShares(empty, empty, ALONE_PROMPT, ALONE_FOLDER, layers)
        bits, right, sure, sure_right = 0.0, 0, 0, 0
        for file, start in places:
            tokens = repository.tokens[file]
            source = Remembered(repository.memories, repository.paths[file], weights)
            mixture = MemoryMixture(Written(tokens[:start].tolist()), weights, source)
            for token in tokens[start : start + SCORED].tolist():
                said = mixture.forecast()
                part = 1 / repository.n_vocab
                if said is not None:
                    is_right = int(said.tokens[said.parts.argmax()]) == token
                    part = float(said.parts[said.tokens == token].sum()) + part * (1 - float(said.parts.sum()))
                    right += is_right
                    sure += said.top > 0.5
                    sure_right += is_right and said.top > 0.5
                bits -= float(np.log2(part))
                mixture.add(token)
        count = len(places) * SCORED
        row = {"weight": weight, "bits_a_token": round(bits / count, 3), "right": round(right / count, 4)}
        rows.append(row | {"sure": round(sure / count, 4), "right_of_sure": round(sure_right / max(sure, 1), 4)})
        print(repository.name, rows[-1], file=sys.stderr, flush=True)
    return rows


def _with_layer(layers: ShareRows, at_hand: Layer, layer: Layer, weight: float) -> ShareRows:
    table = [list(row) for row in layers]
    table[OWN.index(at_hand)][list(Layer).index(layer)] = weight
    return tuple(map(tuple, table))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("repositories", nargs="*", type=Path)
    parser.add_argument("--model", default="")
    parser.add_argument("--files", type=int, default=8, help="held out of each repository")
    parser.add_argument("--fit-on", nargs="+", type=Path, default=[ROOT], help="repositories that are fitted to")
    parser.add_argument("--fit", type=int, default=16, help="held out of each of them")
    parser.add_argument("--at-hand", type=Layer, choices=OWN, default=Layer.CODE, help="the sort of files held out")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for what the model says")
    parser.add_argument("--write", action="store_true", help="put the shares into the model's file")
    parser.add_argument("--alone", action="store_true", help="only what the memory says by itself, by layer weights")
    given = parser.parse_args()
    if given.alone:
        with_words = Model.load(catalogue.resolve(given.model), vocab_only=True)
        made = []
        for root in given.repositories:
            repository = Repository(with_words, root.resolve(), given.files, given.seed, given.at_hand)
            held = {str(memory.layer): memory.size for memory in repository.memories}
            made.append({"repository": root.name, "tokens": held, "rows": alone(repository, given.at_hand, given.seed)})
        print(json.dumps({"machine": machine(), "at_hand": given.at_hand, "repositories": made}, indent=1))
        return
    path = catalogue.resolve(given.model)
    model = Model.load(path)
    context = open_context(model, CONTEXT + SCORED + 256, n_batch=BATCH, n_ubatch=BATCH)
    pieces = Pieces([model.piece(token) for token in range(model.n_vocab)])
    try:
        read = []
        for root in given.fit_on:
            repository = Repository(model, root.resolve(), given.fit, given.seed, given.at_hand)
            read.append((repository, _scored(given, model, context, pieces, repository)))
        (_, shares, parts), tried = searched(pieces, given.at_hand, read)
        rows = []
        for (repository, scored), (sample, known) in zip(read, parts, strict=True):
            rows.append(report(pieces, repository, scored, sample, known, shares) | {"fitted_on": True})
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
        for root in given.repositories:
            repository = Repository(model, root.resolve(), given.files, given.seed, given.at_hand)
            scored = _scored(given, model, context, pieces, repository)
            sample, known = remember(pieces, repository, scored, shares)
            rows.append(report(pieces, repository, scored, sample, known, shares))
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    finally:
        context.close()
        model.close()
    if given.write:
        put(path, MEMORY_KEY, str(shares))
    about = {"machine": machine(), "model": path.name, "at_hand": given.at_hand}
    print(json.dumps({**about, "rows": rows, "tried": tried, "shares": str(shares)}, indent=1))


if __name__ == "__main__":
    main()
