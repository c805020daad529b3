"""What tests of told commits share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.unit.codeflow.conftest import Script, history_of


@dataclass(frozen=True)
class Case:
    """A commit by its files before and after, and what its explanation tells and does not."""

    name: str
    before: Mapping[str, str | None]
    after: Mapping[str, str | None]
    told: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    message: str = "Say so"


def is_told_of(script: Script, case: Case) -> None:
    """Makes the commit, and finds in its explanation what is to be told and nothing that is not."""
    script.commit("Begin", dict(case.before))
    script.commit(case.message, dict(case.after))
    told = history_of(script.root).explain_diff("HEAD").to_markdown()
    assert [text for text in case.told if text not in told] == [], told
    assert [text for text in case.untold if text in told] == [], told
