from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iquest_lsp.runtime.memory.disk import Memory, MemoryFile
from iquest_lsp.runtime.memory.remembered import Remembered
from tests.unit.runtime.memory.shares import EVEN


class TestTheFileAtHand:
    """What stands below the cursor in the file as it is remembered says nothing of what comes at the cursor."""

    LINES = tuple(range(10, 50))  # the file's beginning, all tokens different
    BELOW = (1, 2, 3)

    def followers(self, text: Sequence[int], before: Sequence[int], other: Sequence[int] = ()) -> set[int]:
        held = [
            (MemoryFile("f/a.py", ""), np.array(text, np.int32)),
            (MemoryFile("f/b.py", ""), np.array(other, np.int32)),
        ]
        memory = Memory.of("", held, 60)
        found = Remembered([memory], "f/a.py", EVEN, before=before).find(list(before))
        return {int(token) for one in found for token in one.followers}

    def test_is_passed_over_at_the_cursor(self) -> None:
        assert self.followers([*self.LINES, *self.BELOW], self.LINES) == set()
        assert self.followers([*self.LINES, *self.BELOW], [55, 56, *self.LINES]) == set(), "a path stands before it"

    def test_is_evidence_elsewhere(self) -> None:
        twice = [*self.LINES, *self.BELOW, *[4] * 50, 49, 7]
        assert self.followers(twice, self.LINES) == {7}
        assert self.followers([*self.LINES, *self.BELOW], self.LINES, other=[48, 49, 8]) == {8}

    def test_a_short_file_is_known_by_its_beginning(self) -> None:
        assert self.followers([5, 6, 1], [55, 5, 6]) == set()
        assert self.followers([5, 6, 1], [55, 4, 6]) == {1}, "another text"

    def test_a_line_that_was_typed_since_is_not_the_remembered_one(self) -> None:
        assert self.followers([*self.LINES, *self.BELOW, 9], [*self.LINES, 3]) == {9}

    def test_what_follows_a_little_later_is_below_the_cursor_too(self) -> None:
        text = [*range(10, 50), *range(50, 58)]
        held = [(MemoryFile("f/a.py", ""), np.array(text, np.int32))]
        memory = Memory.of("", held, 60)
        seen = Remembered([memory], "f/a.py", EVEN, before=text[:40])
        assert not sum(len(one.followers) for one in seen.find(text[:44]))
        assert seen.continuation(0, int(memory.starts[0]) + 3, 2) == text[3:5]

    def test_a_copy_that_differs_further_up_is_another_place(self) -> None:
        head = list(range(10, 40))
        text = [1, *head, 2, 3, *head, 4]
        assert self.followers(text, [*text[:-1]]) == {2}
