"""Repositories with changes in them, and what the predictors think of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.reading import changed_texts
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.predict import possible, possible_places
from iquest_lsp.nextedit.records import NextEdit, Place
from tests.unit.codeflow.conftest import Script

Think = Callable[[Mapping[str, str], Mapping[str, str | None]], list[NextEdit]]
Look = Callable[[Mapping[str, str], Mapping[str, str | None]], list[Place]]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    return Script(tmp_path / "r")


@pytest.fixture
def think(script: Script) -> Think:
    """Commits the first files, writes the second ones over them, and tells all that the predictors find."""

    def ask(before: Mapping[str, str], after: Mapping[str, str | None]) -> list[NextEdit]:
        script.commit("Begin", before)
        script.write(after)
        with changed_texts(script.root, redact=shows_all) as (changed, sources):
            return list(possible([Change(item) for item in changed], sources))

    return ask


@pytest.fixture
def look(script: Script) -> Look:
    """As `think`, of the places to look at."""

    def ask(before: Mapping[str, str], after: Mapping[str, str | None]) -> list[Place]:
        script.commit("Begin", before)
        script.write(after)
        with changed_texts(script.root, redact=shows_all) as (changed, sources):
            return list(possible_places([Change(item) for item in changed], sources))

    return ask


def places(found: list[NextEdit], kind: str = "") -> set[tuple[str, int, str, str]]:
    """Path, 1-based line, old and new text of the suggestions of a kind."""
    return {(item.path, item.line + 1, item.old, item.new) for item in found if not kind or item.kind.value == kind}
