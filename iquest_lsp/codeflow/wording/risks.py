"""Risks of a diff, in words."""

from __future__ import annotations

from collections.abc import Sequence

from iquest_lsp.codeflow.diff.risks import Risk, RiskKind
from iquest_lsp.codeflow.wording.effects import detail
from iquest_lsp.codeflow.wording.phrases import code, listed, say
from iquest_lsp.codeflow.wording.purposes import construct_words, declares

_WORDS = {
    RiskKind.REMOVED: "`{1}` is removed, but the old name is still used: {0}",
    RiskKind.RENAMED: "`{1}` is renamed, but the old name is still used: {0}",
    RiskKind.CONFLICT: "{} has an unresolved merge conflict",
    RiskKind.CONFLICT_MARKER: "{} holds a conflict marker",
    RiskKind.SECRET: "{} looks like a secret",
    RiskKind.BROKEN: "{} no longer parses as {}",
    RiskKind.UNPARSED: "{} does not parse as {}",
    RiskKind.DEBUGGING: "{} may be left over from debugging: `{}`",
    RiskKind.CATCHES_ALL: "{} catches every exception: `{}`",
    RiskKind.LOCK_STAYS: "{} changes dependencies, but {} does not",
    RiskKind.LARGE_BINARY: "{} is a binary file of {} MB, which will stay in the history",
    RiskKind.EXECUTABLE: "{} becomes executable",
}


def risk_words(risk: Risk) -> str:
    """One risk with its evidence."""
    places, values = _places(risk.places), risk.values
    if risk.kind is RiskKind.SIGNATURE and risk.change is not None:
        template = "The signature of `{}` changes ({}), but these callers are unchanged: {}"
        return say(template, values[0], detail(risk.change), places)
    if risk.kind is RiskKind.CALLED_BREAKING:
        return _called_breaking(*values)
    if risk.kind is RiskKind.TOO_NEW:
        construct, needs, *promise = values
        template = "{} uses {}, which needs {}, but {}"
        return say(template, places, construct_words(construct), needs, declares(*promise))
    if risk.kind is RiskKind.TESTS_REMOVED:
        template = "{} test is removed: {}" if len(values) == 1 else "{} tests are removed: {}"
        return say(template, len(values), listed(values))
    if risk.kind is RiskKind.MUCH_CODE:
        return say("{} lines of code change at once, which is hard to review", *values)
    if risk.kind is RiskKind.SUBMODULE:
        other = values[0][:10] or say("another commit")
        return say("the submodule {} moves to {}", places, other)
    return say(_WORDS[risk.kind], places, *values)


def _called_breaking(said: str, commit: str = "") -> str:
    whose = code(commit[:10]) if commit else say("this commit")
    if not said:
        return say("the message of {} marks it as a breaking change (`!`)", whose)
    return say("the message of {} says that it breaks something: {}", whose, said)


def _places(places: Sequence[tuple[str, int]]) -> str:
    shown = ", ".join(f"{path}:{line}" if line else path for path, line in places[:4])
    return say("{} and {} more", shown, len(places) - 4) if len(places) > 4 else shown
