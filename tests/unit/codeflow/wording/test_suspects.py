"""Suspects as a document."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.wording.suspects import Evidence, EvidenceKind, Suspect, Suspects


def test_points_stand_below_the_text_of_their_number() -> None:
    """Two digits take more room than one: markdown would end the list there."""
    found = Suspects(tuple(Suspect("a" * 40, "2026-01-01", "Change", 1.0, (), ()) for _ in range(10)))
    points = [line for line in found.to_markdown().splitlines() if line.lstrip().startswith("-")]
    assert [len(line) - len(line.lstrip()) for line in points] == [3] * 9 + [4]


@pytest.mark.parametrize("kind", EvidenceKind)
def test_each_evidence_has_words(kind: EvidenceKind) -> None:
    reason = Suspect("a" * 40, "", "", 0.5, (Evidence(kind, ("x", "y")),), ()).reason
    assert reason
    assert "{" not in reason
