"""The mixture: a distribution whatever the memory says, fitted shares, drafts, and whom an answer is owed to."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iquest_lsp.runtime.memory.disk import Memory, MemoryFile
from iquest_lsp.runtime.memory.mixture import MemoryMixture
from iquest_lsp.runtime.memory.remembered import Remembered
from iquest_lsp.runtime.memory.shares import FEATURES, MemoryShares
from iquest_lsp.runtime.memory.store import ORDERS
from iquest_lsp.runtime.memory.written import Written
from tests.unit.runtime.memory.shares import EVEN

VOCABULARY = 6
TOKENS = st.lists(st.integers(0, VOCABULARY - 1), min_size=1, max_size=30)


def memory_of(texts: dict[str, list[int]]) -> Memory:
    return Memory.of("", [(MemoryFile(path, ""), np.array(ids, np.int32)) for path, ids in texts.items()], VOCABULARY)


def mixture(prompt: list[int], texts: dict[str, list[int]], shares: MemoryShares | None = EVEN) -> MemoryMixture:
    return MemoryMixture(Written(prompt), shares, Remembered([memory_of(texts)], "", shares or EVEN))


def parts(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


@given(TOKENS, TOKENS, st.lists(st.floats(-9, 9), min_size=VOCABULARY, max_size=VOCABULARY))
@pytest.mark.slow
def test_what_is_mixed_is_a_distribution(prompt: list[int], text: list[int], logits: list[float]) -> None:
    row = np.array(logits, np.float32)
    mixed = mixture(prompt, {"a": text}).weigh(row)
    if mixed is not row:
        assert np.exp(mixed).sum() == pytest.approx(1, abs=1e-4)
        assert (mixed > -np.inf).all()


def test_the_share_is_that_of_the_longest_order() -> None:
    rows = tuple((float(odds), 0.0, 0.0, 0.0) for odds in range(len(ORDERS) + 1))
    shares = MemoryShares(rows, EVEN.word)
    row = np.zeros(VOCABULARY, np.float32)
    made = mixture([0, 1, 2], {"a": [5, 1, 2, 4]}, shares)
    forecast = made.forecast()
    assert forecast is not None
    assert ORDERS[forecast.order] == 2
    share = 1 / (1 + np.exp(-2.0))
    own = 1 / 1.7 + (1 - 1 / 1.7) / 1.7  # found once in both orders
    expected = (1 - share * own) / VOCABULARY
    assert parts(made.weigh(row))[0] == pytest.approx(expected, abs=1e-5)
    assert parts(made.weigh(row))[4] == pytest.approx(expected + share * own, abs=1e-5)


def test_a_half_typed_word_is_looked_for_by_its_beginning() -> None:
    row = np.full(VOCABULARY, -np.inf, np.float32)
    row[[3, 5]] = 0
    made = mixture([0, 1], {"a": [1, 4, 1, 4, 1, 3, 2, 5]})
    assert parts(made.weigh(row, [3, 5], 1))[3] > 0.6
    alone = mixture([0], {"a": [1, 4, 1, 5, 2, 5]})  # the context is nowhere: the more frequent one
    mixed = parts(alone.weigh(row, [3, 5], 1))
    assert mixed[5] > mixed[3]
    assert mixed[[0, 1, 2, 4]].max() == 0


def test_nothing_remembered_leaves_the_logits_alone() -> None:
    row = np.zeros(VOCABULARY, np.float32)
    assert mixture([0, 1], {"a": [2, 3]}).weigh(row) is row
    assert MemoryMixture(Written([0, 1]), EVEN).weigh(row) is row


def test_a_fork_leaves_the_first_as_it_was() -> None:
    row = np.zeros(VOCABULARY, np.float32)
    made = mixture([1, 2], {"a": [1, 2, 3, 4]})
    before = made.weigh(row)
    fork = made.fork()
    fork.add(3)
    assert fork.weigh(row).argmax() == 4
    assert np.array_equal(made.weigh(row), before)


def test_drafts_follow_the_longest_match_and_what_came_more_often() -> None:
    texts = {"a": [0, 1, 2, 3, 4, 5], "b": [5, 1, 2, 5], "c": [0, 1, 2, 3, 5]}
    made = mixture([4, 0, 1, 2], texts, None)
    tokens, match = made.draft(2)
    assert (tokens[0], len(tokens), match) == (3, 2, 3)
    made.add(3)
    made.add(4)
    assert made.draft(5) == ((5,), 5)  # to the end of the file
    assert mixture([4], {"a": [0, 1]}, None).draft(3) == ((), 0)


def test_an_answer_is_owed_to_the_file_that_made_it_likely() -> None:
    row = np.zeros(VOCABULARY, np.float32)
    made = mixture([0, 1], {"one.py": [2, 1, 5], "two.py": [0, 1, 3]})
    made.weigh(row)
    made.add(3)
    assert made.leaning.path == "two.py"
    assert 0.5 < made.leaning.share < 1
    none = mixture([0, 1], {"one.py": [2, 3]})
    none.weigh(row)
    none.add(3)
    assert none.leaning.path == ""


def test_shares_are_read_as_they_are_written() -> None:
    assert MemoryShares.parse(str(EVEN)) == EVEN


@pytest.mark.parametrize("change", ["", "[]", "7", "null", '{"free": 1}'])
def test_what_holds_no_table_is_none(change: str) -> None:
    assert MemoryShares.parse(change) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("free", []),
        ("word", [[0.0] * FEATURES]),
        ("prompt", -1.0),
        ("folder", "x"),
        ("layers", [[1.0]]),
        ("free", [[0.0]] * 9),
    ],
)
def test_a_damaged_table_is_none(name: str, value: object) -> None:
    table = json.loads(str(EVEN))
    table[name] = value
    assert MemoryShares.parse(json.dumps(table)) is None
    table[name] = float("nan")
    assert MemoryShares.parse(json.dumps(table)) is None
