from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iquest_lsp.context.budget import Candidate, Shares, by_value, choose, joined


def piece(start: int, end: int, score: float, path: str = "a.py") -> Candidate:
    return Candidate(path, start, end, f"{start}\n" * (end - start), score, f"score {score}")


def test_neighbours_are_joined_under_the_better_reason() -> None:
    made = joined([piece(5, 9, 2.0), piece(0, 5, 1.0), piece(12, 13, 1.0), piece(9, 10, 1.0, "b.py")])
    assert [(item.path, item.start, item.end, item.reason) for item in made] == [
        ("a.py", 0, 9, "score 2.0"),
        ("a.py", 12, 13, "score 1.0"),
        ("b.py", 9, 10, "score 1.0"),
    ]
    assert made[0].text == "0\n" * 5 + "5\n" * 4


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 400), st.floats(0, 10)), max_size=30), st.integers(0, 2000)
)
@pytest.mark.slow
def test_the_choice_fits_and_depends_on_no_order(pieces: list[tuple[int, int, float]], room: int) -> None:
    items = list({item.key: item for item in (piece(start, start + 1, score) for start, _, score in pieces)}.values())
    costs = {item.key: cost for item, (_, cost, _) in zip(items, pieces, strict=False)}
    kept, dropped = choose(by_value(items, costs), costs, room)
    again, _ = choose(by_value(items[::-1], costs), costs, room)
    assert kept == again
    assert sum(costs[item.key] for item in kept) <= room
    assert len(kept) + len(dropped) == len(items)


@given(st.integers(0, 200_000), st.integers(0, 300_000))
def test_shares_never_exceed_the_budget(budget: int, current: int) -> None:
    shares = Shares.of(budget, current)
    assert 0 < shares.current <= max(budget // 2, 1)
    assert shares.head >= 0
    assert shares.head + shares.current + shares.edits + shares.appended <= max(budget, 1)
