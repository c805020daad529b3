"""What the tools ask, put to the history and to the daemon; these functions block and run beside the event loop."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iquest_lsp.codeflow import History, HistoryAnswer
from iquest_lsp.errors import UsageError
from iquest_lsp.workspace.secret_scan import has_secret

QuestionProgress = Callable[[str], None]
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]<>()#+.!|~-])")
#: FILE::SYMBOL, FILE:LINE, FILE:FIRST-LAST, FILE:LINE:COLUMN, as tools print them.
_PLACE = re.compile(r"(?P<file>.+?)(?:::(?P<symbol>.+)|:(?P<line>\d{1,9})(?:-(?P<last>\d{1,9})|:\d{1,9})?)")


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """An answer in both forms."""

    json: dict[str, Any]
    text: str


def with_place(values: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a tool with line and symbol apart, where they were given with the file."""
    found = _PLACE.fullmatch(values.get("file", ""))
    if found is None or Path(found[0]).suffix.isalpha():
        return dict(values)
    parts = {"file": found["file"], "symbol": found["symbol"]}
    parts |= {name: int(found[key]) for name, key in (("line", "line"), ("end_line", "last")) if found[key]}
    return dict(values) | {name: value for name, value in parts.items() if value}


def ask_history(tool: str, top: Path, values: Mapping[str, Any], *, report: QuestionProgress) -> ToolAnswer:
    """Answers one of the tools about the history; `values` are its arguments, with `file` as seen from the top.

    Raises what History raises.
    """
    history = History(top, has_secret, include_filtered=values.get("include_filtered") is True)
    report("reading the history")
    made = _ASKED[tool](history, values, report)
    head = history.head()
    told = {"root": str(top), "head": head, **made.to_json()}
    told.pop("model_text", None)  # the agent has words of its own
    return ToolAnswer(told, f"{_plain(made.to_markdown())}\nOf {top} at {head[:10] or 'no commit'}.\n")


def _plain(markdown: str) -> str:
    """Markdown as an agent is best served: names as they are written in the code, arguments instead of options."""
    # An option in code marks is our own: those of a message are still escaped.
    return _ESCAPED.sub(r"\1", markdown.replace("`--include-filtered`", "`include_filtered`"))


def _explain_diff(history: History, values: Mapping[str, Any], report: QuestionProgress) -> HistoryAnswer:
    target, patch = _diff(values)
    return history.explain_diff(target, patch, lambda known: report("reading what the history says of this change"))


def _why(history: History, values: Mapping[str, Any], report: QuestionProgress) -> HistoryAnswer:
    return history.why(_target(values))


def _impact(history: History, values: Mapping[str, Any], report: QuestionProgress) -> HistoryAnswer:
    if "file" in values:
        if any(values.get(name) for name in _DIFFS):
            raise UsageError("Give either 'file' or a change, not both")
        return history.impact(_target(values))
    return history.impact_of_diff(*_diff(values))


def _next_edit(history: History, values: Mapping[str, Any], report: QuestionProgress) -> HistoryAnswer:
    from iquest_lsp.nextedit.predict import next_edits

    return next_edits(history.root, *_diff(values), redact=has_secret)


def _suspects(history: History, values: Mapping[str, Any], report: QuestionProgress) -> HistoryAnswer:
    if values.get("log"):
        if values.get("file"):
            raise UsageError("Give either 'log' or 'file', not both")
        return history.suspects_in_log(values["log"])
    if not values.get("file"):
        raise UsageError("The arguments 'file' and 'log' are both missing", fix="Give one of them")
    return history.suspects(_target(values))


_ASKED: dict[str, Callable[[History, Mapping[str, Any], QuestionProgress], HistoryAnswer]] = {
    "explain_diff": _explain_diff,
    "why": _why,
    "impact": _impact,
    "next_edit": _next_edit,
    "suspects": _suspects,
}


_DIFFS = ("revision", "staged", "patch")


def _diff(values: Mapping[str, Any]) -> tuple[str, bytes | None]:
    """A change as the history takes it: its name, or a patch."""
    given = [name for name in _DIFFS if values.get(name)]
    if len(given) > 1:
        raise UsageError(f"Give either {given[0]!r} or {given[1]!r}, not both")
    patch = values["patch"].encode() if "patch" in given else None
    revision = values.get("revision", "")
    if revision.startswith("-"):
        fix = "Give a commit, a branch, a tag or a range A..B, or 'staged'"
        raise UsageError(f"{revision!r} names no change", fix=fix)
    return "--staged" if values.get("staged") else revision, patch


def _target(values: Mapping[str, Any]) -> str:
    """A place as the history takes it: FILE, FILE:LINE, FILE:FIRST-LAST or FILE::SYMBOL."""
    file, symbol, line, last = (values.get(name) for name in ("file", "symbol", "line", "end_line"))
    if not file:
        raise UsageError("The argument 'file' is missing")
    if symbol and line:
        raise UsageError("Give either 'symbol' or 'line', not both")
    if last and not line:
        raise UsageError("The argument 'end_line' needs 'line', the first one")
    if symbol:
        return f"{file}::{symbol}"
    return f"{file}:{line}-{last}" if last else f"{file}:{line}" if line else str(file)


def index_history(top: Path, *, report: Callable[[str, int, int], None]) -> int:
    """Brings the store of a history up to date, so that later questions are answered from it; the commits read."""
    return History(top, has_secret).update_index(report).commits


def telling_commits(top: Path, file: str, *, report: QuestionProgress) -> tuple[str, list[dict[str, str]]]:
    """The commit that is checked out, and those that the history's part of a window at a file is made of."""
    report("reading the history")
    history = History(top, has_secret)
    records = history.flow_records([file])
    return history.head(), [{"commit": item.commit, "date": item.date, "subject": item.subject} for item in records]
