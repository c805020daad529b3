from __future__ import annotations

import pytest

from iquest_lsp.runtime.models.plan_reasons import PlanReason, PlanReasonKind, cut_words, plan_words


def test_reasons_are_told_in_one_line() -> None:
    reasons = (
        PlanReason(PlanReasonKind.SUITS_PROCESSOR, (8192,)),
        PlanReason(PlanReasonKind.MEASURED, (21.04,), (("f16", 700.4), ("q8_0", 810.0))),
        PlanReason(PlanReasonKind.KV_SIZE, (218.6, 1)),
    )
    assert plan_words(reasons) == (
        "window 8192 suits a processor; measured: reads f16 700, q8_0 810 tokens/s, writes one in 21.0 ms;"
        " KV of 219 MB for 1 sequence"
    )
    assert plan_words([PlanReason(PlanReasonKind.KV_SIZE, (437.2, 2))]) == "KV of 437 MB for 2 sequences"


@pytest.mark.parametrize(
    ("reason", "told", "sentence"),
    [
        (
            PlanReason(PlanReasonKind.MADE_FOR, (4096, 8192)),
            "the model was made for 4096 tokens, not for 8192",
            "The window is cut to 4096 tokens: the model was made for 4096 tokens, not for 8192",
        ),
        (
            PlanReason(PlanReasonKind.WARMED_TOO_LATE, (2048, 120.0)),
            "cut to 2048: more is not warmed within 120 s",
            "The window is cut to 2048 tokens: more is not warmed within 120 s",
        ),
        (
            PlanReason(PlanReasonKind.WINDOW_TOO_LARGE, (8192, 2048, 8.46)),
            "window cut from 8192 to 2048 tokens for 8.5 GiB of free memory",
            "The window is cut from 8192 to 2048 tokens for 8.5 GiB of free memory",
        ),
    ],
)
def test_what_cuts_a_window_has_a_sentence_too(reason: PlanReason, told: str, sentence: str) -> None:
    assert plan_words([reason]) == told
    assert cut_words([reason]) == (sentence,)


@pytest.mark.parametrize("kind", PlanReasonKind)
def test_every_kind_has_words(kind: PlanReasonKind) -> None:
    assert "{" not in plan_words([PlanReason(kind, (1, 2, 3))])
