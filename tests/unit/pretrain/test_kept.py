"""What was made before an interruption is not made again."""

from __future__ import annotations

from pathlib import Path

import pytest

from quantize.pretrain.kept import Kept


def test_an_interruption_loses_one_item_at_most(tmp_path: Path) -> None:
    kept = Kept(tmp_path, lambda _: None)
    made: list[int] = []

    def make(at: int) -> list[float]:
        if at == 3 and len(made) == 3:
            raise KeyboardInterrupt
        made.append(at)
        return [at / 3]

    with pytest.raises(KeyboardInterrupt):
        kept.each("part", 5, make)
    # A line that was only half written when the process died.
    with (tmp_path / "part.jsonl").open("a") as stream:
        stream.write("[0.1")
    made.append(-1)
    assert Kept(tmp_path, lambda _: None).each("part", 5, make) == [[at / 3] for at in range(5)]
    assert made == [0, 1, 2, -1, 3, 4]


def test_more_items_go_on_from_fewer(tmp_path: Path) -> None:
    made: list[int] = []

    def make(at: int) -> int:
        made.append(at)
        return at

    kept = Kept(tmp_path, lambda _: None)
    assert kept.each("part", 2, make) == [0, 1]
    assert kept.each("part", 4, make) == [0, 1, 2, 3]
    assert kept.each("part", 1, make) == [0]
    assert made == [0, 1, 2, 3]
