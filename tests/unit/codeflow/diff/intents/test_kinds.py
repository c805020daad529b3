"""The kinds of commits."""

from __future__ import annotations

from iquest_lsp.codeflow.diff.intents.kinds import KINDS, Intent, IntentReason, Sign


def test_each_kind_stands_there_once() -> None:
    assert len(set(KINDS)) == len(KINDS)
    assert {"fix", "feature", "refactor", "change"} <= set(KINDS)


def test_an_intent_is_told_unless_it_is_said_not_to_be() -> None:
    intent = Intent("fix", 0.9, (IntentReason(Sign.WORD, ("fix",)),))
    assert intent.told
    assert (intent.issues, intent.reverts) == ((), "")


def test_signs_are_kept_by_their_words() -> None:
    assert len({sign.value for sign in Sign}) == len(Sign)
