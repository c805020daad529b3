"""What projects tell of their work."""

from __future__ import annotations

from pathlib import Path

from iquest_lsp.project.events import EventKind, ProjectEvent


def test_work_that_is_not_counted_has_no_numbers() -> None:
    event = ProjectEvent(Path("a"), EventKind.HISTORY)
    assert (event.done, event.total, event.news) == (0, 0, False)


def test_kinds_are_kept_by_their_words() -> None:
    assert {kind.value for kind in EventKind} >= {"files", "commits", "symbols", "warming"}
    assert all(EventKind(kind.value) is kind for kind in EventKind)
