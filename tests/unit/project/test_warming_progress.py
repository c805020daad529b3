"""Of warming, only long work is told, a step at a time, and its end always."""

from __future__ import annotations

from iquest_lsp.project.warming import WarmingProgress


def told(steps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    heard: list[tuple[int, int]] = []
    progress = WarmingProgress(lambda done, total: heard.append((done, total)))
    for done, total in steps:
        progress(done, total)
    progress.end()
    return heard


def test_short_work_is_not_told() -> None:
    assert told([(7900, 8000), (8000, 8000)]) == []


def test_long_work_is_told_in_steps_and_ends() -> None:
    heard = told([(done, 8000) for done in range(0, 8001, 64)])
    assert heard[0] == (0, 8000)
    assert heard[-1] == (1, 1)
    assert len(heard) <= 22


def test_work_that_gives_way_ends_too() -> None:
    assert told([(1000, 8000)]) == [(1000, 8000), (1, 1)]
