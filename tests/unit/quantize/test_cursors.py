"""Cursors: where they are drawn is fixed by the seed, since published figures are over such cursors."""

from __future__ import annotations

import itertools
import random

from quantize import cursors
from quantize.pretrain.spans import outline

TEXTS = ("def one(a):\n    return a + 1\n\n\n}\nclass Two:\n    three = 4\n", "x\n  wide = [1, 2, 3]\n")
EXPECTED = ["hree = 4", ", 3]", "= 4", "three = 4", "+ 1", "wide = [1, 2, 3]"]


def test_rests_are_those_of_the_seed() -> None:
    outlines = [outline(text, "") for text in TEXTS]
    spots = list(itertools.islice(cursors.rests(random.Random(1), outlines, [len(text) for text in TEXTS]), 6))
    assert [TEXTS[index][a:b] for index, a, b in spots] == EXPECTED
    assert all(TEXTS[index][b] == "\n" for index, _, b in spots)


def test_rests_begin_at_any_character_of_a_line() -> None:
    outlines = [outline(TEXTS[1], "")]
    found = {a for _, a, _ in itertools.islice(cursors.rests(random.Random(0), outlines, [1]), 2000)}
    line = TEXTS[1].index("wide")
    assert found == set(range(line, len(TEXTS[1]) - 1))
