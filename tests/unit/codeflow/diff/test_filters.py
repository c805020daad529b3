"""Which commits are good witnesses, and what of a message is its reason."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.filters import (
    COMPLETENESS,
    CONSISTENCY,
    CREDIBILITY,
    MAX_SWEEP,
    Ground,
    Objection,
    credibility,
    cut_off,
    is_bot,
    rationale,
)
from iquest_lsp.codeflow.diff.intents.kinds import Intent
from iquest_lsp.codeflow.git.commits import FileDiff


@pytest.mark.parametrize(
    ("author", "email", "expected"),
    [
        ("dependabot[bot]", "", True),
        ("Kit Bot", "", True),
        ("Ada", "kit-bot@example.org", True),
        ("Kit Robot", "", True),
        ("Ada", "kit-ci-robot@example.org", True),
        ("Ada Abbott", "ada@example.org", False),
        ("Talbot", "talbot@example.org", False),
        ("", "", False),
    ],
)
def test_programs_are_told_by_their_names(author: str, email: str, expected: bool) -> None:
    assert is_bot(author, email) is expected


CODE = [FileDiff("a.py", "M")]


@pytest.mark.parametrize(
    ("author", "intent", "files", "ground"),
    [
        ("Ada", Intent("fix", 1.0, ()), CODE, None),
        ("renovate", Intent("fix", 1.0, ()), CODE, Ground.BOT),
        ("Ada", Intent("merge", 1.0, ()), CODE, Ground.MERGE),
        ("Ada", Intent("style", 1.0, ()), CODE, Ground.LAYOUT),
        ("Ada", Intent("build", 1.0, ()), [FileDiff("yarn.lock", "M")], Ground.GENERATED),
        ("Ada", Intent("fix", 1.0, ()), CODE * (MAX_SWEEP + 1), Ground.SWEEP),
        ("Ada", Intent("fix", 1.0, (), told=False), CODE, Ground.SILENT),
        ("Ada", Intent("fix", 1.0, ()), [], None),
    ],
)
def test_what_a_commit_is_objected_to(
    author: str, intent: Intent, files: list[FileDiff], ground: Ground | None
) -> None:
    found = credibility(author, "", intent, files)
    assert (found.kind if found else None) is ground


def test_each_ground_belongs_to_a_filter() -> None:
    filters = {ground: Objection(ground).filter for ground in Ground}
    assert filters[Ground.BROKEN] == filters[Ground.TOO_NEW] == CONSISTENCY
    assert filters[Ground.UNDONE] == COMPLETENESS
    assert filters[Ground.BOT] == filters[Ground.SILENT] == CREDIBILITY


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", ""),
        ("It failed\r\non empty files.\n\nSigned-off-by: Ada <a@x.org>", "It failed on empty files."),
        ("Fixes: #1\nWhy it failed.", "Why it failed."),
        ("This reverts commit 0123456.\n\nIt broke all.", "It broke all."),
        ("First.\n\nSecond.", "First. Second."),
        # The titles of squashed commits tell steps.
        ("* Add a\n\n* Fix it\n\nAll of it is needed.", "All of it is needed."),
        ("diff --git a b", ""),
    ],
)
def test_the_prose_of_a_message(body: str, expected: str) -> None:
    assert rationale(body) == expected


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("short", 10, "short"),
        ("one two three", 9, "one two…"),
        ("字" * 20, 5, "字字字字…"),
        ("a" + "b" * 20, 5, "abbb…"),
        ("", 5, ""),
    ],
)
def test_a_text_is_cut_at_a_space_near_its_end(text: str, limit: int, expected: str) -> None:
    assert cut_off(text, limit) == expected
    assert len(cut_off(text, limit)) <= limit
