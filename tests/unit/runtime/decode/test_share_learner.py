"""Learning how far a model leans on a memory: what pays is kept, and a model that knows better is left alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from iquest_lsp.runtime.decode.healing import Pieces
from iquest_lsp.runtime.decode.share_learner import (
    LEAST_FILES,
    MOST_FILES,
    SCORED,
    Learned,
    ReadRows,
    ShareLearner,
)
from iquest_lsp.runtime.memory.disk import Memory, MemoryFile
from iquest_lsp.runtime.memory.layers import Layer

pytestmark = pytest.mark.slow  # engines, daemons or long sessions

BYTES = 256
WORDS = [" alpha", " beta", " gamma", " delta"]
PIECES = [*(bytes([byte]) for byte in range(BYTES)), *(word.encode() for word in WORDS)]
VOCABULARY = len(PIECES)
HEAD = [ord("#")]


def repetitive(seed: int) -> list[int]:
    """A file that goes on as the others do: phrases of three tokens in any order."""
    random = np.random.default_rng(seed)
    phrases = [[BYTES, 65, 66], [BYTES + 1, 67, 68], [BYTES + 2, 69, 70], [BYTES + 3, 71, 72]]
    return [token for at in random.integers(0, len(phrases), 150) for token in phrases[at]]


def memory_of(texts: dict[str, list[int]], gone: tuple[str, ...] = (), layer: Layer = Layer.CODE) -> Memory:
    held = [(MemoryFile(path, ""), np.array(ids, np.int32)) for path, ids in texts.items()]
    return Memory.of("", held, VOCABULARY, gone=gone, layer=layer)


def learner(*memories: Memory) -> ShareLearner:
    return ShareLearner(memories, Pieces(PIECES), VOCABULARY, lambda path: HEAD)


class Reader:
    """A model that gives the token which comes next the logit `sureness`, and all others 0."""

    def __init__(self, texts: dict[str, list[int]], sureness: float) -> None:
        self.sureness = sureness
        self.seen: list[int] = []
        self.asked = 0
        self._texts = ["".join(map(chr, ids)) for ids in texts.values()]

    def __call__(self, tokens: NDArray[np.int32], start: int, scored: bool) -> list[NDArray[np.float32]]:
        self.seen = self.seen[:start] + tokens.tolist()
        assert len(self.seen) == start + len(tokens)
        assert self.seen[: len(HEAD)] == HEAD
        if not scored:
            return []
        rows = []
        for end in range(start + 1, start + len(tokens) + 1):
            row = np.zeros(VOCABULARY, np.float32)
            before = "".join(map(chr, self.seen[len(HEAD) : end]))
            text = next(text for text in self._texts if before in text)
            row[ord(text[text.index(before) + len(before)])] = self.sureness
            rows.append(row)
            self.asked += 1
        return rows


def run(made: ShareLearner, read: ReadRows, most: int = 64) -> Learned:
    while made.remaining:
        made.step(most, read)
    return made.learned()


TEXTS = {f"{number}.py": repetitive(number) for number in range(LEAST_FILES + 2)}


@pytest.mark.parametrize("most", [7, 64])
def test_a_model_that_knows_nothing_leans_on_the_memory(most: int) -> None:
    reader = Reader(TEXTS, 0.0)
    found = run(learner(memory_of(TEXTS)), reader, most)
    assert found.files == len(TEXTS)
    assert reader.asked == found.tokens == len(TEXTS) * SCORED
    assert found.gain > 4  # of the 8 bits that a token takes without
    assert found.shares is not None
    said = learner(memory_of(TEXTS))
    assert run(said, Reader(TEXTS, 0.0)).shares == found.shares, "however it is cut into steps"


def test_a_model_that_knows_better_is_left_alone() -> None:
    found = run(learner(memory_of(TEXTS)), Reader(TEXTS, 14.0))
    assert found.shares is None
    assert found.gain < 0.02


def test_the_file_that_is_read_is_no_memory_of_itself() -> None:
    """What stands only there cannot be remembered from it."""
    random = np.random.default_rng(0)
    texts = {f"{number}.py": random.integers(0, BYTES, 400).tolist() for number in range(LEAST_FILES)}
    found = run(learner(memory_of(texts)), Reader(texts, 0.0))
    assert found.shares is None


def test_what_was_lost_is_read_again() -> None:
    reader = Reader(TEXTS, 0.0)
    whole = run(learner(memory_of(TEXTS)), Reader(TEXTS, 0.0))
    made = learner(memory_of(TEXTS))
    before = made.remaining
    made.step(64, reader)
    assert made.remaining == before - 64
    made.begin_again()
    assert made.remaining == before
    assert run(made, reader).gain == pytest.approx(whole.gain, abs=0.2)


def test_files_are_those_that_are_there_now() -> None:
    changed = {"0.py": repetitive(50), "new.py": repetitive(51)}
    made = learner(memory_of(TEXTS), memory_of(changed, ("0.py", "1.py")))
    now = {**TEXTS, **changed}
    del now["1.py"]
    assert run(made, Reader(now, 0.0)).files == len(now)


def test_there_must_be_enough_code() -> None:
    few = dict(list(TEXTS.items())[: LEAST_FILES - 1])
    assert not learner(memory_of(few)).is_worthwhile
    assert not learner(memory_of(few), memory_of(TEXTS, layer=Layer.DATA)).is_worthwhile
    short = {path: ids[:SCORED] for path, ids in TEXTS.items()}
    assert not learner(memory_of(short)).is_worthwhile
    many = {f"{number}.py": repetitive(number) for number in range(MOST_FILES + 5)}
    made = learner(memory_of(many))
    assert made.is_worthwhile
    assert made.remaining <= MOST_FILES * made.room
