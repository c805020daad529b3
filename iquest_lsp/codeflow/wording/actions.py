"""What a commit did, in the words of a flow record."""

from __future__ import annotations

from collections.abc import Sequence

from iquest_lsp.codeflow.diff.filters import Objection
from iquest_lsp.codeflow.wording.effects import Change, detail
from iquest_lsp.codeflow.wording.phrases import say
from iquest_lsp.codeflow.wording.purposes import objection_words


def action_words(changes: Sequence[Change], limit: int) -> str:
    """What was done to the first definitions, and how many more there are."""
    parts = list(dict.fromkeys(map(_action, changes[:limit])))
    parts += [say("and {} more", len(changes) - limit)] if len(changes) > limit else []
    return "; ".join(parts)


def _action(item: Change) -> str:
    # The record shows both signatures beside the action.
    told = detail(item) if item.change != "signature" else ""
    return f"{item.change} {item.name}" + (f" ({told})" if told else "")


def left_out_words(objection: Objection) -> str:
    """The objection to a commit, in place of its rationale."""
    return say("left out ({})", objection_words(objection))
