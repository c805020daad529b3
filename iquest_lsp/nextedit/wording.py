"""The sentences about suggestions: every word a user reads of one is made here, last."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from iquest_lsp.nextedit.records import NextEdit, Place, Reason, ReasonKind

_REASONS = {
    ReasonKind.RENAMED: "`{}` is `{}` now",
    ReasonKind.RENAMED_IN: "`{}` is `{}` now, in {}",
    ReasonKind.PARAMETER_RENAMED: "the parameter `{0}` of `{2}` is `{1}` now",
    ReasonKind.LIKE: "`{}` became `{}`",
    ReasonKind.MOVED: "{} is {} now",
    ReasonKind.PARAMETER_REMOVED: "`{}` takes no `{}` any more",
    ReasonKind.PARAMETER_ADDED: "`{}` takes `{}` too",
    ReasonKind.ASYNC: "`{}` is asynchronous now",
    ReasonKind.AWAITS: "`{}` awaits something",
    ReasonKind.REORDERED: "the parameters of `{}` stand in another order",
    ReasonKind.OVERRIDE: "`{}` takes other parameters where it is defined first",
    ReasonKind.GONE: "`{}` is gone",
    ReasonKind.MISFIT: "`{}` takes other parameters now",
    ReasonKind.PART: "`{}` has `{}` too",
    ReasonKind.RESULTS: "the number of results of `{}` is {} now",
    ReasonKind.REPEATED: "the same was changed in {} other places",
    ReasonKind.UNUSED_IMPORT: "`{}` is used no more",
    ReasonKind.MISSING_IMPORT: "`{}` is not imported; elsewhere it comes from {}",
    ReasonKind.NOT_IMPORTED: "`{}` is neither imported nor defined here",
    ReasonKind.MISSING_IMPORT_OF_LANGUAGE: "`{}` is not imported, a module of {} itself",
    ReasonKind.GUESSED: "a guess of the model {}, which nobody has measured here",
}
#: More lines of a file that ask for the same are counted.
MAX_LINES = 8
_NAMELESS = "the function awaits something"
_LOOK = ["Places to look at, where what is to be written cannot be told:", ""]
_ONE_PLACE = "the same was changed in one other place"


def reason_words(reason: Reason) -> str:
    """Why a place asks for an edit, in words."""
    if reason.kind is ReasonKind.REPEATED and reason.values == ("1",):
        return _ONE_PLACE
    if reason.kind is ReasonKind.AWAITS and reason.values == ("",):
        return _NAMELESS
    return _REASONS[reason.kind].format(*reason.values)


def as_markdown(items: Sequence[NextEdit], places: Sequence[Place], partial: Sequence[str]) -> str:
    """Suggestions and places to look at as a markdown document, in the order of the work."""
    lines = ["# What the changes ask for elsewhere", ""]
    if not items and not places:
        lines.append("Nothing was found that is likelier right than not.")
    for (path, told), alike in groupby(items, lambda item: (item.path, _told(item))):
        lines.append(f"- {_places(path, [item.line + 1 for item in alike])} {told}")
    if places:
        lines += ["", *_LOOK] if items else _LOOK
    for (path, told), those in groupby(places, lambda place: (place.path, _asked(place))):
        lines.append(f"- {_places(path, [place.line + 1 for place in those])}: {told}")
    if items or places:
        lines += [
            "",
            "The percentages are estimates: how often such an edit was right, or such a place changed with the rest, in"
            " histories that were replayed.",
        ]
    if partial:
        lines += ["", f"*Partial:* {'; '.join(partial)}."]
    return "\n".join(lines) + "\n"


def _asked(place: Place) -> str:
    """Why a place is to be looked at, and how likely it is that it has to be changed."""
    return f"{reason_words(place.reason)} ({place.confidence:.0%})"


def _told(item: NextEdit) -> str:
    """What is to be done at a place, why, and how likely it is."""
    old, new = _one_line(item.old), _one_line(item.new)
    what = f"`{old}` → `{new}`" if old and new else f"add `{new}`" if new else f"remove `{old}`"
    return f"{what}: {reason_words(item.reason)} ({item.confidence:.0%})"


def _places(path: str, numbers: Sequence[int]) -> str:
    """The lines of a file at which the same is to be done."""
    first, *others = dict.fromkeys(numbers)
    # One that is left is shown: to count it takes as much room.
    most = MAX_LINES if len(others) > MAX_LINES + 1 else len(others)
    more = f" and {len(others) - most} more lines" if most < len(others) else ""
    return ", ".join([f"`{path}:{first}`", *map(str, others[:most])]) + more


def _one_line(text: str) -> str:
    short = " ".join(text.split())
    return short if len(short) <= 60 else short[:59] + "…"
