"""Where lines stood before some hunks."""

from __future__ import annotations

from iquest_lsp.codeflow.git.commits import Hunk
from iquest_lsp.codeflow.past.following.hunk_lines import before, earlier_lines, unchanged


def test_a_replaced_line_is_followed_to_the_most_alike() -> None:
    hunk = Hunk(4, 3, 4, 2, ("import os", "value = read(path)", "x = 1"), ("value = read(path, 2)", "return None"))
    assert earlier_lines((hunk,), (4, 5)) == (5, 6)
    assert earlier_lines((hunk,), (5, 6)) is None
    assert earlier_lines((hunk,), (4, 6)) == (4, 7)


def test_lines_keep_their_place_beside_a_hunk_and_move_behind_it() -> None:
    """Two lines came for one at the second line."""
    hunks = (Hunk(1, 1, 1, 2, ("b",), ("x", "y")),)
    assert unchanged(hunks, (0, 4)) == ([(0, 1), (2, 3)], [(1, 3)])
    assert before(hunks, (3, 4)) == (2, 3)
    assert before(hunks, (0, 4)) == (0, 3)
    assert before((Hunk(1, 0, 1, 1, (), ("new",)),), (1, 2)) is None


def test_a_line_that_only_got_other_spaces_stood_where_another_hunk_took_it_out() -> None:
    hunks = (
        Hunk(2, 1, 2, 1, ("let full = self.full;",), ("    full.store(true, Relaxed);",)),
        Hunk(9, 1, 9, 0, ("            full.store(true, Relaxed);",), ()),
    )
    assert earlier_lines(hunks, (2, 3)) == (9, 10)
    # What stays in its hunk is another line, and a short one is told by nothing.
    stays = Hunk(9, 1, 9, 1, ("  full.store(true, Relaxed);",), ("full.store(true, Relaxed);",))
    assert earlier_lines((hunks[0], stays), (2, 3)) == (2, 3)
    short = (Hunk(2, 1, 2, 1, ("a = 1",), ("return b",)), Hunk(9, 1, 9, 0, (" return b",), ()))
    assert earlier_lines(short, (2, 3)) == (2, 3)


def test_of_several_lines_for_one_only_the_one_like_it_goes_on() -> None:
    hunk = Hunk(4, 1, 4, 3, ("made = maker.make(box)",), ("made = maker.make(", "    box, parts", ")"))
    assert earlier_lines([hunk], (4, 5)) == (4, 5)
    assert earlier_lines([hunk], (6, 7)) is None
    # One line for one is that line, however it reads.
    assert earlier_lines([Hunk(4, 1, 4, 1, ("made = maker.make(box)",), ("pass",))], (4, 5)) == (4, 5)
