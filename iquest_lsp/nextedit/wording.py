"""The sentences about suggestions: every word a user reads of one is made here, last."""

from __future__ import annotations

from collections.abc import Sequence

from iquest_lsp.nextedit.records import NextEdit, Reason, ReasonKind

_REASONS = {
    ReasonKind.RENAMED: "`{}` is `{}` now",
    ReasonKind.RENAMED_IN: "`{}` is `{}` now, in {}",
    ReasonKind.PARAMETER_RENAMED: "the parameter `{0}` of `{2}` is `{1}` now",
    ReasonKind.MOVED: "{} is {} now",
    ReasonKind.PARAMETER_REMOVED: "`{}` takes no `{}` any more",
    ReasonKind.PARAMETER_ADDED: "`{}` takes `{}` too",
    ReasonKind.ASYNC: "`{}` is asynchronous now",
    ReasonKind.AWAITS: "`{}` awaits something",
    ReasonKind.REORDERED: "the parameters of `{}` stand in another order",
    ReasonKind.OVERRIDE: "`{}` takes other parameters where it is defined first",
    ReasonKind.REPEATED: "the same was changed in {} other places",
    ReasonKind.UNUSED_IMPORT: "`{}` is used no more",
    ReasonKind.MISSING_IMPORT: "`{}` is not imported; elsewhere it comes from {}",
    ReasonKind.MISSING_IMPORT_OF_LANGUAGE: "`{}` is not imported, a module of {} itself",
    ReasonKind.GUESSED: "a guess of the model {}, which nobody has measured here",
}
_NAMELESS = "the function awaits something"
_ONE_PLACE = "the same was changed in one other place"


def reason_words(reason: Reason) -> str:
    """Why a place asks for an edit, in words."""
    if reason.kind is ReasonKind.REPEATED and reason.values == ("1",):
        return _ONE_PLACE
    if reason.kind is ReasonKind.AWAITS and reason.values == ("",):
        return _NAMELESS
    return _REASONS[reason.kind].format(*reason.values)


def as_markdown(items: Sequence[NextEdit], partial: Sequence[str]) -> str:
    """Suggestions as a markdown document, in the order of the work."""
    lines = ["# What the changes ask for elsewhere", ""]
    if not items:
        lines.append("Nothing was found that is likelier right than not.")
    for item in items:
        old, new = _one_line(item.old), _one_line(item.new)
        what = f"`{old}` → `{new}`" if old and new else f"add `{new}`" if new else f"remove `{old}`"
        lines.append(f"- `{item.path}:{item.line + 1}` {what}: {reason_words(item.reason)} ({item.confidence:.0%})")
    if items:
        lines += [
            "",
            "The percentages are estimates: how often such an edit was right in histories that were replayed.",
        ]
    if partial:
        lines += ["", f"*Partial:* {'; '.join(partial)}."]
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    short = " ".join(text.split())
    return short if len(short) <= 60 else short[:59] + "…"
