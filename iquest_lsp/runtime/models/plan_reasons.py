"""Why a plan is what it is: kinds with their figures, and the two functions that make words of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class PlanReasonKind(StrEnum):
    """What decided on a part of a plan; the comments name the figures."""

    AS_SET = "as-set"
    MADE_FOR = "made-for"  # tokens; tokens asked for
    HEADS_SEE = "heads-see"  # tokens
    SUITS_PROCESSOR = "suits-processor"  # tokens
    SUITS_GPU = "suits-gpu"  # tokens
    MODELS_OWN = "models-own"  # tokens
    WARMED_TOO_LATE = "warmed-too-late"  # tokens; seconds
    ANSWERED_TOO_LATE = "answered-too-late"  # tokens
    FASTER_TYPE = "faster-type"  # type of KV; the type that it is faster than
    WINDOW_TOO_LARGE = "window-too-large"  # tokens before and after; GiB that are free
    TYPE_TOO_LARGE = "type-too-large"  # type of KV that was taken; GiB that are free
    SCORES_TOO_LARGE = "scores-too-large"  # tokens of a batch
    MEASURED = "measured"  # milliseconds to write a token; `rates` to read
    KV_SIZE = "kv-size"  # MB; sequences
    BATCH_THREADS = "batch-threads"  # threads


_WORDS = {
    PlanReasonKind.AS_SET: "window as set",
    PlanReasonKind.MADE_FOR: "the model was made for {} tokens, not for {}",
    PlanReasonKind.HEADS_SEE: "its heads see {} tokens back",
    PlanReasonKind.SUITS_PROCESSOR: "window {} suits a processor",
    PlanReasonKind.SUITS_GPU: "window {} suits a GPU",
    PlanReasonKind.MODELS_OWN: "window {} is the model's",
    PlanReasonKind.WARMED_TOO_LATE: "cut to {}: more is not warmed within {:.0f} s",
    PlanReasonKind.ANSWERED_TOO_LATE: "cut to {}: over more an answer is not written in time",
    PlanReasonKind.FASTER_TYPE: "{} was measured to be faster than {}",
    PlanReasonKind.WINDOW_TOO_LARGE: "window cut from {} to {} tokens for {:.1f} GiB of free memory",
    PlanReasonKind.TYPE_TOO_LARGE: "{} cache for {:.1f} GiB of free memory",
    PlanReasonKind.SCORES_TOO_LARGE: "batch of {} for the memory of attention scores",
    PlanReasonKind.MEASURED: "measured: reads {rates} tokens/s, writes one in {:.1f} ms",
    PlanReasonKind.KV_SIZE: "KV of {:.0f} MB for {} {sequences}",
    PlanReasonKind.BATCH_THREADS: "reads with {} threads",
}
#: The same reasons where they cut the window, in a sentence each.
_CUTS = {
    PlanReasonKind.MADE_FOR: "The window is cut to {0} tokens: the model was made for {0} tokens, not for {1}",
    PlanReasonKind.HEADS_SEE: "The window is cut to {0} tokens: its heads see {0} tokens back",
    PlanReasonKind.WARMED_TOO_LATE: "The window is cut to {} tokens: more is not warmed within {:.0f} s",
    PlanReasonKind.ANSWERED_TOO_LATE: "The window is cut to {} tokens: over more an answer is not written in time",
    PlanReasonKind.WINDOW_TOO_LARGE: "The window is cut from {} to {} tokens for {:.1f} GiB of free memory",
}


@dataclass(frozen=True, slots=True)
class PlanReason:
    """A reason: the kind, and the figures that its words tell of; `rates` are tokens a second by the type of KV."""

    kind: PlanReasonKind
    values: tuple[int | float | str, ...] = ()
    rates: tuple[tuple[str, float], ...] = ()


def plan_words(reasons: Iterable[PlanReason]) -> str:
    """All reasons of a plan as people read them."""
    return "; ".join(map(_words, reasons))


def cut_words(reasons: Iterable[PlanReason]) -> tuple[str, ...]:
    """A sentence for each reason for which a window is smaller than was wished for."""
    return tuple(_CUTS[reason.kind].format(*reason.values) for reason in reasons)


def _words(reason: PlanReason) -> str:
    rates = ", ".join(f"{kind} {rate:.0f}" for kind, rate in reason.rates)
    sequences = "sequence" if reason.values[-1:] == (1,) else "sequences"
    return _WORDS[reason.kind].format(*reason.values, rates=rates, sequences=sequences)
